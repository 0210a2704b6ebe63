"""`anyjob cron`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from anyjob_server.cli.cron import cron

PROGRAM = Path(sys.executable).with_name("anyjob")
APP = typer.Typer()
APP.command()(cron)


def anyjob(*words: str) -> Result:
    """In this process: the program itself is started once."""
    return CliRunner().invoke(APP, words)


def test_the_next_times_for_people() -> None:
    done = anyjob("0 30 2 * * ?", "--timezone", "Europe/Berlin", "--after", "1774659600", "--count", "2")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "Sat 2026-03-28 02:30:00 +0100  1774661400\n"
        "Mon 2026-03-30 02:30:00 +0200  1774830600\n"
    )  # fmt: skip


def test_the_next_times_for_programs_in_this_machine_s_zone() -> None:
    argv = [PROGRAM, "cron", "0 0 0 1 1 ? 2027-2028", "--after", "1774659600", "--json"]
    env = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"fires": [1798779600, 1830315600]}


def test_it_says_that_there_is_no_more() -> None:
    done = anyjob("0 0 0 1 1 ? 2020", "--timezone", "GMT+8", "--after", "1774659600")
    assert (done.exit_code, done.stdout) == (0, "It never fires again in GMT+8.\n")


def test_what_is_wrong_for_people() -> None:
    done = anyjob("0 0 25 * * ?")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        'anyjob: Cron "0 0 25 * * ?" cannot be used:\n'
        '  hour: "25" is out of range; write 0 to 23\n'
        "      0 0 25 * * ?\n"
        "          ^\n"
    )


def test_what_is_wrong_for_programs() -> None:
    done = anyjob("0 0 25 * * ?", "--json")
    assert (done.exit_code, done.stderr) == (2, "")
    assert json.loads(done.stdout) == {
        "error": {
            "field": "hour",
            "value": "25",
            "remedy": "is out of range; write 0 to 23",
            "position": 4,
            "excerpt": "0 0 25 * * ?\n    ^",
        }
    }
    done = anyjob("0 0 2 * * ?", "--json", "--timezone", "Berlin")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["field"] == "--timezone"
