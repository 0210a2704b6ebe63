"""The page of numbers: every line drawn in an issue has a row, and the command that writes it works."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.bench.carry import Gap, carry
from tests.bench.lines import LINES
from tests.bench.machine import Moment, Quiet
from tests.bench.page import COLUMNS, Cells, NotThisPage, Page, cells_of
from tests.bench.row import Row, Spread
from tests.bench.table import BENCHES, Bench
from tests.parts import PARTS

ROOT = Path(__file__).parents[2]
NUMBERS = ROOT / "core/docs/numbers.md"
MACHINE = {"Processors": "2, x86_64", "Memory": "8.0 GB"}


def page() -> Page:
    return Page.read(NUMBERS.read_text())


def empty() -> Page:
    marked = NUMBERS.read_text()
    made = Page.read(marked)
    made.rows.clear()
    return made


def row(middle: float = 0.5, what: str = "no-op shell jobs") -> Row:
    return Row(what, "runs/s", Spread.of(900.0), "bare", Spread.of(1800.0), Spread(middle, 0.4, 0.6), "way")


def cells(found: Row | Gap, when: str = "today") -> Cells:
    return cells_of("way", found, when, quick=False)


# ---------------------------------------------------------------- the page as it is committed


def test_every_line_drawn_has_a_row_with_its_limit_and_every_row_a_benchmark() -> None:
    rows = page().rows
    assert {row.line for row in rows} - {""} == set(LINES)
    for one in rows:
        assert one.bench in BENCHES, one
        assert one.when or not one.measured, one
        if one.line:
            assert (one.issue, one.limit) == (str(LINES[one.line].issue), str(LINES[one.line])), one
            assert one.line in BENCHES[one.bench].lines or one.line in told_besides(one.bench), one
    twice = [key for key, number in Counter((one.bench, one.what) for one in rows).items() if number > 1]
    assert not twice


def told_besides(bench: str) -> set[str]:
    """Lines of another benchmark that this one has a second row for."""
    return {"k8s": {"k8s"}}.get(bench, set())


def test_the_page_is_what_the_command_writes() -> None:
    """Columns, order and marks: read and written again it is the same."""
    text = NUMBERS.read_text()
    assert str(Page.read(text)) == text
    assert f"| {' | '.join(COLUMNS)} |" in text
    again = Page.read(text)
    again.add(again.machine, [])
    assert str(again) == text
    assert set(again.machine) >= {"Processors", "Memory", "Kernel", "Python", "File system of the state"}


def test_each_row_that_misses_its_line_is_spoken_of_on_the_page() -> None:
    assert page().unspoken() == []


# ---------------------------------------------------------------- the table of benchmarks


def test_every_script_is_in_the_table_and_every_line_has_a_script_that_names_it() -> None:
    scripts = {path.stem for path in (ROOT / "tests/bench").glob("bench_*.py")}
    assert {bench.script for bench in BENCHES.values()} == scripts
    claimed = {line for bench in BENCHES.values() for line in bench.lines}
    assert claimed == set(LINES)
    assert {word for bench in BENCHES.values() for word in bench.needs} <= set(PARTS)


def test_the_default_form_is_over_in_time() -> None:
    assert sum(bench.seconds for bench in BENCHES.values()) <= 25 * 60
    assert sum(bench.glance for bench in BENCHES.values()) <= 10 * 60


# ---------------------------------------------------------------- rows


def test_a_row_is_judged_by_its_median() -> None:
    assert (row(0.4).verdict, row(0.39).verdict) == ("met", "missed")
    small = Row("x", "ms", Spread.of([1.0, 0.9, 5.0]), line="latency-p50")
    assert small.verdict == "missed", "below 1 ms, says the line, and 1 is not below"
    assert Row("x", "ms", Spread.of(0.99), line="latency-p50").verdict == "met"
    assert Row.from_json(json.loads(json.dumps(row().to_json()))) == row()
    assert Row("x", "ms", Spread.of(9), issue=4).verdict == "not judged"


@pytest.mark.parametrize("unit", ["s", "us"])
def test_a_row_of_another_unit_than_its_line_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="latency-p50 is < 1 ms"):
        Row("x", unit, Spread.of(0.5), line="latency-p50")


def test_a_row_without_the_ratio_that_its_line_is_about_is_refused() -> None:
    with pytest.raises(ValueError, match="which this row does not tell"):
        Row("x", "runs/s", Spread.of(500), line="way")


def test_numbers_are_shown_with_about_three_digits_and_their_spread() -> None:
    assert str(Spread.of([1234.5, 99.96, 1200])) == "1 200 (100.0-1 234)"
    assert str(Spread.of(0.0123)) == "0.012"
    assert str(Spread.of(-1.128)) == "-1.13"


# ---------------------------------------------------------------- what a run does to the page


def test_a_run_replaces_what_it_measured_and_keeps_the_rest_with_its_date() -> None:
    made = empty()
    made.add(MACHINE, [cells(row(0.5), "monday"), cells(row(0.3, "64 in flight"), "monday")])
    made = Page.read(str(made))
    made.add(MACHINE, [cells(row(0.2), "tuesday")])
    found = {one.what: (one.ratio, one.verdict, one.when) for one in Page.read(str(made)).rows}
    assert found == {
        "no-op shell jobs": ("0.20 (0.40-0.60)", "missed", "tuesday"),
        "64 in flight": ("0.30 (0.40-0.60)", "missed", "monday"),
    }


def test_what_did_not_come_is_a_row_and_wipes_no_number_away() -> None:
    gap = cells(Gap("way", "way", "failed", "exit status 1: no | disk <!-- left"), "today")
    made = empty()
    made.add(MACHINE, [gap])
    (held,) = Page.read(str(made)).rows
    assert (held.measured, held.limit, held.verdict) == ("", ">= 0.4", "failed: exit status 1: no | disk &lt;!-- left")
    made.add(MACHINE, [cells(row(), "monday")])
    assert [one.when for one in made.rows] == ["monday"], "its place is taken"
    for _ in range(2):
        made.add(MACHINE, [gap])
    (kept,) = Page.read(str(made)).rows
    assert kept.when == "monday"
    assert kept.verdict == "met; since then failed: exit status 1: no | disk &lt;!-- left (today)"
    made.add(MACHINE, [cells(row(), "friday")])
    assert [(one.when, one.verdict) for one in made.rows] == [("friday", "met")]


def test_rows_of_two_machines_are_not_mixed_and_a_page_without_marks_is_refused() -> None:
    made = empty()
    made.add(MACHINE, [cells(row())])
    with pytest.raises(NotThisPage, match=r"a machine with 2, x86_64, this one has 64, x86_64; remove its rows first"):
        made.add(MACHINE | {"Processors": "64, x86_64"}, [])
    with pytest.raises(NotThisPage, match="it needs these two lines"):
        Page.read("# numbers\n")


def test_a_missed_line_that_the_text_does_not_name_is_told() -> None:
    made = Page("", "`http` is missed because of the proxy.")
    made.add(MACHINE, [cells(row(0.2)), cells(row(0.2, "64 in flight"))])
    assert made.unspoken() == ["way"]
    assert Page("", "`way`: two processors", rows=made.rows).unspoken() == []


def test_a_glance_is_not_judged() -> None:
    glance = cells_of("way", row(0.2), "today", quick=True)
    assert glance.verdict == "not judged: a glance"
    made = empty()
    for given, left in ((glance, "today"), (cells(row(), "monday"), "monday"), (glance, "monday")):
        made.add(MACHINE, [given])
        assert [one.when for one in made.rows] == [left]


def test_a_moment_says_how_quiet_it_was() -> None:
    quiet = Moment(datetime(2026, 11, 27, 13, 45, tzinfo=UTC), "abc1234", Quiet(0.41, 2.2), Quiet(1.86, 3.6))
    assert str(quiet) == "2026-11-27 13:45, abc1234, load 0.4-1.9, others 2-4 %"


# ---------------------------------------------------------------- benchmarks that do not come to an end


def carried(bench: Bench, limit: float = 60) -> tuple[tuple[Row, ...], list[tuple[str, str, str]]]:
    needs = {"a moon": lambda: "there is no moon", "": str}
    done = carry(bench, needs, commit="", quick=True, limit=limit, state=None)
    return done.rows, [(gap.line, gap.verdict, gap.why) for gap in done.gaps]


def test_a_benchmark_whose_need_is_missing_says_what_is_missing() -> None:
    bench = Bench(name="x", script="bench_way", seconds=1, glance=1, lines=("way",), needs=("a moon",))
    assert carried(bench) == ((), [("way", "lacking", "there is no moon")])


def test_a_benchmark_that_fails_says_how() -> None:
    bench = Bench(name="x", script="bench_cron", seconds=1, glance=1, lines=("way", "http"), quick=("--calls", "many"))
    _, gaps = carried(bench)
    assert [gap[:2] for gap in gaps] == [("way", "failed"), ("http", "failed")]
    assert gaps[0][2].startswith("exit status 2: ")
    assert "invalid int value: 'many'" in gaps[0][2]


def test_a_benchmark_without_the_row_of_its_line_has_a_gap_there() -> None:
    quick = ("--calls", "50", "--pairs", "1")
    rows, gaps = carried(Bench(name="x", script="bench_cron", seconds=1, glance=1, lines=("way",), quick=quick))
    assert len(rows) == 10
    assert gaps == [("way", "failed", "it ended well without this row")]


def test_a_benchmark_that_takes_too_long_is_ended_and_leaves_nothing_behind(tmp_path: Path) -> None:
    quick = ("--runs", "20", "--idle", "600", "--cgroup", "off")
    bench = Bench(name="x", script="bench_sleepers", seconds=1, glance=1, lines=("sleepers-stop",), quick=quick)
    done = carry(bench, {}, commit="", quick=True, limit=4, state=tmp_path)
    assert [(gap.verdict, gap.why) for gap in done.gaps] == [("failed", "not over after 4 s")]
    assert not list(tmp_path.iterdir())
    assert str(tmp_path) not in subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout


# ---------------------------------------------------------------- the command


def test_a_glance_at_two_of_them_makes_table_page_and_json(tmp_path: Path) -> None:
    file, told = tmp_path / "numbers.md", tmp_path / "rows.json"
    file.write_text(str(empty()))
    words = [sys.executable, "-m", "tests.bench", "cron", "latency", "--quick", "--page", file, "--json", told]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == (1 if PARTS["cgroup2"].missing() else 0), done.stdout + done.stderr
    found = Page.read(file.read_text())
    assert {one.bench for one in found.rows} == {"cron", "latency"}
    assert {one.line for one in found.rows} == {"", "latency-p50", "latency-p99"}
    said = json.loads(told.read_text())
    rows = [one for bench in said["benches"] for one in (*bench["rows"], *bench["gaps"])]
    assert len(rows) == len(found.rows)
    for one in found.rows:
        assert one.what in done.stdout


def test_a_name_that_there_is_not_and_a_page_that_is_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("nothing\n")
    for words, why in (
        (["cronn"], "there is no cronn; there are xxljob, java"),
        (["cron", "--page", str(file)], "it needs these two lines"),
    ):
        command = [sys.executable, "-m", "tests.bench", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert why in done.stderr


def test_what_does_not_fit_into_the_time_is_not_begun() -> None:
    words = [sys.executable, "-m", "tests.bench", "k8s", "cron", "--quick", "--limit-minutes", "0.3"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "k8s: left out, it takes 120 s and 18 s are left" in done.stdout
    assert "reading a cron expression" in done.stdout
