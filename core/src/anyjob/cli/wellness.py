"""How the installed job types and launchers say they are, where no worker serves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyjob.executor.capabilities import Health
    from anyjob.outcome import Json
    from anyjob.plugins import PluginHost

__all__ = ["ask_health"]

_PATIENCE: Final = 10.0
"""Seconds that one executor may take to say how it is."""


async def ask_health(host: PluginHost) -> tuple[dict[str, Any], dict[str, Any]]:
    """How each job type and each launcher says it is: `title`, `health`, `why`, of a type its `aliases` too.

    A type whose runs are commands of one launcher is as healthy as that launcher, whose settings the executor does not
    have.
    """
    launchers: dict[str, Any] = {}
    for launcher in host.launchers():
        name = launcher.kind.name
        launchers[name] = {"title": launcher.kind.title, **await _healthy(host.launcher, name)}
    types: dict[str, Any] = {}
    for offer in host.types():
        name = offer.kind.job_type
        health = await _healthy(host.executor, name)
        own = host.executor(name).launcher if health["health"] == "healthy" else ""
        if own:  # a type that runs by one launcher works where that one does
            known = launchers.get(own, {"health": "unhealthy", "why": "is not installed"})
            if known["health"] != "healthy":
                health = {"health": known["health"], "why": f"launcher {own}: {known['why']}"}
        types[name] = {"title": offer.kind.title, "aliases": list(offer.kind.aliases), **health}
    return types, launchers


async def _healthy(make: Callable[[str], Any], name: str) -> dict[str, Json]:
    """How an executor or launcher says it is. One that cannot be made or asked is unhealthy, and that is why."""
    from anyjob.errors import AnyJobError
    from anyjob.executor.given import health_flaw, theirs
    from anyjob.plugins.plugin import failure

    try:
        async with asyncio.timeout(_PATIENCE):
            health = await theirs(_said(make, name))
    except TimeoutError:
        return {"health": "unhealthy", "why": f"its health was not known after {_PATIENCE:g} s"}
    except AnyJobError as error:
        return {"health": "unhealthy", "why": str(error)}
    except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
        return {"health": "unhealthy", "why": f"its health failed: {failure(error)}"}
    if flaw := health_flaw(health):
        return {"health": "unhealthy", "why": f"its health gave {flaw}"}
    return {"health": health.state, "why": health.why}


async def _said(make: Callable[[str], Any], name: str) -> Health:
    return await make(name).health()
