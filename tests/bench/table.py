"""The benchmarks, in the order in which they run: the ones whose numbers are wanted most come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BENCHES", "Bench"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One script with its arguments.

    `lines` are those that it has a row for. `needs` are words of tests/parts.py: what the machine may lack.
    `seconds` is what it takes on a quiet machine of two cores; `given` are its arguments there, `quick` those for a
    glance, which takes `glance` seconds.
    """

    name: str
    script: str
    seconds: int
    glance: int
    lines: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


def _bench(
    name: str, seconds: int, given: str, glance: int, quick: str, lines: str = "", needs: str = "", script: str = ""
) -> Bench:
    return Bench(
        name=name,
        script=f"bench_{script or name}",
        seconds=seconds,
        glance=glance,
        lines=tuple(lines.split()),
        needs=tuple(needs.split()),
        given=tuple(given.split()),
        quick=tuple(quick.split()),
    )


BENCHES: Final = {
    bench.name: bench
    for bench in (
        _bench("xxljob", 60, "", 30, "--runs 200 --flying 100", "xxljob-rate xxljob-memory", "jdk17 maven"),
        _bench("java", 80, "--pairs 15", 30, "--pairs 3 --calls 200 --java 17", "java-call java-process",
               "jdk17 jdk25"),
        _bench("go", 45, "--calls 2000", 40, "--calls 200 --pairs 5 --many 100", "go-call go-many idle-cpu", "go"),
        _bench("python", 65, "--seconds 2", 10, "--seconds 0.5 --pairs 1", "warm-venv warm-lean warm-requests"),
        _bench("k8s-50", 150, "--only noops --flight 50 --pairs 3",
               90, "--only noops --flight 4 --runs 8 --pairs 1", "k8s", "k8s", "k8s"),
        _bench("way", 35, "", 10, "--jobs 100 --pairs 1", "way"),
        _bench("throughput", 65, "--seconds 1", 10, "--seconds 0.3 --pairs 1",
               "throughput-2-cgroup throughput-2 throughput-8-cgroup throughput-8 throughput-16-cgroup throughput-16"
               " worker-cpu", "cgroup2"),
        _bench("latency", 50, "--blocks 3", 5, "--starts 10 --blocks 1 --cgroup auto", "latency-p50 latency-p99",
               "cgroup2"),
        _bench("sleepers", 50, "", 15, "--runs 200 --idle 2", "sleepers-memory sleepers-idle sleepers-stop",
               "cgroup2"),
        _bench("hostile", 70, "--each 125 --hold cgroup", 15, "--each 4 --hold cgroup",
               "hostile-survivors hostile-signals hostile-proof", "cgroup2"),
        _bench("hostile-without", 50, "--each 20 --hold subreaper scan", 20, "--each 2 --hold subreaper scan",
               "hostile-survivors hostile-signals", "", "hostile"),
        _bench("http", 40, "--seconds 1", 15, "--seconds 0.3 --pairs 1 --calls 100", "http http-memory"),
        _bench("api", 60, "", 15, "--requests 500 --stored 5000", "create-rate create-p99 list-page start-stored"),
        _bench("trigger", 60, "", 25, "--seconds 2",
               "engine-fired engine-late trigger-fired trigger-late trigger-cpu start-stored"),
        _bench("docker", 90, "--containers 16 --pairs 3 --flight 2 4 8",
               30, "--containers 4 --pairs 1 --flight 2", "docker", "docker root"),
        _bench("apps", 55, "--idle 20", 15, "--calls 50 --rounds 2 --crowd 100 --idle 2 --apps 20",
               "idle-cpu idle-memory"),
        _bench("springschedule", 50, "--seconds 20", 30, "--seconds 2 --calls 50", "idle-cpu", "jdk17 maven"),
        _bench("output", 100, "--full --pairs 3", 15, "--lines 100 --line 100 --pairs 1",
               "output-lines output-one-line output-growth output-quota"),
        _bench("suite", 45, "", 45, "", "suite"),
        _bench("cron", 10, "", 3, "--calls 200 --pairs 3"),
        _bench("store", 45, "--seconds 1 --pairs 3", 10, "--seconds 0.3 --pairs 1 --jobs 5000"),
        _bench("k8s", 180, "--flight 8 --runs 24 --pairs 3", 120, "--flight 4 --runs 4 --pairs 1 --sleepers 20",
               "k8s k8s-memory k8s-requests", "k8s"),
    )
}  # fmt: skip
"""By name."""
