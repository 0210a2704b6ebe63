"""Builds the entry helper into wheels where a C compiler is; elsewhere it is built at its first use, if it can be."""

# ruff: noqa: INP001 - hatchling looks for it here, beside pyproject.toml

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("src", "anyjob_docker")


class EntryHook(BuildHookInterface):  # type: ignore[type-arg]
    """The file's name says for which machine it is, so that the wheel stays one for all."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if version == "editable" or self.target_name != "wheel" or compiler is None:
            return
        package = Path(self.root) / PACKAGE
        recipe = runpy.run_path(str(package / "recipe.py"))
        self.scratch = tempfile.mkdtemp(prefix="anyjob-entry-")
        try:
            made = recipe["build"](package / recipe["SOURCE"], compiler, Path(self.scratch))
        except recipe["BuildFailed"]:  # such as a machine whose system calls it does not know
            return
        build_data["force_include"][str(made)] = f"anyjob_docker/entry/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if getattr(self, "scratch", None):
            shutil.rmtree(self.scratch, ignore_errors=True)
