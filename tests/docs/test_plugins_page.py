"""The few lines that make a package a plugin make one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.docs.fences import blocks


def test_its_package_is_one(tmp_path: Path) -> None:
    (points,), (module,) = blocks("core/docs/plugins.md", "toml"), blocks("core/docs/plugins.md", "python")
    ((name, target),) = tomllib.loads(points)["project"]["entry-points"]["anyjob"].items()
    package, _, file = target.partition(".")
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / f"{file}.py").write_text(module)
    installed = tmp_path / "anyjob_sql-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: anyjob-sql\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[anyjob]\n{name} = {target}\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    argv = [sys.executable, "-m", "anyjob", "plugins", "--json"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert "sql" in json.loads(done.stdout)["types"], done.stderr
