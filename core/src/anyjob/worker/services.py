"""What a worker hands to its executors beside runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anyjob.egress import Egress
from anyjob.outcome import Json
from anyjob.worker.apps.appcalls import AppCalls
from anyjob.worker.counters import CounterOf, Counters
from anyjob.worker.mailbox import Mailbox

__all__ = ["ExecutorServices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorServices:
    """One executor's or launcher's services. Implements `anyjob.executor.Services`."""

    owner: str
    node: str
    environment: Mapping[str, str]
    egress: Egress
    own_folder: Path
    counters: Counters
    mailbox: Mailbox
    apps: AppCalls

    @property
    def folder(self) -> Path:
        self.own_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.own_folder

    @property
    def state(self) -> CounterOf:
        return CounterOf(self.counters, self.owner)

    async def deliver(self, key: str, event: Json) -> bool:
        return self.mailbox.deliver(key, event)
