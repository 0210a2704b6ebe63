"""`server.json` of a state folder: how commands on the server's machine find it, and a key that lives as long as it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from anyjob.cli.folders import home
from anyjob.errors import StateUnusable

__all__ = ["SERVER_FILE", "ServerFile", "default_state", "read_server_file", "write_server_file"]

SERVER_FILE: Final = "server.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFile:
    """A server that runs, or was killed. Its key stands in no store: it is worth something while the process lives."""

    url: str
    pid: int
    key: str
    secret: str = field(repr=False)
    fingerprint: str = ""

    def lives(self) -> bool:
        """Whether a process has its number. A killed server's number may be somebody else's by now.

        Source: Linux man-pages, proc(5), the state in /proc/PID/stat.
        """
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_bytes()
        except OSError:
            return True
        # One that was killed keeps its number until its parent, a shell perhaps, has looked at its end.
        return stat.rpartition(b")")[2].split()[:1] not in ([b"Z"], [b"X"])


def default_state() -> Path:
    """`$XDG_STATE_HOME/anyjob/server`, beside the folders of `anyjob run`.

    For root without that variable `/var/lib/anyjob/server`: jobs of other users must be able to pass through it.
    """
    if os.getuid() == 0 and not os.path.isabs(os.environ.get("XDG_STATE_HOME", "")):
        return Path("/var/lib/anyjob/server")
    return home().parent / "server"


def read_server_file(state: Path) -> ServerFile | None:
    """None where no server has been since the last one ended well. Raises StateUnusable."""
    path = state / SERVER_FILE
    try:
        said: Mapping[str, Any] = json.loads(path.read_bytes())
        return ServerFile(**said)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise StateUnusable(state, f"{SERVER_FILE} may be read only by who runs the server") from error
    except OSError as error:
        raise StateUnusable(state, f"{error.strerror} ({error.filename})") from error
    except (ValueError, TypeError) as error:
        raise StateUnusable(state, f"{SERVER_FILE} cannot be read: {error}") from error


def write_server_file(state: Path, file: ServerFile) -> None:
    """Readers see a whole file, and nobody but this user. Raises StateUnusable."""
    new = state / f"{SERVER_FILE}.new"
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(file), stream, indent=1)
        new.replace(state / SERVER_FILE)
    except OSError as error:
        raise StateUnusable(state, f"{error.strerror} ({error.filename})") from error
