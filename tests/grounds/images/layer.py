"""One layer of an image: which file of this machine stands where. Described first, written only when nobody has it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.grounds.images.libraries import libraries

__all__ = ["Layer"]


@dataclass
class Layer:
    """A tar of files owned by root. Places are paths in the image without the first slash."""

    files: dict[str, Path | bytes] = field(default_factory=dict[str, Path | bytes])
    modes: dict[str, int] = field(default_factory=dict[str, int])
    """Of `files` and `folders` that are not 0644, or 0755 for a folder."""
    links: dict[str, str] = field(default_factory=dict[str, str])
    folders: set[str] = field(default_factory=set[str])
    """Empty folders; those above a file come by themselves."""

    def program(self, place: str, source: Path) -> None:
        """A file to execute."""
        self.files[place], self.modes[place] = source, 0o755

    def tree(self, place: str, source: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
        """The files below a folder, but for the files and folders whose path relative to it is not wanted."""
        for where, folders, files in os.walk(source):
            above = PurePosixPath(where).relative_to(source)
            folders[:] = [name for name in folders if wanted(above / name)]
            self.files.update({f"{place}/{above / name}": Path(where, name) for name in files if wanted(above / name)})

    def key(self) -> str:
        """Equal for equal content. Files of the machine count by path, size and time: they may be 100 MB."""
        said = [repr(sorted(self.links.items())), repr(sorted(self.folders)), repr(sorted(self.modes.items()))]
        for place, source in sorted(self.files.items()):
            if isinstance(source, Path):
                look = source.stat()
                said.append(f"{place} {source} {look.st_size} {look.st_mtime_ns}")
            else:
                said.append(f"{place} {source!r}")
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def write(self) -> bytes:
        """The tar, with the shared libraries that its programs and modules load."""
        files = dict(self.files)
        dynamic = [path for place, path in files.items() if isinstance(path, Path) and self._loads(place)]
        files.update(libraries(dynamic))
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for folder in sorted(self.folders | set(_above([*files, *self.links, *self.folders]))):
                _add(tar, folder, tarfile.DIRTYPE, self.modes.get(folder, 0o755))
            for place, source in sorted(files.items()):
                data = source.read_bytes() if isinstance(source, Path) else source
                usual = 0o755 if place not in self.files else 0o644
                # Compiled Python names the time of its source.
                time = int(source.stat().st_mtime) if isinstance(source, Path) else 0
                _add(tar, place, tarfile.REGTYPE, self.modes.get(place, usual), data=data, time=time)
            for place, target in sorted(self.links.items()):
                _add(tar, place, tarfile.SYMTYPE, 0o777, link=target)
        return out.getvalue()

    def _loads(self, place: str) -> bool:
        return place in self.modes or place.endswith(".so")


def _above(places: Iterable[str]) -> set[str]:
    return {str(parent) for place in places for parent in PurePosixPath(place).parents} - {"."}


def _add(
    tar: tarfile.TarFile, name: str, kind: bytes, mode: int, *, data: bytes = b"", link: str = "", time: int = 0
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname, entry.mtime = kind, mode, len(data), link, time
    tar.addfile(entry, io.BytesIO(data))
