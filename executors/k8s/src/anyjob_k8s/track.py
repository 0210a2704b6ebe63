"""One run's objects, as the informers tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from anyjob_k8s.objects import K8sObject, deleted_at, meta, parts, uid_of

__all__ = ["Track"]


class Track:
    """The main object and its pods. Those that are gone stay, in their last state, until the run is over.

    `kind` is the main object's: "Job" or "Pod"; `uid` its identity: an object of the same name that somebody else made
    is not the run's.
    """

    def __init__(self, kind: str, uid: str) -> None:
        self.kind, self.uid = kind, uid
        self.main: K8sObject | None = None
        self.gone = False
        """Whether the main object was there, and is no more."""
        self.vanished: set[str] = set()
        """Uids of the pods that are no more."""
        self._pods: dict[str, K8sObject] = {}
        self._changed = asyncio.Event()

    @property
    def pods(self) -> list[K8sObject]:
        """In the order in which they came to be known."""
        return list(self._pods.values())

    def told(self, thing: K8sObject, *, gone: bool) -> None:
        """Of an object with the run's name."""
        uid = uid_of(thing)
        if gone and deleted_at(thing) is None:
            # What is gone was deleted, also where its last state came before that.
            now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            thing = {**thing, "metadata": {**meta(thing), "deletionTimestamp": now}}
        if uid == self.uid:
            self.main = thing
            self.gone = self.gone or gone
        if thing.get("kind") == "Pod" and (uid == self.uid or self.uid in _owners(thing)):
            self._pods[uid] = thing
            if gone:
                self.vanished.add(uid)
        self._changed.set()

    def lost(self) -> None:
        """The main object was asked for, and is not there."""
        self.gone = True
        self._changed.set()

    async def change(self, seconds: float) -> bool:
        """Wait for one, for at most `seconds`. False: there was none."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True


def _owners(pod: K8sObject) -> Iterable[str]:
    return [uid for owner in parts(pod, "metadata", "ownerReferences") if isinstance(uid := owner.get("uid"), str)]
