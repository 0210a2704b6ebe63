"""The test images in an engine, loaded when a test asks for one."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.grounds.docker.wire import call
from tests.grounds.images import archive

__all__ = ["EngineImages"]


class EngineImages:
    """The images of an engine, which is reached by its socket."""

    def __init__(self, sock: Path) -> None:
        self._sock = sock

    def need(self, name: str) -> str:
        """Load that test image unless it is there, and return its name.

        Raises:
            Unavailable: This machine lacks what the image is made of.
            OSError: The engine does not answer, or refuses the image.
        """
        try:
            call(self._sock, "GET", f"/images/{quote(name)}/json")
        except OSError as refused:
            if " 404 " not in str(refused):
                raise
            self.load(archive.image(name))
        return name

    def load(self, tar: Path) -> None:
        """Load a docker-archive."""
        with open(tar, "rb") as body:
            said = call(self._sock, "POST", "/images/load?quiet=1", body)
        for line in said.splitlines():
            if "error" in (answer := json.loads(line)):
                raise OSError(f"{tar}: {answer['error']}")
