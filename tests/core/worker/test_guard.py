"""A deadline that the shim does not take is the worker's, and nothing waits for it for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from anyjob.outcome import Evidence
from anyjob.worker import guard
from anyjob.worker.local.shimclient import ShimClient


class Silent:
    """A shim whose disk is full: no real one is that on demand at the very moment."""

    known: Mapping[str, object] = {}
    folder = Path("/nowhere")
    base_environment: Mapping[str, str] = {}

    def arm(self, key: str, **order: object) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def shim(self) -> ShimClient:
        return cast("Any", self)


def test_a_shim_that_does_not_answer_leaves_the_deadline_to_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_PATIENCE", 0.05)

    async def life() -> list[Evidence]:
        async with asyncio.timeout(10):
            return await guard.Guard(Silent(), "aj-1-0-1", "/nowhere/log").arm(["true"], 1.0)

    (said,) = asyncio.run(life())
    assert "the deadline was kept by the worker only" in said.text
    assert "did not take the deadline within 0.05 s" in said.text
