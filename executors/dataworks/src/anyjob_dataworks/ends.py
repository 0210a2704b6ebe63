"""From what was seen of a flow to the outcome of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from anyjob.outcome import Cause, Evidence, Json, Outcome, Retry, StopReport, Strength, because
from anyjob_dataworks.faults import CallFault, Trouble
from anyjob_dataworks.sight import Phase

if TYPE_CHECKING:
    from anyjob_dataworks.plan import Plan
    from anyjob_dataworks.sight import Node, Sight

__all__ = ["bad", "lost", "not_begun", "over", "start_refused", "stop_report"]

_LINES: Final = 20
_SHOWN: Final = 2000
_NODES: Final = 5
"""Failed nodes whose log stands in the evidence."""
_LISTED: Final = 100

_REFUSALS: Final[Mapping[Trouble, Cause]] = {
    Trouble.UNREACHED: Cause.START_FAILED,
    Trouble.EGRESS: Cause.REJECTED,
    Trouble.THROTTLED: Cause.REJECTED,
    Trouble.CLOCK: Cause.REJECTED,
    Trouble.CREDENTIALS: Cause.REJECTED,
    Trouble.FORBIDDEN: Cause.REJECTED,
    Trouble.REFUSED: Cause.BAD_CONFIG,
}
_FIELDS: Final = (("project", "projectName"), ("bizdate", "bizDate"), ("node", "taskIds"), ("flow", "flowName"))
"""What a refusal talks of, and the field that says it."""


def bad(text: str) -> Outcome:
    """The job asks for what there is not."""
    return because(Cause.BAD_CONFIG, "job", text)


def start_refused(fault: CallFault, plan: Plan) -> Outcome:
    """The service refused the start, so surely nothing was started."""
    text = fault.told
    if fault.trouble is Trouble.REFUSED:
        low = (fault.code + fault.said).lower()
        field = next((field for word, field in _FIELDS if word in low), "")
        text += f" Correct {f'Content.{field}' if field else 'the job'}: it asks for {plan.what}."
    elif fault.trouble in (Trouble.FORBIDDEN, Trouble.CREDENTIALS):
        text += f" It was asked for {plan.what}."
    retry = Retry(after=fault.after) if fault.trouble is Trouble.THROTTLED else None
    return Outcome(
        cause=_REFUSALS[fault.trouble],
        result=f"{fault.action}: {text}",
        evidence=[Evidence(source=fault.action, text=text)],
        retry=retry,
    )


def not_begun(plan: Plan) -> Outcome:
    """Stopped while every start so far was refused."""
    text = f"stopped before {plan.what} was started: every request so far was throttled"
    report = StopReport(strength=Strength.REPORTED, by="the service refused every start")
    return Outcome(cause=Cause.STOPPED, stop=report, evidence=[Evidence(source="dataworks", text=text)])


def lost(said: str, plan: Plan, name: str, fault: CallFault | None) -> Outcome:
    """Nobody knows how it ended, or whether it began."""
    evidence = [Evidence(source="dataworks", text=f"{said}: {plan.what}{f', {name}' if name else ''}")]
    if fault is not None:
        evidence.append(Evidence(source=fault.action, text=fault.told))
    report = StopReport(strength=Strength.ASKED, by="nothing was heard of it", survivors=[name or plan.what])
    return Outcome(cause=Cause.UNKNOWN, evidence=evidence, stop=report)


def over(plan: Plan, name: str, sight: Sight, tails: Mapping[int, str], *, stopping: bool) -> Outcome:
    """The flow is over by its own word."""
    if sight.refused:
        text = f"{plan.what} was not started: {sight.refused}"
        return because(Cause.REMOTE_FAILED, sight.by, text)
    report = stop_report(sight, name)
    outputs: dict[str, Json] = {
        "flow": name,
        "bizDate": str(plan.day),
        "nodes": [{"id": node.id, "name": node.name, "status": node.status} for node in sight.nodes[:_LISTED]],
    }
    total = len(sight.nodes)
    if sight.succeeded:
        result = _last_line(sight.nodes, tails) or f"{sight.done} of {total} nodes are done"
        return Outcome(cause=Cause.SUCCEEDED, result=result, outputs=outputs, stop=report if stopping else None)
    failed = [node for node in sight.nodes if node.phase is Phase.FAILED]
    evidence = [Evidence(source=sight.by, text=f"{name} of {plan.what}: {sight.status}")]
    for node in failed[:_NODES]:
        note = f" ({node.note})" if node.note else ""
        evidence.append(
            Evidence(
                source=f"node {node.who}", text=f"{node.status}{note}\n{_last_lines(tails.get(node.id, ''))}".rstrip()
            )
        )
    if len(failed) > _NODES:
        evidence.append(Evidence(source=sight.by, text=f"{len(failed)} nodes failed in all"))
    if not stopping:
        said = "DataWorks shows a node that somebody stopped as failed; it was not stopped by anyjob"
        evidence.append(Evidence(source="dataworks", text=said))
    result = f"{name}: {sight.status}"
    if failed:
        line = _last_line(failed[:1], tails)
        result = f"node {failed[0].who} failed" + (f": {line}" if line else "")
    return Outcome(
        cause=Cause.REMOTE_FAILED,
        result=result,
        outputs=outputs,
        evidence=evidence,
        stop=report if stopping else None,
    )


def stop_report(sight: Sight, name: str) -> StopReport:
    """The service says that the flow `name` is over: its own word, and that of its nodes."""
    nodes = [f"node {node.who}: {node.status}" for node in sight.nodes[:_LINES]]
    more = [f"{len(sight.nodes)} nodes in all"] if len(sight.nodes) > _LINES else []
    evidence = [Evidence(source=sight.by, text="\n".join([f"{name}: {sight.status}", *nodes, *more]))]
    return StopReport(strength=Strength.REPORTED, by=f"{sight.by}: {sight.status}", evidence=evidence)


def _last_lines(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-_LINES:])[-_SHOWN:]


def _last_line(nodes: Sequence[Node], tails: Mapping[int, str]) -> str:
    for node in reversed(nodes):
        lines = [line.strip() for line in tails.get(node.id, "").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return ""
