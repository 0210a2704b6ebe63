"""Brings a plan into its cluster, in an order that a crash at any moment leaves no doubt about."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from anyjob.outcome import Evidence
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.objects import MARK, K8sObject, annotations_of, deleted_at, meta, name_of, text, uid_of
from anyjob_k8s.target import Target

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_k8s.cluster import Cluster
    from anyjob_k8s.plan import Plan

__all__ = ["Lost", "Maker", "Missing"]

_COMPANIONS: Final = "anyjob.dev/companions"
_ASKED: Final = "asked"
"""File in the run's folder: the API may have been asked to make its objects. Once it has made the main one, that one's
uid stands in it: a stop removes a Job before its controller has said anything of it."""
_EVENTS_LAST: Final = 1800.0
"""Seconds for which events surely are still there; an API server keeps them an hour, unless it is told otherwise."""


class Missing(Exception):
    """The main object is there, and something that it needs is not: the start was cut off in between."""


class Lost:
    """Nobody can know whether the main object was there: what is said of that."""

    def __init__(self, text: str) -> None:
        self.evidence = Evidence(source="kubernetes", text=text)


class Maker:
    """Makes the objects of runs and finds them again. `folder`: what this installation keeps for ever. `patience` of
    its methods: seconds that they may take; meanwhile an API that is away is asked again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = ""

    def mark(self, run: str) -> str:
        """Says of an object that it is this installation's, where two have runs of one name."""
        if not self._own:
            file = self._folder / "identity"
            try:
                self._own = file.read_text()
            except FileNotFoundError:
                self._own = token_hex(16)
                new = file.with_name(f"identity.{token_hex(4)}")
                new.write_text(self._own)
                new.replace(file)
        return hashlib.sha256(f"{self._own} {run}".encode()).hexdigest()[:24]

    async def make(self, run: Run, plan: Plan, cluster: Cluster, *, patience: float) -> Target:
        """Create the main object, then what it needs, as its own. Repeated, it goes on where it was cut off.

        Raises ApiFault, NoCluster, OSError. Nothing is left behind then, as far as the API lets us.
        """
        try:
            async with asyncio.timeout(patience):
                # Whoever may create and not watch would never hear of the end.
                await cluster.ready(plan.namespace, plan.kind)
        except TimeoutError:
            pass  # what is wrong with the API, the next call says
        needs = ",".join(f"{one['kind']}/{name_of(one)}" for one in plan.companions)
        mark = self.mark(run.name)
        asked = run.folder / _ASKED
        asked.touch()
        main = _annotated(plan.main, plan.namespace, {MARK: mark, **({_COMPANIONS: needs} if needs else {})})
        made = await cluster.create(main, plan.namespace, patience=patience)
        target = Target.of(plan, made)
        asked.write_text(target.uid)
        owner = {
            "apiVersion": plan.main["apiVersion"],
            "kind": plan.kind,
            "name": target.name,
            "uid": target.uid,
            "controller": True,
        }
        try:
            for companion in plan.companions:
                thing = _annotated(companion, plan.namespace, {MARK: mark})
                thing["metadata"]["ownerReferences"] = [owner]
                await cluster.create(thing, plan.namespace, patience=patience)
        except ApiFault:
            if await self.unmake(target, cluster):
                asked.write_text("")  # no pod of it can have begun without what it needs
            raise
        return target

    async def unmake(self, target: Target, cluster: Cluster) -> bool:
        """Whether its deletion was asked for."""
        try:
            await cluster.delete(
                target.kind,
                target.namespace,
                target.name,
                target.uid,
                grace=None,
                propagation="Background",
                patience=5.0,
            )
        except ApiFault:
            return False  # the first fault is the one to tell
        return True

    async def find(
        self, run: Run, cluster: Cluster, namespace: str, kind: str, *, patience: float
    ) -> K8sObject | Lost | None:
        """The main object of a start that was cut off; of one that is gone again, no more than name and uid. None:
        surely not started; Lost: nobody can know.

        Raises ApiFault, NoCluster; Missing when the start has to go on.
        """
        try:
            made = (run.folder / _ASKED).read_text()
        except FileNotFoundError:
            return None
        found = await cluster.get(kind, namespace, run.name, patience=patience)
        if made and (found is None or uid_of(found) != made):
            return {"metadata": {"name": run.name, "uid": made}}  # whoever watches it tells what became of it
        if found is None:
            return await self._never(run, cluster, namespace, kind)
        if annotations_of(found).get(MARK) != self.mark(run.name):
            return None  # somebody else's; the start will say so
        if deleted_at(found) is not None:
            return found  # what it needs may go before it
        for need in filter(None, annotations_of(found).get(_COMPANIONS, "").split(",")):
            needed, _, name = need.partition("/")
            if await cluster.get(needed, namespace, name, patience=patience) is None:
                raise Missing(need)
        return found

    async def _never(self, run: Run, cluster: Cluster, namespace: str, kind: str) -> Lost | None:
        """Nothing has the name. That it never was there is told by events, which outlive what they are about."""
        what = f"{kind} {run.name}"
        if time.time() - (run.folder / _ASKED).stat().st_mtime > _EVENTS_LAST:
            said = f"there is no {what}, and its events would be gone: whether it was there nobody can know"
            return Lost(said)
        try:
            events = await cluster.events(namespace, f"involvedObject.name={run.name}")
        except ApiFault as fault:
            if fault.trouble is not Trouble.FORBIDDEN:
                raise
            return Lost(f"there is no {what}; whether it was there, events would tell: {fault}")
        if not events:
            return None
        said = "; ".join(f"{text(event, 'reason')}: {text(event, 'message')}" for event in events[:5])
        return Lost(f"{what} was there and is gone; events: {said}")


def _annotated(thing: K8sObject, namespace: str, annotations: dict[str, str]) -> dict[str, Any]:
    known = dict(meta(thing))
    known["namespace"] = namespace
    known["annotations"] = {**annotations_of(thing), **annotations}
    return {**thing, "metadata": known}
