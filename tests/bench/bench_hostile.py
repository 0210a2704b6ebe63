"""Hostile jobs: who survives a proven stop, how long the proof takes, and whether anybody else is signalled.

    python -m tests.bench.bench_hostile [--each 40] [--flight 2] [--hold cgroup subreaper scan] [--case NAME ...]

`--each 125` makes 1 000 runs of each way to hold them. Times are from the stop with force to the outcome, in
milliseconds; they hold for `--flight` runs at a time. The exit status is 1 when a proof was refuted, a survivor was not
listed, or a bystander was signalled.
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.bench.ground import arguments, ground, percentile
from tests.bench.hostile import CASES
from tests.bench.row import tell
from tests.bench.siege import Siege, lay, stop_of


def row(case: str, hold: str, siege: Siege) -> str:
    """One case of a siege, for people."""
    ends = siege.of(case)
    took = [end["took"] * 1000 for end in ends]
    strengths = Counter(stop_of(end).get("strength", "no report") for end in ends)
    bad = sum(line.startswith(f"{case}: ") for line in siege.refuted)
    unlisted = sum(line.startswith(f"{case}: ") for line in siege.unlisted)
    return (
        f"{case:22} {hold:9} {len(ends):4} runs  {', '.join(f'{n} {word}' for word, n in strengths.items()):14}"
        f"  stop to end p50 {percentile(took, 0.5):6.1f} p99 {percentile(took, 0.99):6.1f} max {max(took):6.1f} ms"
        f"  survivors after proof {bad}, not listed {unlisted}"
    )


HELD = {"cgroup": "held by a cgroup", "subreaper": "held by spawners", "scan": "found by looking"}


def told(hold: str, found: dict[str, list[str]], took: dict[str, list[float]]) -> None:
    """The rows of one way to hold them."""
    what = f"hostile stops, {HELD[hold]}"
    runs = f"{sum(map(len, took.values()))} runs of {len(took)} cases"
    survivors = f"{what}: alive after a proof, or in no list"
    tell(survivors, len(found["survivors"]), "processes", line="hostile-survivors", beside=runs)
    tell(f"{what}: signals to foreign processes", len(found["signals"]), "signals", line="hostile-signals")
    slowest = max(took, key=lambda case: percentile(took[case], 0.99))
    tell(
        f"{what}: force to end, p99 of the slowest case",
        percentile(took[slowest], 0.99),
        "ms",
        line="hostile-proof" if hold == "cgroup" else "",
        issue=3,
        beside=f"{slowest}; "
        + ", ".join(f"{case} {percentile(times, 0.99):.0f}" for case, times in took.items() if case != slowest),
    )


def main() -> None:
    """Every case asked for, held in every way asked for."""
    words = arguments(__doc__)
    words.add_argument("--each", type=int, default=40)
    words.add_argument("--flight", type=int, default=2, help="runs at a time")
    words.add_argument("--hold", nargs="*", default=["cgroup", "subreaper", "scan"])
    words.add_argument("--case", nargs="*", default=list(CASES))
    words.add_argument("--seed", type=int, default=1, help="of the moments at which starting runs are stopped")
    given = words.parse_args()
    good = True
    with ground(given.state) as lent:
        for hold in given.hold:
            found_at: dict[str, list[str]] = {"survivors": [], "signals": []}
            took: dict[str, list[float]] = {}
            for case in given.case:
                siege = lay(lent.folder(), [case], hold, given.each, given.flight, given.seed)
                print(row(case, hold, siege), flush=True)
                took[case] = [end["took"] * 1000 for end in siege.of(case)]
                found_at["survivors"] += [*siege.refuted, *siege.unlisted, *siege.left]
                found_at["signals"] += siege.signalled
                for kind, found in (
                    ("alive after the proof", siege.refuted), ("not listed", siege.unlisted),
                    ("left in the group", siege.left), ("foreign", siege.signalled),
                ):  # fmt: skip
                    for line in found[:5]:
                        print(f"    {kind}: {line}")
                    good = good and not found
            told(hold, found_at, took)
    sys.exit(not good)


if __name__ == "__main__":
    main()
