"""Whether a job's type can work here, as executor and launcher say it themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from anyjob.errors import AnyJobError
from anyjob.executor import AppExecutor, Attached, Executor, Health, Launcher
from anyjob.executor.given import health_flaw, theirs
from anyjob.plugins import PluginHost
from anyjob.plugins.binding import Bound
from anyjob.plugins.plugin import failure
from anyjob.problem import Problem

__all__ = ["HealthBook"]

_GOOD_FOR: Final = 30.0
"""Seconds for which a healthy answer holds."""
_BAD_FOR: Final = 1.0
"""Seconds for which any other holds: what has just been installed should run at once."""
_PATIENCE: Final = 10.0
_LONG: Final = 60.0
"""For whoever only looks: a first answer may build what the type needs, on a machine that is busy."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Said:
    health: Health
    until: float


class HealthBook:
    """Asks each executor and launcher that is used, and remembers what it said."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._said: dict[tuple[str, str], _Said] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Health]] = {}

    def is_known_good(self, bound: Bound) -> bool:
        """Whether nobody need be asked now."""
        now = monotonic()
        return all(
            (said := self._said.get(key)) is not None and said.health.state == "healthy" and now < said.until
            for key in self._keys(bound)
        )

    async def trouble(self, bound: Bound) -> str:
        """Why no run of a job can work here; empty when one can.

        Health is of a type, and a job may need less of it, or something else: an interpreter of its own, a binary that
        is built already. So what the type looks at before a start has the last word, where it looks at anything.
        """
        for key in self._keys(bound):
            health = await self.of(*key)
            if health.state != "healthy" and await _problems(bound, key[0]) != []:
                kind, name = key
                said = "JobType" if kind == "executor" else "launcher"
                return f"{said} {name} is {health.state} here: {health.why or 'it does not say why'}"
        return ""

    async def lacking(self, bound: Bound) -> str:
        """What a run of a job would lack here, in words of its executor or launcher; empty as far as nothing is known
        to be.

        More than `trouble`: also what only a look at the job itself shows, and what is here but not well: a run may
        well wait for a cluster that does not answer, whoever only wants to see one will not.
        """
        for key in self._keys(bound):
            health = await self.of(*key, patience=_LONG)
            problems = await _problems(bound, key[0])
            if health.state == "unhealthy" or (health.state == "undetected" and problems != []):
                return health.why or f"{key[1]} is {health.state} here and does not say why"
            if problems:
                return str(problems[0])
        return ""

    async def of(self, kind: str, name: str, *, patience: float = _PATIENCE) -> Health:
        """What the executor of a type (`executor`) or a launcher (`launcher`) says, if need be now and within so many
        seconds; if it is being asked already, within those of the first who asked."""
        key = (kind, name)
        said = self._said.get(key)
        if said is not None and monotonic() < said.until:
            return said.health
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.get_running_loop().create_task(self._ask(kind, name, patience))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _ask(self, kind: str, name: str, patience: float) -> Health:
        make = self._host.executor if kind == "executor" else self._host.launcher
        try:
            async with asyncio.timeout(patience):
                health = await theirs(_said(make, name))
        except TimeoutError:
            health = Health(state="unhealthy", why=f"its health was not known after {patience:g} s")
        except AnyJobError as error:
            health = Health(state="unhealthy", why=str(error))
        except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
            health = Health(state="unhealthy", why=f"its health failed: {failure(error)}")
        if flaw := health_flaw(health):
            health = Health(state="unhealthy", why=f"its health gave {flaw}")
        good = health.state == "healthy"
        self._said[kind, name] = _Said(health, monotonic() + (_GOOD_FOR if good else _BAD_FOR))
        return health

    def _keys(self, bound: Bound) -> list[tuple[str, str]]:
        keys = [] if _dials_in(bound) else [("executor", bound.binding.job_type)]
        if (place := bound.command_place) is not None:
            keys.append(("launcher", place.name))
        return keys


async def _said(make: Callable[[str], Any], name: str) -> Health:
    return await make(name).health()


async def _problems(bound: Bound, kind: str) -> list[Problem] | None:
    """What the job's own run would lack, as far as executor or launcher look; None where they do not look, or fail."""
    executor, place = bound.executor, bound.place
    try:
        if kind == "executor":
            looks = type(executor).preflight is not Executor[Any].preflight
            return [*await executor.preflight(bound.spec)] if looks else None
        if place is None or type(place.launcher).preflight is Launcher[Any].preflight:
            return None
        return [*await place.launcher.preflight(place.options)]
    except Exception:  # noqa: BLE001 - a plugin's code may raise anything; the start tells what it is
        return None


def _dials_in(bound: Bound) -> bool:
    """Whether the run waits for an application that dials in: it may come yet, as after a restart of the worker."""
    executor = bound.executor
    return isinstance(executor, AppExecutor) and executor.kind(bound.spec) is Attached
