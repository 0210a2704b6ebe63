"""The clusters of one worker: executor and launcher speak to the same one over the same watches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from anyjob_k8s.client import Login
from anyjob_k8s.cluster import Cluster

if TYPE_CHECKING:
    from anyjob_k8s.settings import K8sSettings

__all__ = ["Clusters"]

_Shared = dict[tuple[str, str], tuple[Cluster, set[int]]]
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()
"""By the worker's loop: two workers of one process (tests) have nothing in common."""


class Clusters:
    """Those that one executor or launcher has to do with."""

    def __init__(self, settings: K8sSettings) -> None:
        self._settings = settings

    def open(self, name: str) -> Cluster:
        """The cluster that `K8sSettings.connection` knows by this name. Raises KeyError."""
        reached = self._settings.connection(name)
        login = Login(reached.kubeconfig, reached.context)
        known = _shared.setdefault(asyncio.get_running_loop(), {})
        if login.key not in known:
            made = Cluster(login, timeout=self._settings.timeout, at_once=self._settings.threads)
            known[login.key] = (made, set())
        cluster, users = known[login.key]
        users.add(id(self))
        return cluster

    async def close(self) -> None:
        """Let go of all; the last who does ends their watches."""
        known = _shared.get(asyncio.get_running_loop(), {})
        for key, (cluster, users) in list(known.items()):
            users.discard(id(self))
            if not users:
                del known[key]
                await cluster.close()
