"""One cluster, for all runs of a worker in it: whoever starts, watches or stops there shares its calls and watches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from anyjob_k8s.api import Api, Call
from anyjob_k8s.client import Login
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.informer import Informer
from anyjob_k8s.objects import MARK, K8sObject, annotations_of, name_of, parts
from anyjob_k8s.reduce import reduced_job, reduced_pod
from anyjob_k8s.track import Track

__all__ = ["Cluster", "resource_of"]

_RESOURCES: Final = {
    "Job": ("batch", "jobs"),
    "Pod": ("", "pods"),
    "ConfigMap": ("", "configmaps"),
    "Secret": ("", "secrets"),
}


def resource_of(kind: str) -> tuple[str, str]:
    """API group and resource of an object's kind."""
    return _RESOURCES[kind]


class Cluster:
    """Used on one loop, by any number of runs. `patience` of its methods: seconds in which an API that is away is asked
    again."""

    def __init__(self, login: Login, *, timeout: float = 30.0, at_once: int = 8) -> None:
        """`timeout`: seconds for one call. `at_once`: calls at one time."""
        self.api = Api(login, timeout=timeout, at_once=at_once)
        self._informers: dict[tuple[str, str], Informer] = {}
        self._tracks: dict[str, Track] = {}

    async def namespace(self) -> str:
        """Of the context. Raises NoCluster."""
        return (await self.api.access()).namespace or "default"

    # ---------------------------------------------------------------- watching

    async def ready(self, namespace: str, kind: str) -> None:
        """Wait until changes of such a run are seen. Raises ApiFault (FORBIDDEN, CREDENTIALS) or NoCluster."""
        await asyncio.gather(*(informer.ready() for informer in self._watching(namespace, kind)))

    def track(self, run: str, namespace: str, kind: str, uid: str) -> Track:
        """Follow a run's objects from now on; what is known of them is told at once."""
        track = self._tracks.get(run)
        if track is None or track.uid != uid:
            track = self._tracks[run] = Track(kind, uid)
        for informer in self._watching(namespace, kind):
            for thing in informer.of(run):
                track.told(thing, gone=False)
        return track

    def untrack(self, run: str) -> None:
        """Nobody follows the run any more."""
        self._tracks.pop(run, None)

    def _watching(self, namespace: str, kind: str) -> Sequence[Informer]:
        reduces = {"Pod": reduced_pod, "Job": reduced_job}
        found: list[Informer] = []
        for each in {kind, "Pod"}:
            group, resource = resource_of(each)
            informer = self._informers.get((namespace, resource))
            if informer is None:
                informer = Informer(self.api, resource, group, namespace, reduces[each], self._told)
                self._informers[namespace, resource] = informer
            found.append(informer)
        return found

    def _told(self, run: str, thing: K8sObject, *, gone: bool) -> None:
        if track := self._tracks.get(run):
            track.told(thing, gone=gone)

    # ---------------------------------------------------------------- calls

    async def create(self, thing: K8sObject, namespace: str, *, patience: float) -> dict[str, Any]:
        """Make the object, or find that it is there already with the same mark. Raises ApiFault."""
        kind = str(thing["kind"])
        group, resource = resource_of(kind)
        strict = {"fieldValidation": "Strict"}  # a field that nobody knows is a mistake of its writer
        call = Call(verb="create", resource=resource, group=group, namespace=namespace, body=thing, query=strict)
        try:
            return await self.api.call(call, patience=patience)
        except ApiFault as fault:
            # A ResourceQuota that two requests change at once is a 409, too.
            if fault.trouble is not Trouble.CONFLICT or fault.reason != "AlreadyExists":
                raise
            found = await self.get(kind, namespace, name_of(thing), patience=patience)
            if found is None or annotations_of(found).get(MARK) != annotations_of(thing).get(MARK):
                raise
            return found

    async def get(self, kind: str, namespace: str, name: str, *, patience: float) -> dict[str, Any] | None:
        """The object; None: there is none. Raises ApiFault."""
        group, resource = resource_of(kind)
        try:
            return await self.api.call(
                Call(verb="get", resource=resource, group=group, namespace=namespace, name=name), patience=patience
            )
        except ApiFault as fault:
            if fault.trouble is Trouble.MISSING:
                return None
            raise

    async def delete(
        self, kind: str, namespace: str, name: str, uid: str, *, grace: int | None, propagation: str, patience: float
    ) -> bool:
        """Ask for the object's end. `grace`: seconds; None: the object's own. False: it is not there (any more). Raises
        ApiFault."""
        group, resource = resource_of(kind)
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": propagation,
        }
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            await self.api.call(
                Call(verb="delete", resource=resource, group=group, namespace=namespace, name=name, body=body),
                patience=patience,
            )
        except ApiFault as fault:
            # CONFLICT: another object has the name now.
            if fault.trouble in (Trouble.MISSING, Trouble.CONFLICT):
                return False
            raise
        return True

    async def patch(self, kind: str, namespace: str, name: str, change: Mapping[str, Any], *, patience: float) -> None:
        """Merge `change` into the object. Raises ApiFault."""
        group, resource = resource_of(kind)
        await self.api.call(
            Call(verb="patch", resource=resource, group=group, namespace=namespace, name=name, body=change),
            patience=patience,
        )

    async def events(self, namespace: str, selector: str) -> Sequence[K8sObject]:
        """Those about the objects that the field selector names (`involvedObject.uid=...`). Raises ApiFault."""
        page = await self.api.call(
            Call(verb="list", resource="events", namespace=namespace, query={"fieldSelector": selector, "limit": 200})
        )
        return parts(page, "items")

    async def close(self) -> None:
        """Let go; runs go on."""
        await asyncio.gather(*(informer.close() for informer in self._informers.values()))
        self._informers.clear()
        self.api.close()
