"""Executors whose runs are commands. Where a command runs is the launcher's business."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from anyjob.executor.base import Executor, S, Stage
from anyjob.executor.capabilities import Capabilities, Phase
from anyjob.executor.handle import Handle
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport
from anyjob.signalname import signal_name

if TYPE_CHECKING:
    from anyjob.run import Run

__all__ = ["RUN_FOLDER", "Command", "CommandExecutor", "Exit", "Leftovers", "Warm"]

RUN_FOLDER = "\0run\0"
"""In the argv, env and cwd of a Command: the run's folder as the command sees it; a container has another path than
the node. It holds NUL bytes because no real argument can, so text of a user is never taken for it."""

Leftovers: TypeAlias = Literal["kill", "wait", "fail", "allow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """A resident that forks the command instead of an exec. `argv` starts it; runs of one `key` share it.

    `key` names all that tells residents apart and that `argv` does not: what is loaded, and in which state. User and
    locale need not be in it. What a resident says and hears is told in `anyjob.worker.shim.residents`; Python's is
    `anyjob_python.zygote`. The command's `argv` must mean the same: it is what runs where there are no residents.
    """

    key: str
    argv: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to execute for a run.

    `argv`, `env` and `cwd` may hold RUN_FOLDER. `env` is the whole environment; None means `run.environment()`.
    `files` are written into the run's folder (mode 0600) before the start; `returns` are the names that come back
    from it. `stop_signal` and `leftovers` overrule the job's. `cwd` None: the job's, else the run's folder. A
    launcher that knows no residents ignores `warm` and runs `argv`.
    """

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    returns: frozenset[str] = frozenset({"result"})
    cwd: str | None = None
    stop_signal: str | None = None
    leftovers: Leftovers | None = None
    warm: Warm | None = None


def command_flaw(said: object) -> str:
    """The rest of a sentence that begins with what gave the command; empty when it is one."""
    if not isinstance(said, Command):
        return f"a {type(said).__name__}, not a Command"
    argv = cast("object", said.argv)
    # None at all is the image's own, in a container.
    if isinstance(argv, str) or not all(isinstance(part, str) for part in cast("list[object]", argv)):
        return "a Command whose argv is no list of texts; write the program first, then an argument each"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a command ended, as its launcher saw it.

    Either `code` or `signal` is set, or neither when nobody saw it. `cause` is set where the launcher knows better
    than the number. `returned` maps the names of `Command.returns` that exist to files on this node; `outputs` is the
    JSON object in the file `result`. `last_line` is the last non-empty line of the log. `evidence` and `stop` are as
    in Outcome.
    """

    code: int | None
    signal: int | None = None
    cause: Cause | None = None
    evidence: Sequence[Evidence] = ()
    returned: Mapping[str, Path] = field(default_factory=dict[str, Path])
    outputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    stop: StopReport | None = None
    last_line: str = ""
    ended: float | None = None
    """Epoch seconds, where the launcher knows."""

    def outcome(self) -> Outcome:
        """The usual reading: code 0 succeeded, anything else failed, a known cause overrules both."""
        cause, evidence = self.cause, self.evidence
        if cause is None:
            if self.signal is not None:
                cause = Cause.SIGNAL
                evidence = [Evidence(source="exit", text=f"signal {signal_name(self.signal)}"), *evidence]
            elif self.code is None:
                cause = Cause.UNKNOWN
            else:
                cause = Cause.EXIT_CODE if self.code else Cause.SUCCEEDED
        return Outcome(
            cause=cause,
            code=self.code if self.signal is None else 128 + self.signal,
            result=self.last_line,
            outputs=self.outputs,
            evidence=evidence,
            stop=self.stop,
            ended=self.ended,
        )


class CommandExecutor(Executor[S]):
    """An executor that only says which command to run.

    class SqlExecutor(CommandExecutor[SqlSpec]):
        def command(self, run, spec):
            return Command(argv=["sqlite3", spec.database, run.fill(spec.query)])
    """

    @abstractmethod
    def command(self, run: Run, spec: S) -> Command | Awaitable[Command]:
        """The command for this run. May be async where making it takes time."""

    def outcome(self, run: Run, spec: S, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        """What the exit means. The default takes 0 for success."""
        del run, spec
        return exit.outcome()

    def capabilities(self, spec: S) -> Capabilities:
        """Every phase and maps; the host joins this with what the launcher promises."""
        del spec
        return Capabilities(phases=frozenset({Phase.PROCESS, Phase.REDUCE}), maps=True)

    def ignores(self, spec: S | None) -> frozenset[str]:
        del spec
        return frozenset()

    def is_command(self, spec: S) -> bool:
        del spec
        return True

    async def preview_command(self, run: Run, spec: S) -> Command | None:
        made = self.command(run, spec)
        return await made if inspect.isawaitable(made) else made

    async def start(self, run: Run, spec: S) -> Handle | Outcome:
        made = self.command(run, spec)
        command = await made if inspect.isawaitable(made) else made
        if flaw := command_flaw(command):
            raise TypeError(f"command gave {flaw}")
        return self._read(run, spec, await run.place.start(run, command))

    async def watch(self, run: Run, spec: S, handle: Handle) -> Outcome:
        return self.outcome(run, spec, await run.place.watch(run, handle))

    async def stop(self, run: Run, spec: S, handle: Handle, stage: Stage) -> StopReport:
        del spec
        return await run.place.stop(run, handle, stage)

    async def find(self, run: Run, spec: S) -> Handle | Outcome | None:
        found = await run.place.find(run)
        return None if found is None else self._read(run, spec, found)

    async def clean(self, run: Run, spec: S, handle: Handle | None) -> None:
        del spec
        await run.place.clean(run, handle)

    def _read(self, run: Run, spec: S, got: Handle | Exit) -> Handle | Outcome:
        return got if isinstance(got, Handle) else self.outcome(run, spec, got)
