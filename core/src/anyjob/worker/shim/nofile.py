"""The shim may need more open files than its children should get: their limit is inherited.

Source: Linux man-pages, getrlimit(2), RLIMIT_NOFILE.
"""

from __future__ import annotations

import resource

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_raised = False


def need(files: int) -> None:
    """Make room for so many, as far as the hard limit goes."""
    global _raised  # noqa: PLW0603 - a limit of the process, not of an object
    if files > _soft:
        _raised = True
        up()


def down() -> None:
    """Before a spawn: what the shim began with."""
    if _raised:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_soft, _hard))


def up() -> None:
    """After a spawn. Files that are open above the lower limit stay open in between."""
    if _raised:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))
