"""The entry helper for this machine: in the wheel when it was built where a C compiler is, else built at its first use
and kept."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyjob_docker.recipe import SOURCE, BuildFailed, build, file_name

__all__ = ["EntryFile", "entry_file"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class EntryFile:
    """`path` None: there is none, and `why`."""

    path: Path | None
    why: str = ""


@lru_cache(maxsize=1)
def entry_file() -> EntryFile:
    """The helper; it blocks some tenths of a second when it is built. Asked once a process."""
    source = _HERE / SOURCE
    name = file_name(source)
    shipped = _HERE / "entry" / name
    if shipped.is_file():
        return EntryFile(shipped)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    try:
        folder = _cache()
        kept = folder / name
        _check(folder, stat.S_IFDIR)
        if kept.exists():
            _check(kept, stat.S_IFREG)
            return EntryFile(kept)
        if compiler is None:
            machine = platform.machine()
            return EntryFile(None, f"this wheel carries none for {machine}, and there is no C compiler to build it")
        return EntryFile(build(source, compiler, folder))
    except (BuildFailed, OSError) as error:
        return EntryFile(None, f"it could not be built: {error}")


def _cache() -> Path:
    """Root's is /var/cache/anyjob/docker, readable by all, because engines may run as others."""
    root = os.geteuid() == 0
    if root:
        folder = Path("/var/cache/anyjob/docker")
    else:
        given = os.environ.get("XDG_CACHE_HOME", "")
        folder = (Path(given) if given.startswith("/") else Path.home() / ".cache") / "anyjob" / "docker"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o755 if root else 0o700, exist_ok=True)
        folder.chmod(0o755 if root else 0o700)  # whatever the umask is
    return folder


def _check(path: Path, kind: int) -> None:
    """Raises OSError for what somebody else could have put there."""
    seen = os.lstat(path)
    if stat.S_IFMT(seen.st_mode) != kind or seen.st_uid not in (0, os.geteuid()) or seen.st_mode & 0o022:
        raise OSError(f"{path} is a link, belongs to somebody else, or can be written by others; remove it")
