"""Builds the jars into wheel and sdist where a JDK is; elsewhere they are built at their first use."""

# ruff: noqa: INP001 - hatchling looks for it here, beside pyproject.toml

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "anyjob_springschedule"


class JarsHook(BuildHookInterface):  # type: ignore[type-arg]
    """In the repository, or in an sdist: `anyjob_jvm` is found beside, its builder needs nothing but Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        javac = self._javac()
        builder = self._folder("anyjob_jvm") / "recipe.py"
        if version == "editable" or javac is None or not builder.is_file():
            return
        recipe = runpy.run_path(str(builder))
        self.scratch = tempfile.mkdtemp(prefix="anyjob-jars-")
        for one in recipe["read_recipes"](self._folder(PACKAGE), self._folder).values():
            jar = recipe["build"](one, javac, Path(self.scratch))
            source = "src/" if self.target_name == "sdist" else ""
            build_data["force_include"][str(jar)] = f"{source}{PACKAGE}/java/jars/{jar.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if getattr(self, "scratch", None):
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _folder(self, package: str) -> Path:
        own = Path(self.root, "src", package)
        beside = sorted(Path(self.root).parents[1].glob(f"*/*/src/{package}"))
        return own if own.is_dir() or not beside else beside[0]

    @staticmethod
    def _javac() -> Path | None:
        home = os.environ.get("JAVA_HOME")
        found = shutil.which("javac", path=f"{home}/bin" if home else None) or shutil.which("javac")
        return Path(found) if found else None
