"""The server's memory: tables, one writer, a few readers."""

from anyjob_server.store.errors import (
    GroupGone,
    GroupNotEmpty,
    GroupTaken,
    JobGone,
    KeyTaken,
    NamespaceGone,
    NamespaceNotEmpty,
    NamespaceTaken,
    NameTaken,
    NeverAllowed,
    SealUnusable,
    StoreError,
    StoreFull,
    StoreInUse,
    StoreLost,
    StoreNewer,
    StoreUnusable,
)
from anyjob_server.store.store import DATABASE_FILE, Store
from anyjob_server.store.transitions import Transition

__all__ = [
    "DATABASE_FILE",
    "GroupGone",
    "GroupNotEmpty",
    "GroupTaken",
    "JobGone",
    "KeyTaken",
    "NameTaken",
    "NamespaceGone",
    "NamespaceNotEmpty",
    "NamespaceTaken",
    "NeverAllowed",
    "SealUnusable",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "StoreLost",
    "StoreNewer",
    "StoreUnusable",
    "Transition",
]
