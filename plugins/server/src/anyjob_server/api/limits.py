"""How much of a stranger's request the server takes, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ApiLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """Sizes in bytes, times in seconds."""

    head: int = 128 * 1024
    """Request line and headers: a CreateJob by GET has its script there."""
    body: int = 2 * 1024 * 1024
    held: int = 64 * 1024 * 1024
    """Bodies of all requests that are being read."""
    connections: int = 1000
    head_seconds: float = 10.0
    """From the first byte of a request, or from the connection, to the end of its headers."""
    body_seconds: float = 30.0
    """From there to the end of the body; also what a client may take to read its answer."""
    idle_seconds: float = 60.0
    """Between two requests of a connection."""
