"""The client of a command."""

from __future__ import annotations

from pathlib import Path

from anyjob_server.client.client import Client
from anyjob_server.client.target import find_target

__all__ = ["opened"]


def opened(server: str | None, namespace: str | None, group: str | None, state: Path | None) -> Client:
    """For the options of a command. Raises what `find_target` raises."""
    return Client(find_target(state, server=server, namespace=namespace, group=group))
