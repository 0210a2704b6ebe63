"""The script: line ends, interpreters, arguments, and what its result is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.executors.shell.runs import Shell

from anyjob.job import BadJob, Job
from anyjob.outcome import Cause
from anyjob.plugins import PluginHost
from anyjob.run import Shard
from anyjob_shell.samples import SAMPLES


def refused(job: Job) -> list[str]:
    with pytest.raises(BadJob) as bad:
        PluginHost.load().bind(job)
    return [str(problem) for problem in bad.value.problems]


def test_a_script_written_on_windows_runs(shell: Shell) -> None:
    got = shell.run("for n in 1 2; do\r\n  echo $n\r\ndone\r\n")
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    assert got.log == b"1\n2\n"


def test_a_byte_order_mark_is_no_part_of_the_first_command(shell: Shell) -> None:
    """A shell took it for one, said `not found` and went on: a success whose first command never ran."""
    got = shell.run("\ufeffecho first\r\necho \ufeffsecond\r\n")
    assert got.log.decode() == "first\n\ufeffsecond\n"
    kept = shell.run(shell.job("\ufeffa\r\n", command="cat", fileFormat="windows"))
    assert kept.log.decode() == "\ufeffa\r\n"


def test_windows_line_ends_are_kept_for_an_interpreter_that_wants_them(shell: Shell) -> None:
    script = "a\r\nb\r\n"
    assert shell.run(shell.job(script, command="cat", fileFormat="windows")).log == b"a\r\nb\r\n"
    assert shell.run(shell.job(script, command="cat", fileFormat="unix")).log == b"a\nb\n"
    assert shell.run(shell.job("a\rb", command="cat")).log == b"a\rb", "a lone carriage return is no line end"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo a\0b", 'Content: "echo a\\x00b" holds a NUL byte'),
        ("", "Content is empty; write the script here"),
        (" \n\t\n", 'Content: " \\n\\t\\n" holds blanks only; write the script to run'),
    ],
)
def test_a_script_that_is_none_is_refused_when_the_job_is_created(script: str, says: str) -> None:
    with pytest.raises(BadJob) as bad:
        PluginHost.load().bind(Job(name="script", job_type="shell", content=script))
    assert says in str(bad.value)


def test_an_unknown_key_is_told_with_the_nearest(shell: Shell) -> None:
    assert refused(shell.job("echo", fileFormt="unix")) == [
        'XAttrs.fileFormt: "unix" is read by nobody; did you mean fileFormat?'
    ]
    (said,) = refused(shell.job("echo", fileFormat="mac"))
    assert "unix" in said
    assert "windows" in said


@pytest.mark.parametrize("command", ["/bin/bash", "bash"])
def test_another_shell(shell: Shell, command: str) -> None:
    got = shell.run(shell.job("words=(a b c)\necho ${#words[@]}", command=command))
    assert got.outcome.result == "3", got.said


def test_any_interpreter(shell: Shell) -> None:
    code = "import sys\nprint('argv', sys.argv[1:])\nprint(2 ** 100)"
    got = shell.run(shell.job(code, command=sys.executable))
    assert got.outcome.result == str(2**100), got.said
    assert got.log.startswith(b"argv []\n")


def test_an_interpreter_is_looked_up_on_the_path_of_the_job(shell: Shell, tmp_path: Path) -> None:
    tool = tmp_path / "tools" / "speak"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "speak: $(cat "$1")"\n')
    tool.chmod(0o755)
    path = f"{tool.parent}:{os.environ['PATH']}"
    assert shell.run(shell.job("words", command="speak", env={"PATH": path})).outcome.result == "speak: words"
    missing = shell.run(shell.job("words", command="speak"))
    assert missing.outcome.cause is Cause.DEPENDENCY_MISSING


@pytest.mark.parametrize("kind", ["missing", "not executable", "a folder", "a text", "of no interpreter"])
def test_an_interpreter_that_cannot_run_is_named(shell: Shell, tmp_path: Path, kind: str) -> None:
    tool = tmp_path / "tool"
    match kind:
        case "not executable":
            tool.write_text("#!/bin/sh\n")
        case "a folder":
            tool.mkdir()
        case "a text":
            tool.write_bytes(b"\x7fnothing that runs")
            tool.chmod(0o755)
        case "of no interpreter":
            tool.write_text("#!/no/such/thing\n")
            tool.chmod(0o755)
        case _:
            pass
    got = shell.run(shell.job("echo", command=str(tool)))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert str(tool) in got.said
    if kind == "of no interpreter":
        assert "/no/such/thing" in got.said


def test_a_shard_is_arguments_one_and_two(shell: Shell) -> None:
    script = 'echo "$#:$1:$2"'
    assert shell.run(script).outcome.result == "0::"
    shard = Shard(id=7, parameter='a b "c" $HOME', total=9)
    assert shell.run(script, shard=shard).outcome.result == '2:7:a b "c" $HOME'


def test_placeholders_are_filled_and_strange_ones_stay(shell: Shell) -> None:
    job = Job(
        name="fill",
        job_type="shell",
        parameters="p",
        content="echo '#{schedulerx.jobParameters} #{other} #{schedulerx.x}'",
    )
    assert shell.run(job).outcome.result == "p #{other} #{schedulerx.x}"


def test_a_placeholder_that_is_nearly_one_is_refused_and_a_stored_job_goes_on(shell: Shell) -> None:
    job = shell.job("echo '#{schedulerx.jobIdd}' '#{schedulerx.jobid}' '#{schedulerx.x}' '#{schedulerx.jobIdd}'")
    assert refused(job) == [
        'Content: "#{schedulerx.jobIdd}" is filled by nobody; did you mean jobId?',
        'Content: "#{schedulerx.jobid}" is filled by nobody; did you mean jobId?',
    ]
    host = PluginHost.load()
    assert host.dispatch(job, host.bind(shell.job("echo"))).spec is not None


def test_text_of_whoever_fires_is_not_pasted_into_the_script(shell: Shell) -> None:
    script = "echo '#{schedulerx.instanceParameters}'"
    (said,) = refused(shell.job(script))
    assert said.startswith('Content: "#{schedulerx.instanceParameters}" would paste text of whoever fires a run')
    assert "ANYJOB_INSTANCE_PARAMETERS, or set XAttrs.paste to true" in said
    # That a shard's text is the caller's is known at the run alone.
    shard = Shard(id=0, parameter="'; echo pwned; '", total=1)
    got = shell.run("echo '#{schedulerx.shardingParameters}'", shard=shard, instance_parameters="0='; echo pwned; '")
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "ANYJOB_SHARD_PARAMETER" in got.outcome.result
    assert got.log == b""
    allowed = shell.run(shell.job(script, paste=True), instance_parameters="fine")
    assert allowed.outcome.result == "fine"


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("echo one; echo two; echo; printf '  \\n\\t\\n'", "two"),
        ("printf 'no end'", "no end"),
        ("true", ""),
        ("echo out; echo err >&2", "err"),
        ("printf '10%%\\r50%%\\r100%%\\r\\n'", "100%"),
        ("echo first; head -c 100000 /dev/zero | tr '\\0' x", "x" * 65536),
    ],
)
def test_the_result_is_the_last_line_that_is_not_empty(shell: Shell, script: str, result: str) -> None:
    assert shell.run(script).outcome.result == result


def test_code_0_is_success_and_any_other_is_kept(shell: Shell) -> None:
    codes = {0: Cause.SUCCEEDED, 1: Cause.EXIT_CODE, 77: Cause.EXIT_CODE, 255: Cause.EXIT_CODE}
    for code, cause in codes.items():
        outcome = shell.run(f"exit {code}").outcome
        assert (outcome.cause, outcome.code) == (cause, code)


def test_a_signal_that_anyjob_did_not_send_is_the_cause(shell: Shell) -> None:
    got = shell.run("kill -SEGV $$")
    assert (got.outcome.cause, got.outcome.code) == (Cause.SIGNAL, 128 + 11)


def test_a_script_that_removes_its_log_is_not_called_silent(shell: Shell) -> None:
    """One that tidies up around itself can, as the worker's own user."""
    got = shell.run('echo lost; rm -r "$(dirname "$0")"')
    assert got.outcome.cause is Cause.SUCCEEDED
    assert [item.text for item in got.outcome.evidence if item.source == "log"] == [
        "it was removed while the run went on; what it held is lost"
    ]
    silent = shell.run("true").outcome
    assert (silent.result, silent.evidence) == ("", [])


def test_its_samples_leave_nothing_out() -> None:
    """So a shell job can lack nothing in the conformance suite."""
    assert [name for name in SAMPLES.__dataclass_fields__ if not getattr(SAMPLES, name)] == []
