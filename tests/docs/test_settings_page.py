"""The sample settings of the page are accepted as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_sample_is_in_force(tmp_path: Path) -> None:
    (sample,) = re.findall(r"```toml\n(.*?)```", (ROOT / "core/docs/settings.md").read_text(), re.DOTALL)
    file = tmp_path / "anyjob.toml"
    file.write_text(
        sample.replace("[executors.NAME]", "[executors.shell]").replace("[launchers.NAME]", "[launchers.local]")
    )
    done = subprocess.run(
        [sys.executable, "-m", "anyjob", "config", "--json", "--config", file],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert str(64 << 20) in done.stdout
