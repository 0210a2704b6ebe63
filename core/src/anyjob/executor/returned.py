"""What a command left in its run's folder, for launchers that can see that folder from this node."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyjob.outcome import Cause, Evidence, Json

if TYPE_CHECKING:
    from anyjob.executor.command import Exit
    from anyjob.job import Job

__all__ = ["RESULT_LIMIT", "Returned", "read_returned", "with_map"]

RESULT_LIMIT = 1 << 20
"""Bytes of the result file that are read; a longer one is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """`files`: those of the names that exist; `outputs`: the JSON object in `result`; `evidence`: why that was not
    read."""

    files: Mapping[str, Path]
    outputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    evidence: tuple[Evidence, ...] = ()


def read_returned(folder: str | Path, names: Iterable[str]) -> Returned:
    """The files of `Command.returns` that the command wrote into `folder`. What it holds is the job's: nothing there is
    trusted, and only `result` is opened."""
    files = {name: Path(folder, name) for name in names if os.path.lexists(f"{folder}/{name}")}
    if "result" not in files:
        return Returned(files=files)
    outputs, problem = _outputs(files["result"])
    said = (Evidence(source="ANYJOB_RESULT", text=problem),) if problem else ()
    return Returned(files=files, outputs=outputs, evidence=said)


def with_map(exit_: Exit, job: Job) -> Exit:
    """The exit of a command of `job` that may have mapped tasks: in a mode that takes none they are lost, and a success
    that lost them is none."""
    if "map" not in exit_.returned or job.execute_mode.maps:
        return exit_
    text = f"the job mapped tasks, and ExecuteMode {job.execute_mode.value} takes none: none of them was run"
    lost = Evidence(source="ANYJOB_MAP", text=f"{text}; write parallel, grid or batch")
    cause = exit_.cause or (Cause.FAILED if exit_.code == 0 else None)
    return replace(exit_, cause=cause, evidence=[*exit_.evidence, lost])


def _outputs(path: Path) -> tuple[dict[str, Any], str]:
    """The JSON object a job wrote, or why there is none."""
    try:
        # The job owns the place: what lies there may be a link to somebody else's file, or a pipe that never ends.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return {}, "it is no regular file and was not read"
            data = os.read(file, RESULT_LIMIT + 1)
        finally:
            os.close(file)
        if len(data) > RESULT_LIMIT:
            return {}, f"the file holds over {RESULT_LIMIT} bytes and was not read; write less"
        said: object = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"the file was not read: {error}"
    if not isinstance(said, dict):
        return {}, f"the file holds a JSON {type(said).__name__}; write an object"
    return said, ""  # pyright: ignore[reportUnknownVariableType] - JSON has only str keys
