"""One benchmark, carried out in a process of its own: its rows, and a row that says so for each that did not come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from tests.bench.lines import LINES
from tests.bench.machine import Moment, Quiet
from tests.bench.row import ROWS, Row
from tests.bench.table import Bench

__all__ = ["Carried", "Gap", "carry"]

_ROOT = Path(__file__).parents[2]
_TIDY: Final = 60.0
"""Seconds that a benchmark has to tidy up once it was told to end."""
_SAID: Final = 160


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands where a row did not come. `line` is empty for a benchmark that no line is drawn for."""

    bench: str
    line: str
    verdict: Literal["failed", "lacking"]
    why: str

    @property
    def what(self) -> str:
        """The words of the line, else the benchmark's name."""
        return LINES[self.line].text if self.line else f"`{self.bench}`"

    def __str__(self) -> str:
        return f"{self.what}: {self.verdict}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """For other readers."""
        return {"what": self.what, "line": self.line, "bench": self.bench, "verdict": self.verdict, "why": self.why}


@dataclass(frozen=True, slots=True)
class Carried:
    """What a benchmark gave."""

    moment: Moment
    seconds: float
    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]


def carry(
    bench: Bench, needs: Mapping[str, Callable[[], str]], *, commit: str, quick: bool, limit: float, state: Path | None
) -> Carried:
    """Run it, `limit` seconds at most. `needs`: says for each word why the machine lacks it, else nothing."""
    at, before, start = datetime.now(UTC), Quiet.now(), time.monotonic()
    rows: tuple[Row, ...] = ()
    why = "; ".join(said for word in bench.needs if (said := needs[word]()))
    lacking = bool(why)
    if not lacking:
        with tempfile.TemporaryDirectory(prefix="anyjob-rows-") as folder:
            file = Path(folder, "rows")
            why = _run(bench, file, quick=quick, limit=limit, state=state)
            if file.exists():
                rows = tuple(Row.from_json(json.loads(line)) for line in file.read_text().splitlines())
    told = {row.line for row in rows}
    gone = [line for line in bench.lines if line not in told]
    if not gone and (why or not rows):
        gone = [""]  # every line has a row, and yet it did not end well, or there was none to be had
    why = why or "it ended well without this row"
    gaps = tuple(Gap(bench.name, line, "lacking" if lacking else "failed", why) for line in gone)
    return Carried(Moment(at, commit, before, Quiet.now()), time.monotonic() - start, rows, gaps)


def _run(bench: Bench, file: Path, *, quick: bool, limit: float, state: Path | None) -> str:
    """Why it did not end well; empty when it did."""
    words = [sys.executable, "-m", f"tests.bench.{bench.script}", *(bench.quick if quick else bench.given)]
    if state is not None:
        words += ["--state", str(state)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            words,
            cwd=_ROOT,
            env=os.environ | {ROWS: str(file)},
            stdin=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            status = process.wait(limit)
            late = False
        except subprocess.TimeoutExpired:
            late, status = True, 0
        finally:
            _end(process)
        said.seek(0)
        last = next((line.strip() for line in reversed(said.read().splitlines()) if line.strip()), "it said nothing")
    if late:
        return f"not over after {limit:.0f} s"
    return f"exit status {status}: {last[:_SAID]}" if status else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """So that it tidies up, then by force, its session with it."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_TIDY)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
