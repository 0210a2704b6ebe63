"""Removes containers of runs that are over, also those whose engine was away then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyjob_docker.address import Address
from anyjob_docker.engine import run_of
from anyjob_docker.trouble import EngineAway, EngineRefused

if TYPE_CHECKING:
    from anyjob_docker.client import EngineClient
    from anyjob_docker.engine import Engine

__all__ = ["Tidy"]

_log = logging.getLogger(__name__)
_FIRST: Final = 0.2
_LAST: Final = 10.0
"""Seconds between two tries, from the first pause to the longest."""


class Tidy:
    """What could not be removed at once is written down, a file each, and tried again, also by later workers."""

    def __init__(self, folder: Path, engine: Callable[[Address], Engine]) -> None:
        """`folder`: the launcher's own in the worker's state."""
        self._folder, self._engine = folder / "left", engine
        self._again: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Take up what an earlier worker could not remove."""
        if self._folder.is_dir() and any(self._folder.iterdir()):
            self._start()

    async def close(self) -> None:
        """Try nothing more; a later worker does."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)

    async def remove(self, engine: Engine, name: str, ident: str, *, sure: bool) -> None:
        """Remove the container, now or as soon as its engine answers. `sure`: `ident` is the run's own; else it must
        have the run's label. Raises OSError."""
        try:
            await engine.ask(lambda: _remove(engine.client, name, ident, sure=sure))
        except (EngineAway, EngineRefused) as error:
            _log.warning("%s: its container cannot be removed yet: %s", name, error)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / name).write_text(engine.address.to_json())
            self._start()

    def _start(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        pause = _FIRST
        while True:
            for path in sorted(self._folder.iterdir()):
                with contextlib.suppress(EngineAway, EngineRefused, OSError, ValueError, TypeError):
                    engine, name = self._engine(Address.from_json(path.read_text())), path.name
                    await engine.ask(lambda e=engine, n=name: _remove(e.client, n, n, sure=False))
                    path.unlink()
            if not any(self._folder.iterdir()):
                return
            await asyncio.sleep(pause)
            pause = min(_LAST, 2 * pause)


def _remove(client: EngineClient, name: str, ident: str, *, sure: bool) -> None:
    if not sure:
        seen = client.inspect(ident)
        if seen is None or run_of(seen) != name:
            return
        ident = seen["Id"]
    client.remove(ident)
