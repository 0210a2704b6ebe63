"""The end of whatever a shim still has, and of the shim: a case that failed must leave nothing going."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from anyjob.worker.local.shimclient import ShimClient
from anyjob.worker.local.shimvalues import Ended, ShimOptions

__all__ = ["end_shim"]


async def end_shim(shim: Path, cgroup: Literal["auto", "off"], seconds: float) -> None:
    """Force every process of the shim of a state folder, and let it end; nothing where there is none.

    `seconds`: how long the processes may take, and again the shim. Raises TimeoutError.
    """
    if not (shim / "sock").exists():
        return
    client = await ShimClient.open(shim, ShimOptions(cgroup=cgroup))
    try:
        live = [name for name, known in client.known.items() if not isinstance(known, Ended)]
        for name in live:
            await client.stop(name, "FORCE")
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(client.ended(name) for name in live))
        client.quit_when_idle()
    finally:
        await client.close()
    async with asyncio.timeout(seconds):
        while (shim / "sock").exists():  # noqa: ASYNC110 - another process takes it away
            await asyncio.sleep(0.002)
