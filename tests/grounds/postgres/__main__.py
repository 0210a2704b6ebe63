"""A cluster by hand: `python -m tests.grounds.postgres` prints a URL and runs until Ctrl-C."""

from __future__ import annotations

import signal

from tests.grounds.postgres.cluster import lent_postgres

if __name__ == "__main__":
    with lent_postgres(durable=True) as cluster:
        print(cluster.database(), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
