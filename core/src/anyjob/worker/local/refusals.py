"""What the shim would refuse of a command, asked of its own code without a shim."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from anyjob.spec import Limits
from anyjob.worker.shim import limits as shim_limits
from anyjob.worker.shim.spawn import StartError, find

__all__ = ["refusals"]


def refusals(argv: Sequence[str], env: Mapping[str, str], cwd: str | None, limits: Limits) -> list[str]:
    """Why the command would not start here, a sentence each. `cwd` None: the run's own folder, which is made for it.

    Looked up as this process's user: a run as somebody else may see less.
    """
    found: list[str] = []
    try:
        shim_limits.check(limits.model_dump())
    except StartError as error:
        found += _said(error)
    if cwd is not None and not os.path.isdir(cwd):
        found.append(f"cwd {cwd}: {'not a folder' if os.path.exists(cwd) else 'no such folder'}")
    if not argv:
        return [*found, "argv: it names no program"]
    try:
        path = find(argv[0], env)
    except StartError as error:
        return [*found, *_said(error)]
    if "/" in argv[0]:
        path = os.path.join(cwd or "", path)
        if cwd is None and not os.path.isabs(path):
            return found  # of the run's folder, which is not there yet
        if not os.path.exists(path):
            found.append(f"{path}: no such file (ENOENT)")
        elif os.path.isdir(path) or not os.access(path, os.X_OK):
            found.append(f"{path}: not executable (EACCES)")
    return found


def _said(error: StartError) -> list[str]:
    return [text for _, text in error.evidence]
