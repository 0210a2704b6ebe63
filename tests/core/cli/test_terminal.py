"""`anyjob run` on a terminal, with a user at the keys."""

from __future__ import annotations

import re

from tests.core.cli.program import Program, Terminal, gone


def test_control_sequences_never_reach_the_terminal(anyjob: Program) -> None:
    hostile = (
        "\\033[31mred\\033[0m \\033]0;title\\007\\033]52;c;aGk=\\033\\\\\\233"
        "2J \\r\\nnext\\rline\\033Pq#0\\033\\\\ \\000\\b end"
    )
    terminal = Terminal(anyjob, "run", anyjob.job(f"printf '{hostile}\\n'", XAttrs={"encoding": "latin-1"}))
    assert terminal.finish() == 0
    log, _, rest = terminal.shown.partition(b"anyjob: ")
    assert log == b"red  \r\nnext\r\nline  end\r\n"
    assert b"\x1b" not in rest


def test_the_log_is_decoded_for_the_terminal(anyjob: Program) -> None:
    terminal = Terminal(anyjob, "run", anyjob.job("printf '\\326\\320\\316\\304'", XAttrs={"encoding": "gbk"}))
    assert terminal.finish() == 0
    assert terminal.shown.startswith("中文\r\nanyjob: job 'a' succeeded".encode())


def test_ctrl_c_stops_the_job_and_shows_the_proof(anyjob: Program) -> None:
    terminal = Terminal(anyjob, "run", anyjob.job("echo pid $$ end; sleep 60"))
    terminal.wait_for(b" end")
    found = re.search(rb"pid (\d+)", terminal.shown)
    assert found
    terminal.type(b"\x03")
    assert terminal.finish() == 130
    assert b"anyjob: stopping job 'a'; a second signal forces it" in terminal.shown
    assert re.search(rb"job 'a' was stopped \(.*\); proven gone by ", terminal.shown)
    assert gone(int(found[1]))


def test_second_ctrl_c_forces_a_job_that_does_not_listen(anyjob: Program) -> None:
    script = "trap 'echo no' TERM; echo ready; while :; do sleep 0.1; done"
    terminal = Terminal(anyjob, "run", anyjob.job(script, XAttrs={"grace": 3600}))
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    terminal.wait_for(b"no\r\n")
    terminal.type(b"\x03")
    assert terminal.finish() == 130
    assert b"anyjob: forcing job 'a'" in terminal.shown
    assert b"proven gone by " in terminal.shown


def test_ctrl_c_between_two_attempts_starts_no_other(anyjob: Program) -> None:
    terminal = Terminal(anyjob, "run", anyjob.job("echo try; exit 1", MaxAttempt=1, AttemptInterval=3600))
    terminal.wait_for(b"the next begins in 3600 s")
    terminal.type(b"\x03")
    assert terminal.finish() == 130
    assert terminal.shown.count(b"try\r\n") == 1


def test_state_and_progress_stand_below_the_log(anyjob: Program) -> None:
    go = anyjob.folder / "go"
    script = f"echo 3 7 > $ANYJOB_PROGRESS; while [ ! -e {go} ]; do sleep 0.05; done; echo bye"
    terminal = Terminal(anyjob, "run", anyjob.job(script))
    terminal.wait_for(b"3 of 7")
    go.touch()
    assert terminal.finish() == 0
    # The line is taken away before anything else is written.
    assert b"\r\x1b[2Kbye\r\n" in terminal.shown
