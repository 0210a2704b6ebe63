"""The keys of XAttrs that the local launcher owns."""

from __future__ import annotations

from anyjob.executor.launcher import Options

__all__ = ["LocalOptions"]


class LocalOptions(Options):
    """None of its own: limits, user, cwd and the rest are common keys."""
