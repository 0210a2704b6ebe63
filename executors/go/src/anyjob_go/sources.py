"""The Go sources that this package carries, written where a program can use them.

Source: SchedulerX worker for Go, the path of its module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from anyjob.errors import AnyJobError

__all__ = ["NotOurs", "write_dropin", "write_sdk"]

_HERE: Final = Path(__file__).parent
_MODULES: Final = {"sdk": "module anyjob\n", "dropin": "module github.com/alibaba/schedulerx-worker-go\n"}


class NotOurs(AnyJobError):
    """The folder holds something else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is not empty and holds no earlier copy of this module; name another folder.")


def write_sdk(folder: Path) -> list[Path]:
    """The module `anyjob`. A copy of an earlier version is replaced. Raises NotOurs, and OSError."""
    return _write(folder, "sdk", _tree("sdk"))


def write_dropin(folder: Path) -> list[Path]:
    """The module in place of the public SchedulerX worker; the SDK is inside it. Raises as `write_sdk`."""
    inside = {f"internal/anyjob/{name}": text for name, text in _tree("sdk").items() if name != "go.mod"}
    return _write(folder, "dropin", _tree("dropin") | inside)


def _tree(name: str) -> dict[str, bytes]:
    root = _HERE / name
    files = sorted(path for path in root.rglob("*") if path.suffix in {".go", ".mod"})
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _write(folder: Path, name: str, files: dict[str, bytes]) -> list[Path]:
    if folder.exists() and any(folder.iterdir()):
        mod = folder / "go.mod"
        if not mod.is_file() or not mod.read_text(errors="replace").startswith(_MODULES[name]):
            raise NotOurs(folder)
        for old in folder.rglob("*.go"):
            old.unlink()
    for place, text in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return [folder / place for place in files]
