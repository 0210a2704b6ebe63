"""The messages of which every run has one, as journal and worker get them.

Put together by hand: the encoder of the standard library takes four times as long, and this is a good part of what a
run costs.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as text

from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .run import Run


def started(run: Run) -> bytes:
    """The run has begun; with what a later shim needs to go on."""
    redactor = "null" if run.redactor is None else f"[{run.redactor.pid},{run.redactor.start}]"
    limits = "null" if run.limits is None else frames.encode(run.limits).decode()
    return (
        f'{{"ev":"started","run":{text(run.name)},"pid":{run.pid},"start":{run.start},"group":{_text(run.group)},'
        f'"at":{run.started!r},"log":{text(run.log)},"deadline":{_number(run.deadline)},"grace":{run.grace!r},'
        f'"stop_signal":{run.signum},"leftovers":{text(run.leftovers)},"quota":{_number(run.quota)},"limits":{limits},'
        f'"limits_by":{_text(run.limits_by)},"oom_before":{run.oom_before},"redactor":{redactor}}}'
    ).encode("ascii")


def gone(run: Run, status: int) -> bytes:
    """How the run's leader ended, for the journal: the run itself may go on."""
    return b'{"ev":"gone","run":%b,"status":%d}' % (frames.encode_text(run.name), status)


def ended(run: Run) -> bytes:
    """The run is over. It has a proof by now, and a time."""
    assert run.proof is not None
    evidence = frames.encode(run.evidence).decode() if run.evidence else "[]"
    usage = "null" if run.usage is None else f'{{"cpu":{run.usage[0]:.6f},"maxrss":{run.usage[1]}}}'
    gap = "null" if run.gap is None else f"[{run.gap[0]},{run.gap[1]}]"
    return (
        f'{{"ev":"ended","run":{text(run.name)},"pid":{_number(run.pid)},"status":{_number(run.status)},'
        f'"cause":{_text(run.cause)},"evidence":{evidence},"proof":{run.proof.json().decode()},'
        f'"started":{_number(run.started)},"ended":{run.ended!r},"rusage":{usage},'
        f'"log":{{"size":{run.log_size},"gap":{gap}}},"limits_by":{_text(run.limits_by)},'
        f'"stop_asked":{_text(run.stop_asked)}}}'
    ).encode("ascii")


def _text(value: str | None) -> str:
    return "null" if value is None else text(value)


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value)
