"""A cluster by hand: `python -m tests.grounds.postgres` prints a URL and runs until Ctrl-C."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

from tests.grounds.postgres.cluster import lent_postgres

if __name__ == "__main__":
    # An exception, whenever it comes: who is ended by a signal itself leaves the cluster behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), lent_postgres(durable=True) as cluster:
        print(cluster.database(), flush=True)
        while True:
            time.sleep(1)
