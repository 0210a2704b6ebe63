"""Every operation that is served: one for each module of `operations`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from anyjob_server.api import operations
from anyjob_server.api.operation import Operation

__all__ = ["VERSION", "all_operations"]

VERSION = "2019-04-30"


@cache
def all_operations() -> Mapping[str, Operation]:
    """By name. A module without OPERATION, or a name twice, is our own mistake: AttributeError or ValueError."""
    found: dict[str, Operation] = {}
    for module in pkgutil.iter_modules(operations.__path__):
        operation: Operation = importlib.import_module(f"{operations.__name__}.{module.name}").OPERATION
        if operation.name in found:
            raise ValueError(f"two operations are named {operation.name}")
        found[operation.name] = operation
    return found
