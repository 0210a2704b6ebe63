"""The ground itself: databases of their own, ended and back, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.grounds.postgres.cluster import Postgres, lent_postgres
from tests.grounds.remains import programs

pytestmark = pytest.mark.needs("postgres")

OWNER = """
import os, signal
from tests.grounds.postgres.cluster import lent_postgres
with lent_postgres() as cluster:
    print(cluster.dir, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_databases_of_their_own_outlive_a_crash(postgres: Postgres) -> None:
    import psycopg

    first, second = postgres.database(), postgres.database()
    with psycopg.connect(first) as c:
        c.execute("CREATE TABLE here (x int)")
    postgres.stop(signal.SIGQUIT)
    assert not postgres.running()
    postgres.start()
    with psycopg.connect(first) as c, psycopg.connect(second) as other:
        assert c.execute("SELECT to_regclass('here')::text").fetchone() == ("here",)
        assert other.execute("SELECT to_regclass('here')::text").fetchone() == (None,)


def test_what_a_killed_owner_left_is_cleared() -> None:
    """The next owner ends and removes it."""
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", OWNER], cwd=root, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = Path(killed.stdout.strip())
    assert programs(left, ["postgres"])
    with lent_postgres() as cluster:
        assert cluster.dir != left
        assert not left.exists()
        assert not programs(left, ["postgres"])
    assert not cluster.dir.exists()
    assert os.path.lexists(left.parent / "gate")
