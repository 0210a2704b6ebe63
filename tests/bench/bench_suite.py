"""How long the conformance suite takes on one type: the whole, by groups, and its slowest cases.

    python -m tests.bench.bench_suite [--type shell] [--top 10] [--state DIR]

The suite runs as `anyjob.testing.ExecutorContract` in a pytest of its own, as a stranger runs it. Groups are the
classes of `anyjob.testing.cases`. A case that fails or is skipped counts with its time and is named.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import pytest
from tests.bench.ground import arguments, ground
from tests.bench.row import tell

from anyjob.testing import ExecutorContract

SUITE = """
from anyjob.testing import ExecutorContract


class TestType(ExecutorContract):
    job_type = {job_type!r}
"""


class Clock:
    """A plugin of pytest that keeps the time of each case, with what is set up and taken down for it."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.ends: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2]
        self.seconds[name] += report.duration  # pyright: ignore[reportArgumentType] - a Counter counts in any number
        if report.outcome != "passed":
            self.ends[name] = report.outcome


def groups() -> dict[str, str]:
    """Every case, and the group that it is in."""
    return {
        name: group.__module__.rpartition(".")[2]
        for group in ExecutorContract.__bases__
        for name in vars(group)
        if name.startswith("test_")
    }


def main() -> int:
    """Print the times; exit status 1 when a case failed."""
    words = arguments(__doc__)
    words.add_argument("--type", default="shell", dest="job_type")
    words.add_argument("--top", type=int, default=10, help="slowest cases to name")
    given = words.parse_args()
    with ground(given.state) as lent:
        folder = lent.folder()
        folder.mkdir()
        file = folder / "test_type.py"
        file.write_text(SUITE.format(job_type=given.job_type))
        clock, began = Clock(), time.monotonic()
        flags = [
            "-qq",
            "--no-header",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            "--rootdir",
            str(folder),
        ]
        status = pytest.main([*flags, f"--basetemp={folder / 'cases'}", str(file)], plugins=[clock])
        whole = time.monotonic() - began
    said(clock, given.top)
    ends = Counter(clock.ends.values())
    line = "suite" if given.job_type == "shell" else ""
    told = f"{len(clock.seconds)} cases, {', '.join(f'{number} {end}' for end, number in ends.items()) or 'all passed'}"
    tell(f"the suite on {given.job_type}", whole, "s", line=line, issue=5, beside=told)
    return int(status)


def said(clock: Clock, top: int) -> None:
    """Print what was measured."""
    by_group: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    group_of = groups()
    for name, seconds in clock.seconds.items():
        group = group_of[name.partition("[")[0]]
        by_group[group] += seconds  # pyright: ignore[reportArgumentType]
        counts[group] += 1
    for group, seconds in by_group.most_common():
        print(f"{group:12}{seconds:6.1f} s  {counts[group]:3} cases")
    for name, seconds in clock.seconds.most_common(top):
        print(f"  {seconds:6.2f} s  {name}")


if __name__ == "__main__":
    sys.exit(main())
