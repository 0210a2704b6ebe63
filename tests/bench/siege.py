"""Hostile jobs against a worker, seen by somebody who has no part in it.

The worker and all that it starts sit in a cgroup of the witness, so whoever is in there and is no servant of the worker
is a survivor, whatever worker and shim say. Where there are no cgroups the witness knows survivors by their arguments.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Hold", "Siege", "lay", "stop_of"]

Hold = Literal["cgroup", "subreaper", "scan"]
"""How the shim is to hold the runs."""

_HERE = Path(__file__).parent
_FIRST = 100_000
_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


@dataclass(slots=True)
class Siege:
    """What was seen. `ends` are the worker's words; the rest is the witness's.

    `refuted`: processes alive after the end of their run was called proven. `unlisted`: alive after an end without
    proof, and not among the survivors it lists. `left`: in the witness's group at the very end and in no list.
    `signalled`: what bystanders got.
    """

    ends: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refuted: list[str] = field(default_factory=list[str])
    unlisted: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])
    signalled: list[str] = field(default_factory=list[str])

    def of(self, case: str) -> list[dict[str, Any]]:
        return [end for end in self.ends if end["case"] == case]


def lay(folder: Path, cases: Sequence[str], hold: Hold, each: int, flight: int, seed: int = 1) -> Siege:
    """Run `each` of the cases, `flight` at a time, in a state folder below `folder`. Leaves nothing running."""
    siege = Siege()
    folder.mkdir(exist_ok=True)
    state = folder / "state"
    with _group() as group, _bystanders(folder, state, group) as signals:
        options = {
            "state": str(state), "hold": hold, "cases": list(cases), "each": each, "flight": flight,
            "first": _FIRST, "seed": seed, "group": str(group or ""),
        }  # fmt: skip
        words = [sys.executable, str(_HERE / "hostile_worker.py"), json.dumps(options)]
        worker = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert worker.stdout is not None
            for line in worker.stdout:
                end = json.loads(line)
                if not end:
                    break
                siege.ends.append(end)
                _judge(siege, end)
            siege.left += _left(siege, state, group, worker.pid)
            worker.communicate("\n", timeout=30)
            assert worker.returncode == 0, f"the worker ended with {worker.returncode}"
        finally:
            worker.kill()
            worker.communicate()
            _end_servants(state)
        siege.signalled += signals()
    return siege


def _judge(siege: Siege, end: dict[str, Any]) -> None:
    """Look for the processes of a run that is over."""
    marks = (f"60.{end['instance']}", f"/{end['run']}/script")
    stop = stop_of(end)
    listed = _listed(end)
    for pid in _pids():
        text = _command(pid)
        if not any(mark in words for mark in marks for words in text.split("\0")):
            continue
        said = f"{end['case']}: {pid} {text}"
        if stop.get("strength") == "PROVEN":
            siege.refuted.append(said)
        elif str(pid) not in listed:
            siege.unlisted.append(said)


def stop_of(end: dict[str, Any]) -> dict[str, Any]:
    """The stop report of an end; empty when it has none."""
    return end.get("stop") or {}


def _listed(end: dict[str, Any]) -> set[str]:
    """The pids that the stop report says may be alive."""
    survivors: list[str] = stop_of(end).get("survivors", [])
    return {survivor.split()[0] for survivor in survivors}


def _left(siege: Siege, state: Path, group: Path | None, worker: int) -> list[str]:
    """Who is in the group and is neither worker nor servant, nor bystander, nor listed."""
    if group is None:
        return []
    listed = {pid for end in siege.ends for pid in _listed(end)}
    found: list[str] = []
    for pid in _members(group):
        text = _command(pid)
        known = pid == worker or _serves(text, state) or "bystander.py" in text
        if text and not known and str(pid) not in listed:
            found.append(f"{pid} {text}")
    return found


# ---------------------------------------------------------------- processes


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _command(pid: int) -> str:
    """The arguments, NUL between them; empty for a zombie and for one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _serves(text: str, state: Path) -> bool:
    return f'"{state}/shim"' in text


def _end_servants(state: Path) -> None:
    """The shim has nothing to keep any more, but would wait a minute for a worker."""
    end = time.monotonic() + 30
    while pids := [pid for pid in _pids() if _serves(_command(pid), state)]:
        assert time.monotonic() < end, f"the shim's processes {pids} do not end"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _members(group: Path) -> list[int]:
    found: list[int] = []
    for path, _, _ in os.walk(group):
        with contextlib.suppress(OSError):
            found += map(int, Path(path, "cgroup.procs").read_text().split())
    return found


# ---------------------------------------------------------------- the witness's own


@contextlib.contextmanager
def _group() -> Generator[Path | None]:
    """A cgroup around everything; None where there can be none. Whoever is still in it at the end is killed."""
    root = next((root for root in _ROOTS if (root / "cgroup.subtree_control").exists()), None)
    group = root / f"anyjob-witness-{os.getpid()}-{time.monotonic_ns():x}" if root else None
    try:
        if group is not None:
            group.mkdir()
    except OSError:
        group = None
    try:
        yield group
    finally:
        if group is not None:
            _remove(group)


def _remove(group: Path) -> None:
    end = time.monotonic() + 30
    while pids := _members(group):
        assert time.monotonic() < end, f"{pids} in {group} cannot be killed"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    for path, _, _ in os.walk(group, topdown=False):
        os.rmdir(path)


@contextlib.contextmanager
def _bystanders(folder: Path, state: Path, group: Path | None) -> Generator[Callable[[], list[str]]]:
    """Processes that nobody has any business with: one apart, one in the worker's group, one that reads a log."""
    log = str(state / "runs" / f"aj-{_FIRST:x}-0-1" / "log")
    kinds: dict[str, list[str]] = {"apart": [], "in the worker's group": [], "reads a log": [log]}
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for at, (kind, logs) in enumerate(kinds.items()):
            words = [sys.executable, "-I", "-S", str(_HERE / "bystander.py"), str(folder / f"signals-{at}"), *logs]
            one = running[kind] = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, cwd=folder)
            if group is not None and kind == "in the worker's group":
                (group / "cgroup.procs").write_text(str(one.pid))
        for at in range(len(kinds)):
            while not (file := folder / f"signals-{at}").exists() or not file.read_text():
                time.sleep(0.01)

        def signals() -> list[str]:
            found: list[str] = []
            for at, (kind, one) in enumerate(running.items()):
                got = (folder / f"signals-{at}").read_text().split()[1:]
                found += [f"{kind}: signal {number}" for number in got]
                if one.poll() is not None:
                    found.append(f"{kind}: ended with {one.returncode}")
            return found

        yield signals
    finally:
        for one in running.values():
            one.kill()
            one.wait()
