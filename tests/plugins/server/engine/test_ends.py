"""Waiting for the end of an instance."""

from __future__ import annotations

import asyncio
from typing import cast

from anyjob_server.engine.ends import Ends
from anyjob_server.engine.roster import Active, Roster

LONG = 600.0


def going(*instances: int) -> Roster:
    roster = Roster()
    for instance in instances:
        roster.by_id[instance] = cast("Active", object())
    return roster


def test_all_who_wait_are_told() -> None:
    async def main() -> None:
        ends = Ends(going(1, 2))
        both = [asyncio.create_task(ends.wait(1, LONG)) for _ in range(2)]
        other = asyncio.create_task(ends.wait(2, LONG))
        await asyncio.sleep(0)
        ends.over(1)
        await asyncio.gather(*both)
        assert not other.done()
        ends.close()
        await other
        await ends.wait(2, LONG)  # nobody waits any more

    asyncio.run(main())


def test_nobody_waits_for_what_does_not_go() -> None:
    asyncio.run(Ends(going(1)).wait(2, LONG))


def test_more_than_may_wait_are_answered_at_once_until_others_have_left() -> None:
    async def main() -> None:
        ends = Ends(going(1))
        waiting = [asyncio.create_task(ends.wait(1, LONG)) for _ in range(250)]
        await asyncio.sleep(0)
        await ends.wait(1, LONG)
        waiting.pop().cancel()
        await asyncio.sleep(0)
        one = asyncio.create_task(ends.wait(1, LONG))
        await asyncio.sleep(0)
        assert not one.done()
        ends.over(1)
        await asyncio.gather(one, *waiting)

    asyncio.run(main())


def test_the_time_is_over() -> None:
    async def main() -> None:
        ends = Ends(going(1))
        await ends.wait(1, 0.01)
        ends.over(1)

    asyncio.run(main())
