"""The examples of docs/api.md, as they are printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.plugins.server.api.liveground import live
from tests.plugins.server.api.wireground import KEY_ID, SECRET

PAGE = Path(__file__).parents[4] / "plugins/server/docs/api.md"


def test_the_examples_make_and_run_a_job(tmp_path: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with live(tmp_path) as server:
        said: list[str] = []
        for program in programs:
            assert "127.0.0.1:7780" in program
            there = program.replace("127.0.0.1:7780", f"127.0.0.1:{server.port}")
            text = f"KEY, SECRET = {KEY_ID!r}, {SECRET!r}\n{there}"
            quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
            ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=quiet)
            assert ran.returncode == 0, ran.stderr
            said.append(ran.stdout)
        assert said == ["1\n", ""]
        listed = server.call("GetJobInstanceList", JobId=1)["Data"]["JobInstanceDetails"]
        assert [one["JobName"] for one in listed] == ["hello"]


def test_the_answers_are_as_printed() -> None:
    for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL):
        assert set(json.loads(text)) >= {"RequestId", "Message", "Code"}
