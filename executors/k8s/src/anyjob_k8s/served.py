"""What executor and launcher are alike in: settings, and runs from the moment that a worker serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyjob.executor import Health
from anyjob_k8s.health import health_of
from anyjob_k8s.runs import Runs

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob_k8s.settings import K8sSettings

__all__ = ["Served"]


class Served:
    """First among the bases of K8sExecutor and K8sLauncher."""

    def __init__(self, settings: K8sSettings) -> None:
        self._settings = settings
        self._made: Runs | None = None

    async def serve(self, services: Services) -> None:
        """Called once, before the first run."""
        self._made = Runs(self._settings, services)

    async def close(self) -> None:
        """Called when the worker ends; runs go on."""
        if self._made is not None:
            await self._made.close()

    async def health(self) -> Health:
        """Whether the clusters of the settings answer, and this account may do there what runs need."""
        return await health_of(self._settings)

    @property
    def _runs(self) -> Runs:
        assert self._made is not None, "serve comes before the first run"
        return self._made
