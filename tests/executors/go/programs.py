"""Programs built for the tests, each once a session."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from anyjob_go.build import build
from anyjob_go.sources import write_dropin, write_sdk

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Programs:
    """`odd` uses the SDK, `user` is written for the public worker. `sdk` and `dropin` are the modules, written out."""

    folder: Path
    odd: Path
    user: Path
    sdk: Path
    dropin: Path


def make(folder: Path) -> Programs:
    sdk, dropin = folder / "anyjob", folder / "schedulerx"
    write_sdk(sdk)
    write_dropin(dropin)
    (folder / "bin").mkdir()

    def made(name: str) -> Path:
        shutil.copytree(HERE / name, folder / name)
        return build(folder / name, folder / "bin" / name)

    return Programs(folder=folder, odd=made("odd"), user=made("user"), sdk=sdk, dropin=dropin)
