"""One run in a cluster to its end: what the watch tells, judged; its logs, read; its stop, seen through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from anyjob.executor import Stage
from anyjob.outcome import Cause, Evidence, StopReport, Strength
from anyjob_k8s.client import NoCluster
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.judge import Sight, Verdict, forgotten, judge, survivors
from anyjob_k8s.logs import Logs
from anyjob_k8s.objects import K8sObject, container_statuses, name_of, part, phase_of, text, uid_of
from anyjob_k8s.reduce import reduced_job, reduced_pod

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_k8s.cluster import Cluster
    from anyjob_k8s.settings import K8sSettings
    from anyjob_k8s.target import Target
    from anyjob_k8s.track import Track

__all__ = ["Ended", "Follow"]

_PLAIN: Final = (Cause.SUCCEEDED, Cause.EXIT_CODE)
"""Ends to which events add nothing."""
_NEW: Final = 3.0
"""Seconds within which a main object is seen, and a Job has made its pod."""
_SLOW: Final = 30.0
"""Seconds of waiting for a start after which events are asked for, and between two times of asking."""
_NO_POD: Final = 5.0
"""The same where a Job has no pod: its controller makes one at once, or says in an event why it cannot."""
_AGAIN: Final = 5.0
_GOING: Final = 120.0
"""Seconds that pods of a deleted object have to end, before the end is told without theirs."""
_LOGS: Final = 60.0
"""Seconds for reading what is left of the logs, while it does not come."""
_LOST_LOGS: Final = 5.0
"""The same, where the node has them and is not heard of."""
_LATE: Final = 3.0
"""Seconds after the deadline that a cluster has to keep it by itself."""
_CLEAR: Final = 15.0
"""Seconds that pods of a run that was given up have to go."""
_STOP: Final = 5.0
_STOP_PATIENCE: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`line` is the last line of the container that counts, None where it stands at the end of the run's own log."""

    verdict: Verdict
    stop: StopReport
    line: bytes | None
    missing: Sequence[str]


