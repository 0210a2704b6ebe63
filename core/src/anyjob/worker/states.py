"""The state machine of a run: states, marks and transitions, as data.

A mark is what the worker writes into its journal before it acts on it. A run's state is the fold of its marks, so a
worker that starts again knows exactly how far the dead one had come, and `next_step` says what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from anyjob.errors import WorkerError

__all__ = ["TRANSITIONS", "IllegalMark", "Mark", "RunState", "Step", "advance", "next_step"]


class RunState(StrEnum):
    """How far a run has come, as far as is durable."""

    NEW = "new"
    ACCEPTED = "accepted"
    """Promised to whoever submitted it; surely not started."""
    STARTING = "starting"
    """The executor may have begun: only `find` can tell."""
    RUNNING = "running"
    """A handle is kept."""
    ENDED = "ended"


class Mark(StrEnum):
    """One durable fact about a run."""

    ACCEPTED = "accepted"
    STARTING = "starting"
    SAVED = "saved"
    HANDLE = "handle"
    STOP = "stop"
    ENDED = "ended"


class Step(StrEnum):
    """What a worker does next with a run."""

    START = "start"
    FIND = "find"
    WATCH = "watch"
    END_STOPPED = "end_stopped"
    NOTHING = "nothing"


TRANSITIONS: Mapping[tuple[RunState, Mark], RunState] = MappingProxyType(
    {
        (RunState.NEW, Mark.ACCEPTED): RunState.ACCEPTED,
        (RunState.ACCEPTED, Mark.STARTING): RunState.STARTING,
        (RunState.ACCEPTED, Mark.STOP): RunState.ACCEPTED,
        (RunState.ACCEPTED, Mark.ENDED): RunState.ENDED,
        # Again STARTING: `find` said that it surely had not started.
        (RunState.STARTING, Mark.STARTING): RunState.STARTING,
        (RunState.STARTING, Mark.SAVED): RunState.STARTING,
        (RunState.STARTING, Mark.STOP): RunState.STARTING,
        (RunState.STARTING, Mark.HANDLE): RunState.RUNNING,
        (RunState.STARTING, Mark.ENDED): RunState.ENDED,
        (RunState.RUNNING, Mark.SAVED): RunState.RUNNING,
        (RunState.RUNNING, Mark.STOP): RunState.RUNNING,
        (RunState.RUNNING, Mark.ENDED): RunState.ENDED,
    }
)
"""Everything that may happen. ENDED has no way out: a terminal state never opens again."""


class IllegalMark(WorkerError):
    """A mark that the run's state does not allow. It is a defect of the worker, or a damaged journal."""

    def __init__(self, run: str, state: RunState, mark: Mark) -> None:
        self.run, self.state, self.mark = run, state, mark
        super().__init__(
            f"Run {run}: mark {mark.value!r} is not allowed in state {state.value!r}. Report this with the journal."
        )


def advance(run: str, state: RunState, mark: Mark) -> RunState:
    """The state after `mark`. Raises IllegalMark."""
    after = TRANSITIONS.get((state, mark))
    if after is None:
        raise IllegalMark(run, state, mark)
    return after


def next_step(state: RunState, *, stopping: bool) -> Step:
    """What a worker that finds a run in `state` has to do. A stop wins over every start."""
    match state:
        case RunState.ACCEPTED:
            return Step.END_STOPPED if stopping else Step.START
        case RunState.STARTING:
            return Step.FIND
        case RunState.RUNNING:
            return Step.WATCH
        case RunState.NEW | RunState.ENDED:
            return Step.NOTHING
