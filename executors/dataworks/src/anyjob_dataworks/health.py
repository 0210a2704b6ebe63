"""Whether the worker can speak to DataWorks: keys that can be read, and a clock that is right.

Source: Alibaba Cloud API, error codes, InvalidTimeStamp.Expired.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

from anyjob.errors import SecretMissing
from anyjob.executor import Health

if TYPE_CHECKING:
    from anyjob_dataworks.credentials import Wallet
    from anyjob_dataworks.poller import Poller
    from anyjob_dataworks.settings import DataworksSettings

__all__ = ["ALLOWED", "HealthCheck"]

ALLOWED: Final = 900.0
"""Seconds by which a request's time may be off, by the vendor's rule."""
_LOOK: Final = 300.0
"""Seconds between two requests that only look at the clock."""


class HealthCheck:
    """Of one worker."""

    def __init__(self, settings: DataworksSettings, wallet: Wallet) -> None:
        self._settings, self._wallet = settings, wallet
        self._looked: dict[str, float] = {}

    async def ask(self, poller: Poller | None) -> Health:
        """Names no secret. A job that brings its own key needs none of the settings'.

        None: nobody serves, as where plugins are listed, so no endpoint is asked for its time.
        """
        clock = dict[str, float]() if poller is None else await poller.aside(lambda: self._clock(poller))
        for entry in self._wallet.entries:
            try:
                await asyncio.to_thread(self._wallet.read, entry)
            except SecretMissing as error:
                return Health(state="unhealthy", why=f"the access key for app group {entry!r}: {error}")
        for endpoint, skew in clock.items():
            if abs(skew) >= ALLOWED:
                side = "behind" if skew > 0 else "ahead of"
                why = f"this machine's clock is {abs(skew):.0f} s {side} that of {endpoint}: set it right, by NTP;"
                return Health(state="unhealthy", why=f"{why} requests more than 15 minutes off are refused")
        keys = "no access key in the settings; jobs bring theirs"
        if self._wallet.entries:
            keys = f"access keys for app groups {', '.join(self._wallet.entries)}"
        clocks = [f"clock within {abs(skew) + 1:.0f} s of {endpoint}" for endpoint, skew in clock.items()]
        return Health(state="healthy", why="; ".join([keys, *clocks]))

    def _clock(self, poller: Poller) -> dict[str, float]:
        """What answers said of the time; an endpoint of the settings is asked now and then also without a run."""
        settings = self._settings
        named = {*settings.endpoints, *([settings.region] if settings.region else [])}
        for endpoint in {settings.endpoint(region) for region in named} if settings.credentials else ():
            if monotonic() - self._looked.get(endpoint, -_LOOK) >= _LOOK:
                self._looked[endpoint] = monotonic()
                poller.client.look_at_clock(endpoint)
        return dict(poller.client.skews)