class Follow:
    """Of one run; made anew for each watch, and for a stop without one."""

    def __init__(self, run: Run, cluster: Cluster, target: Target, settings: K8sSettings) -> None:
        self._run, self._cluster, self._target, self._settings = run, cluster, target, settings
        self._events: Sequence[K8sObject] = ()
        self._asked = -_SLOW
        self._blind = False
        self._stopper: asyncio.Task[str] | None = None
        self._overdue: Stage | None = None

    async def to_the_end(self) -> Ended:
        """How the run ended, once its objects say so and its log is read. On the way the deadline is kept, where the
        cluster does not."""
        target = self._target
        track = self._cluster.track(self._run.name, target.namespace, target.kind, target.uid)
        secrets = bool(self._run.common.secrets)
        logs = Logs(self._cluster.api, target.namespace, self._run.log, secrets=secrets)
        try:
            await self._begin(track)
            began, gone_at = monotonic(), None
            while True:
                logs.look(track.pods, self._vanished(track), several=self._several(track))
                if track.gone and gone_at is None:
                    gone_at = monotonic()
                going = survivors(self._present(track)) if gone_at is not None else []
                if not going or (gone_at is not None and monotonic() - gone_at > _GOING):
                    verdict = await self._judged(track, monotonic() - began)
                    if verdict is not None:
                        break
                await self._keep_deadline()
                await track.change(self._pause(track))
            if self._overdue is not None:
                late = Evidence(
                    source="deadline", text="passed while the pod had not ended; the deletion was asked for"
                )
                verdict = replace(verdict, cause=Cause.TIMED_OUT, evidence=[*verdict.evidence, late])
            await self._clear(track)
            missing = await logs.finish(_LOST_LOGS if verdict.cause is Cause.NODE_LOST else _LOGS)
            return Ended(verdict=verdict, stop=self._report(track), line=logs.tail(target.container), missing=missing)
        finally:
            await logs.close()
            await self.close()
            self._cluster.untrack(self._run.name)

    async def close(self) -> None:
        """A stop that the API has not taken yet is given up."""
        if self._stopper is not None:
            self._stopper.cancel()
            await asyncio.gather(self._stopper, return_exceptions=True)

    async def _clear(self, track: Track) -> None:
        """A run may be given up while its pods wait for a node or an image: they must not begin after all."""
        if not survivors(self._present(track)):
            return
        await self.stop(Stage.FORCE)
        until = monotonic() + _CLEAR
        while survivors(self._present(track)) and (left := until - monotonic()) > 0:
            await track.change(left)

    # ---------------------------------------------------------------- seeing

    async def _begin(self, track: Track) -> None:
        """Wait until the main object is known, or known to be gone."""
        target, told = self._target, ""
        while True:
            try:
                await self._cluster.ready(target.namespace, target.kind)
                break
            except (ApiFault, NoCluster) as fault:
                if str(fault) != told:
                    told = str(fault)
                    self._run.log.write(f"[anyjob] the run cannot be watched: {fault}\n".encode())
                await asyncio.sleep(_AGAIN)
        self._cluster.track(self._run.name, target.namespace, target.kind, target.uid)
        until = monotonic() + _NEW
        while track.main is None and monotonic() < until:
            await track.change(until - monotonic())
        while track.main is None:
            try:
                found = await self._cluster.get(target.kind, target.namespace, target.name, patience=0.0)
            except (ApiFault, NoCluster):
                await track.change(_NEW)
                continue
            if found is None or uid_of(found) != target.uid:
                track.lost()
                return
            track.told(reduced_job(found) if target.kind == "Job" else reduced_pod(found), gone=False)

    def _sight(self, track: Track) -> Sight:
        target = self._target
        return Sight(
            kind=target.kind,
            main=track.main,
            pods=track.pods,
            vanished=track.vanished,
            events=self._events,
            now=time.time(),
            pending_limit=target.pending,
            gone=track.gone,
            container=target.container,
            ours=target.ours,
            asked=self._run.stopping,
        )

    async def _judged(self, track: Track, age: float) -> Verdict | None:
        verdict = judge(self._sight(track))
        if verdict is None:
            phases = {phase_of(pod) for pod in track.pods}
            patience = _SLOW if phases else _NO_POD
            if not phases <= {"Pending"} or age < patience or monotonic() - self._asked < patience:
                return None
        elif verdict.cause in _PLAIN:
            return verdict
        await self._look_at_events(track)
        return judge(self._sight(track)) or verdict

    async def _look_at_events(self, track: Track) -> None:
        if self._blind:
            return
        self._asked = monotonic()
        found: list[K8sObject] = []
        newest = [uid_of(pod) for pod in track.pods[-3:]]
        try:
            for uid in newest or [self._target.uid]:
                found += await self._cluster.events(self._target.namespace, f"involvedObject.uid={uid}")
        except (ApiFault, NoCluster) as fault:
            self._blind = isinstance(fault, ApiFault) and fault.trouble is Trouble.FORBIDDEN
            return
        self._events = found

    def _pause(self, track: Track) -> float:
        """Seconds after which the same sight may mean something else."""
        settled = track.pods and all(phase_of(pod) == "Running" for pod in track.pods) and not track.gone
        pause = self._settings.poll if settled else _NEW
        left = self._until_overdue()
        return pause if left is None else min(pause, max(left, 0.1))

    def _until_overdue(self) -> float | None:
        deadline = self._run.deadline
        if deadline is None or not self._target.by_remote or self._overdue is Stage.FORCE:
            return None
        grace = self._run.grace if self._overdue is Stage.ASK else 0.0
        return deadline + _LATE + grace - time.time()

    async def _keep_deadline(self) -> None:
        """The kubelet keeps it, from the moment on at which it has taken the pod; until then nobody would."""
        left = self._until_overdue()
        if left is not None and left <= 0:
            self._overdue = Stage.FORCE if self._overdue is Stage.ASK else Stage.ASK
            await self.stop(self._overdue)

    def _several(self, track: Track) -> bool:
        spec = part(track.main, "spec")
        return any(isinstance(count := spec.get(word), int) and count > 1 for word in ("parallelism", "completions"))

    def _vanished(self, track: Track) -> list[str]:
        return [name_of(pod) for pod in track.pods if uid_of(pod) in track.vanished]

    def _present(self, track: Track) -> list[K8sObject]:
        return [pod for pod in track.pods if uid_of(pod) not in track.vanished and not _spent(pod)]

    # ---------------------------------------------------------------- stopping

    async def stop(self, stage: Stage) -> StopReport:
        """Ask for the end, and say how things stand. While the API does not answer, it is asked on and on, beside."""
        target = self._target
        track = self._cluster.track(self._run.name, target.namespace, target.kind, target.uid)
        try:
            async with asyncio.timeout(_STOP):
                await self._cluster.ready(target.namespace, target.kind)
        except (TimeoutError, ApiFault, NoCluster):
            pass  # the deletion needs no watch; the report then knows of no pod
        self._cluster.track(self._run.name, target.namespace, target.kind, target.uid)
        await self.close()
        # Never 0: the API server would forget the pod at once, and its being gone would say nothing.
        grace = max(1, round(self._run.grace)) if stage is Stage.ASK else 1
        stopper = self._stopper = asyncio.get_running_loop().create_task(self._delete(track, grace))
        await asyncio.wait({stopper}, timeout=_STOP)
        report = self._report(track)
        said = "the API has not answered yet; it is asked again"
        if stopper.cancelled():
            said = "the run ended, or was stopped once more, before the API had answered"
        elif stopper.done():
            said = stopper.result() if stopper.exception() is None else str(stopper.exception())
        evidence = [*report.evidence, Evidence(source=f"stop({stage.value})", text=said)]
        return replace(report, evidence=evidence)

    async def _delete(self, track: Track, grace: int) -> str:
        """What was done. The Job first, so that it makes no further pod; its pods with the grace, as the collector
        would give them their own."""
        target = self._target
        there = await self._cluster.delete(
            target.kind,
            target.namespace,
            target.name,
            target.uid,
            grace=grace if target.kind == "Pod" else None,
            propagation="Foreground",
            patience=_STOP_PATIENCE,
        )
        if not there:
            return f"{target.kind} {target.name} is gone already"
        done = [f"{target.kind} {target.name}"]
        for pod in self._present(track) if target.kind == "Job" else ():
            if phase_of(pod) in ("Succeeded", "Failed"):
                continue
            if await self._cluster.delete(
                "Pod",
                target.namespace,
                name_of(pod),
                uid_of(pod),
                grace=grace,
                propagation="Background",
                patience=_STOP_PATIENCE,
            ):
                done.append(f"pod {name_of(pod)}")
        return f"deletion asked for, with {grace} s of grace: {', '.join(done)}"

    def _report(self, track: Track) -> StopReport:
        target, left = self._target, [*survivors(self._present(track)), *forgotten(track.pods)]
        if left or (track.main is None and not track.gone):
            by = f"deletion of {target.kind} {target.name}"
            return StopReport(strength=Strength.ASKED, by=by, survivors=left)
        told = [f"pod {name_of(pod)} {'is gone' if uid_of(pod) in track.vanished else 'ended'}" for pod in track.pods]
        if track.gone:
            told.append(f"{target.kind} {target.name} is gone")
        evidence = [Evidence(source="kubernetes", text="; ".join(told[-10:]))] if told else []
        by = "the pods' own end" if track.pods else f"{target.kind} {target.name} has no pod"
        return StopReport(strength=Strength.REPORTED, by=by, evidence=evidence)


def _spent(pod: K8sObject) -> bool:
    """Whether every container has ended for good, which the kubelet says before it gives the pod its last phase."""
    statuses = list(container_statuses(pod))
    ended = [part(status, "state", "terminated") for status in statuses]
    return text(pod, "spec", "restartPolicy") == "Never" and bool(statuses) and all(ended)
