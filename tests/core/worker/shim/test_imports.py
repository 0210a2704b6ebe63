"""What the shim's own process may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import anyjob.worker.shim

FOLDER = Path(anyjob.worker.shim.__file__).parent
HEAVY = {"asyncio", "dataclasses", "inspect", "logging", "pathlib", "shutil", "subprocess", "threading", "typing"}
"""Standard modules that would make the shim a third larger, for nothing it needs."""


def test_only_the_standard_library_and_itself() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1, f"{path.name} reaches out of the package"
                continue
            else:
                continue
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_loads_without_site_packages_and_stays_light() -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import shim.keeper; print(*sys.modules)"
    argv = [sys.executable, "-I", "-S", "-c", code, str(FOLDER.parent)]
    loaded = set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())
    assert "shim.main" in loaded
    assert loaded & HEAVY == set()
    assert not [name for name in loaded if name.partition(".")[0] == "anyjob"]
