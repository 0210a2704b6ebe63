"""`kill -9` of a real process under load, at random moments: nothing acknowledged is lost, nothing runs twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.plugins.server.store.place import Place

from anyjob.job.words import TimeType
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import groups, instances, jobs, reasons
from anyjob_server.store.store import Store

PROGRAM = Path(__file__).with_name("besieged.py")
ROOT = Path(__file__).parents[4]
KILLS = int(os.environ.get("ANYJOB_TEST_KILLS", "6"))


def begin(words: list[str]) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(PROGRAM), *words], stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.timeout(600)
def test_killed_at_random_moments(place: Place, tmp_path: Path) -> None:
    words = [place.url or "", str(place.state), *(str(tmp_path / name) for name in ("marks", "promises"))]
    for _ in range(KILLS):
        process = begin(words)
        time.sleep(random.uniform(0.05, 1.2))
        process.kill()
        process.communicate()
    process = begin([*words, "quiet"])
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    process.communicate()
    assert process.returncode == 0
    marks = Counter(map(int, (tmp_path / "marks").read_text().split()))
    promised: dict[str, set[int]] = {"job": set(), "instance": set(), "stop": set()}
    for line in (tmp_path / "promises").read_text().splitlines():
        what, number = line.split()
        promised[what].add(int(number))
    assert len(promised["instance"]) > KILLS
    assert promised["stop"]
    check(place.open(), marks, promised)


def check(store: Store, marks: Counter[int], promised: dict[str, set[int]]) -> None:
    group = store.read_now(groups.find)[0]
    rows, total = store.read_now(lambda c: instances.page(c, group.id, size=1_000_000))
    by_id = {row.id: row for row in rows}
    assert total == len(rows)
    assert set(promised["instance"]) <= set(by_id), "an acknowledged instance is lost"
    assert set(marks) <= set(by_id), "something ran that the store does not know"
    assert set(marks.values()) == {1}, "something ran twice"
    for row in rows:
        assert row.status.finished, row
        if row.status is InstanceStatus.SUCCESS:
            assert marks[row.id] == 1, f"{row} never ran"
        else:
            assert row.cause == "stopped", row
    for stopped in promised["stop"]:
        assert by_id[stopped].cause == "stopped", f"the stop of {by_id[stopped]} is lost"
    found = {row.id: row for row in store.read_now(lambda c: jobs.page(c, group.id, size=100))[0]}
    assert promised["job"] <= set(found), "an acknowledged job is lost"
    for job in found.values():
        if job.time_type is not TimeType.CRON:
            continue
        fired = [row.schedule_time for row in rows if row.job == job.id and row.trigger is TriggerType.SCHEDULED]
        assert len(fired) == len(set(fired)), "a firing was doubled"
        said = store.read_now(lambda c, job=job: reasons.newest(c, job.id))
        assert {one.kind for one in said} <= {"misfire"}
        first = job.created // 1000 * 1000 + 1000
        assert job.next_fire is not None
        assert (job.next_fire - first) // 1000 == len(fired) + sum(one.count for one in said), (
            "a firing left neither an instance nor a reason"
        )
