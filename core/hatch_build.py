"""Puts the template of a new executor into wheel and sdist: `anyjob new-executor` copies it from there."""

# ruff: noqa: INP001 - hatchling looks for it here, beside pyproject.toml

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplateHook(BuildHookInterface):  # type: ignore[type-arg]
    """An editable core finds the template in the tree; a wheel that is built from an sdist finds it inside."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        carried = runpy.run_path(str(root / "src/anyjob/scaffold/carried.py"))
        source, target = root.parent / carried["SOURCE"], carried["CARRIED"]
        if version == "editable" or (root / target / "pyproject.toml").is_file():
            return
        if not source.is_dir():
            raise FileNotFoundError(f"{source} is missing: build anyjob from its repository, or from its sdist")
        for name in carried["template_files"](source):
            build_data["force_include"][str(source / name)] = f"{target}/{name}"
