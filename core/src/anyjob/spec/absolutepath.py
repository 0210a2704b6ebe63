"""A path in settings: where it counts from must not depend on the folder in which a worker was started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

__all__ = ["AbsolutePath"]


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("is a relative path; write it from the root")
    return path


AbsolutePath: TypeAlias = Annotated[Path, AfterValidator(_absolute)]
"""A path from the root."""
