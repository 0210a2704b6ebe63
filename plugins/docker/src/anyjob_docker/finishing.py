"""From the end of a container to the exit that its executor gets."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from anyjob.executor import read_returned, with_map
from anyjob.outcome import Evidence
from anyjob_docker.container import USUAL_RETURNS
from anyjob_docker.ends import Seen
from anyjob_docker.refusal import missing_command

if TYPE_CHECKING:
    from anyjob.executor import Exit, Handle
    from anyjob.run import Run
    from anyjob_docker.folder import HostFolder
    from anyjob_docker.watches import Watch

__all__ = ["finished", "seen_of"]

_INIT: Final = re.compile(r"\[FATAL tini \(\d+\)\] exec (?P<command>.+) failed: (?P<why>.+)")
_ERRORS: Final = {"No such file or directory": 2, "Permission denied": 13, "Exec format error": 8}
_LIMITS: Final = ("memory", "swap", "cpu", "pids")


def seen_of(handle: Handle, run: Run, watch: Watch, started: float | None) -> Seen:
    """What is known of a run beside its container. `started`: when the engine itself was, epoch seconds."""
    data = handle.data
    warnings = cast("Sequence[str]", data.get("warnings", ()))
    return Seen(
        image=str(data["image"]),
        command=str(data["command"]),
        helper=bool(data["helper"]),
        leftovers=str(data["leftovers"]),
        # What this worker sent itself is no news.
        notes=[] if run.stopping else watch.notes,
        stopped=watch.stopped,
        stop_signal=int(getattr(signal, f"SIG{data['signal']}", signal.SIGTERM)),
        away=watch.away,
        asked=run.stopping,
        started_engine=started,
        extra=[
            Evidence(source="limits" if any(word in text.lower() for word in _LIMITS) else "docker", text=text)
            for text in warnings
        ],
    )


def finished(run: Run, folder: HostFolder, ended: Exit, wanted: object = ()) -> Exit:
    """With what the command left behind: files, outputs, its last line."""
    names = USUAL_RETURNS.union(cast("Sequence[str]", wanted or ()))
    back = read_returned(folder.work, names)
    whole = replace(
        ended,
        returned=back.files,
        outputs=back.outputs,
        evidence=[*ended.evidence, *back.evidence],
        last_line=ended.last_line or run.log.last_line(),
    )
    return with_map(_inits_word(whole), run.job)


def _inits_word(ended: Exit) -> Exit:
    """Without the entry helper the engine's init starts the command, and says why it cannot in the last line."""
    said = _INIT.fullmatch(ended.last_line)
    if said is None or ended.code not in (126, 127) or ended.cause is not None:
        return ended
    failed = missing_command(said["command"], "", _ERRORS.get(said["why"], 0))
    evidence = [Evidence(source="docker-init", text=ended.last_line), *ended.evidence]
    return replace(ended, code=None, cause=failed.cause, last_line=failed.last_line, evidence=evidence)
