"""What a command gets of its worker's own environment: an allow-list, never the whole.

Source: POSIX, Base Definitions, 8 (environment variables).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from typing import Final

__all__ = ["ALLOWED", "base_environment"]

ALLOWED: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What a command gets of the worker's own environment; everything else would leak what the operator's shell happens
to hold."""

_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def base_environment(allowed: Sequence[str] = ALLOWED) -> dict[str, str]:
    """The variables of this process that `allowed` names, with PATH and the user's HOME, USER and LOGNAME.

    A worker computes it once, from its settings. What runs without a worker takes the default.
    """
    base = {name: os.environ[name] for name in allowed if name in os.environ}
    base.setdefault("PATH", _DEFAULT_PATH)
    try:
        me = pwd.getpwuid(os.getuid())
        base |= {"HOME": me.pw_dir, "USER": me.pw_name, "LOGNAME": me.pw_name}
    except KeyError:  # a uid without an entry, as in many containers
        base["HOME"] = "/"
    return base
