"""What a worker knows of one namespace's pods or Jobs: one list and one watch for all of its runs.

Source: Kubernetes, API concepts, efficient detection of changes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Iterable
from typing import Any, Final, Protocol

from anyjob_k8s.api import Api, Call
from anyjob_k8s.client import NoCluster
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.objects import LABEL_RUN, K8sObject, labels_of, meta, name_of, part, parts, text, uid_of
from anyjob_k8s.reduce import Reduce

__all__ = ["Informer"]

_log = logging.getLogger(__name__)
_WATCH: Final = 240
"""Seconds after which the API server is asked to end a watch."""
_SILENCE: Final = 150.0
"""A watch that says nothing for so long is dead: bookmarks come each minute."""
_PAGE: Final = 500
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0
_POLL: Final = 2.0
"""Seconds between two lists where the watch is forbidden."""


class Told(Protocol):
    """Called for each change of an object of `run`. `gone`: it is no more; what is given is its last state."""

    def __call__(self, run: str, thing: K8sObject, *, gone: bool) -> None: ...


class Informer:
    """Follows all objects of one kind that carry a run's label. `told` hears of each change.

    It goes on for ever: what fails is tried again, and a state that was missed is listed anew.
    """

    def __init__(self, api: Api, resource: str, group: str, namespace: str, reduce: Reduce, told: Told) -> None:
        self.resource, self.namespace = resource, namespace
        self._api, self._group, self._reduce, self._told = api, group, reduce, told
        self._of: dict[str, dict[str, K8sObject]] = {}
        self._version = ""
        self._poll = False
        self._listed = False
        self._tries = 0
        self._tried, self._hurry = asyncio.Event(), asyncio.Event()
        self.fault: ApiFault | NoCluster | None = None
        """Why it sees nothing at the moment."""
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def ready(self) -> None:
        """Wait until the objects are known. Raises ApiFault or NoCluster where they may not be listed, or no cluster is
        known."""
        tries = self._tries
        while not self._listed:
            if self.fault is not None and self._tries > tries:
                raise self.fault
            self._hurry.set()
            self._tried.clear()
            await self._tried.wait()

    def of(self, run: str) -> Iterable[K8sObject]:
        """What is there for a run."""
        return list(self._of.get(run, {}).values())

    async def close(self) -> None:
        """Ends its connection. `told` hears nothing any more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    # ---------------------------------------------------------------- the loop

    async def _follow(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                if not self._version or self._poll:
                    await self._list()
                    self._listed = True
                    self._settled(None)
                if self._poll:
                    wait = _POLL
                else:
                    await self._watch()
                    wait = _FIRST_WAIT
                    continue
            except (ApiFault, NoCluster) as fault:
                if isinstance(fault, ApiFault) and fault.trouble is Trouble.EXPIRED:
                    self._version = ""
                    wait = _FIRST_WAIT
                    continue
                wait = self._failed(fault, wait)
            except Exception:  # noqa: BLE001 - an answer that nobody expected must not blind all runs
                _log.exception("%s of namespace %s: the watch failed, and begins anew", self.resource, self.namespace)
                self._version = ""
                wait = _LONGEST_WAIT
            self._hurry.clear()
            try:
                async with asyncio.timeout(wait * random.uniform(0.8, 1.2)):  # noqa: S311 - not a secret
                    await self._hurry.wait()
            except TimeoutError:
                pass

    def _failed(self, fault: ApiFault | NoCluster, wait: float) -> float:
        """How long to wait."""
        if isinstance(fault, ApiFault) and fault.trouble is Trouble.FORBIDDEN and fault.verb == "watch":
            _log.warning("%s. Until then it is listed every %.0f s", fault, _POLL)
            self._poll = True
            return 0.0
        lasting = isinstance(fault, NoCluster) or not fault.passing
        if lasting:
            if self.fault is None or str(self.fault) != str(fault):
                _log.warning("%s", fault)
            self._settled(fault)
        else:
            _log.info("%s", fault)
        return _LONGEST_WAIT if lasting else min(wait * 2, _LONGEST_WAIT)

    def _settled(self, fault: ApiFault | NoCluster | None) -> None:
        self.fault = fault
        self._tries += 1
        self._tried.set()

    # ---------------------------------------------------------------- list and watch

    async def _list(self) -> None:
        seen: set[str] = set()
        query: dict[str, str | int] = {"labelSelector": LABEL_RUN, "limit": _PAGE}
        while True:
            page = await self._api.call(self._call("list", query))
            for item in parts(page, "items"):
                seen.add(uid_of(item))
                self._there(item)
            token = text(page, "metadata", "continue")
            if not token:
                break
            query = {**query, "continue": token}
        self._version = text(page, "metadata", "resourceVersion")
        for run, known in list(self._of.items()):
            for uid in [uid for uid in known if uid not in seen]:
                self._gone(run, uid, known[uid])

    async def _watch(self) -> None:
        query: dict[str, str | int] = {
            "labelSelector": LABEL_RUN,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": _WATCH,
        }
        async with self._api.stream(self._call("watch", query)) as chunks:
            self.fault = None
            left = b""
            try:
                while True:
                    async with asyncio.timeout(_SILENCE):
                        data = await anext(chunks, None)
                    if data is None:
                        return
                    *lines, left = (left + data).split(b"\n")
                    for line in lines:
                        self._event(json.loads(line))
            except TimeoutError:
                _log.info("the watch of %s in %s is silent; it begins anew", self.resource, self.namespace)

    def _event(self, event: dict[str, Any]) -> None:
        kind, thing = event.get("type"), part(event, "object")
        if kind == "ERROR":
            code = thing.get("code")
            trouble = Trouble.EXPIRED if code == 410 else Trouble.BROKEN
            raise ApiFault(
                trouble, text(thing, "message"), verb="watch", resource=self.resource, namespace=self.namespace
            )
        if kind in ("ADDED", "MODIFIED"):
            self._there(thing)
        elif kind == "DELETED":
            run = labels_of(thing).get(LABEL_RUN, "")
            self._gone(run, uid_of(thing), self._reduce(thing))
        if version := text(thing, "metadata", "resourceVersion"):
            self._version = version

    def _there(self, thing: K8sObject) -> None:
        run = labels_of(thing).get(LABEL_RUN, "")
        kept = self._reduce(thing)
        known = self._of.setdefault(run, {})
        before = known.get(uid_of(thing))
        if before is not None and meta(before).get("resourceVersion") == meta(kept).get("resourceVersion"):
            return
        known[uid_of(thing)] = kept
        self._told(run, kept, gone=False)

    def _gone(self, run: str, uid: str, last: K8sObject) -> None:
        known = self._of.get(run, {})
        known.pop(uid, None)
        if not known:
            self._of.pop(run, None)
        _log.debug("%s %s is gone", self.resource, name_of(last))
        self._told(run, last, gone=True)

    def _call(self, verb: str, query: dict[str, str | int]) -> Call:
        return Call(verb=verb, resource=self.resource, namespace=self.namespace, group=self._group, query=query)
