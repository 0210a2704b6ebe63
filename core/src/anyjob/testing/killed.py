"""A run that outlives its worker: one worker is killed in the middle of it, the next takes it to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.order import RunOrder

__all__ = ["killed"]


def killed(
    rig: Rig, order: RunOrder, when: Callable[[], object], then: Callable[[], object] = lambda: None
) -> Finished:
    """The end of a run whose worker is killed by signal 9 as soon as `when()` holds.

    `then` is called between the two lives. Raises Fault when it has not come to that within the rig's patience.
    """

    async def doom() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, order))

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            return await rig.resumed(worker, order)

    with doomed(doom, rig.patience) as process:
        until = time.monotonic() + rig.patience
        while not when():
            if time.monotonic() > until:
                raise Fault(f"The run has not come to the moment of the crash within {rig.patience:g} s.")
            time.sleep(0.005)
        process.kill()
    then()
    return asyncio.run(next_life())
