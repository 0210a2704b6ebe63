"""Around the script: the result file, working directory, environment, secrets, user, leftovers."""

from __future__ import annotations

import getpass
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.shell.runs import Shell

from anyjob.outcome import Cause, Strength
from anyjob.testing.processes import alive
from anyjob.testing.rig import Rig
from anyjob.worker.settings import SecretSource, WorkerSettings


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo '{\"a\": 1' > $ANYJOB_RESULT", "the file was not read"),
        ("echo '[1, 2]' > $ANYJOB_RESULT", "the file holds a JSON list; write an object"),
        ("printf '\\377' > $ANYJOB_RESULT", "the file was not read"),
        (
            "(printf '{\"a\": \"'; head -c 1100000 /dev/zero | tr '\\0' x; printf '\"}') > $ANYJOB_RESULT",
            "over 1048576",
        ),
        ("mkfifo $ANYJOB_RESULT", "it is no regular file"),
        ("mkdir $ANYJOB_RESULT", "it is no regular file"),
        ("echo '{\"a\": 1}' > other; ln -s other $ANYJOB_RESULT", "the file was not read"),
        ("ln -s /etc/passwd $ANYJOB_RESULT", "the file was not read"),
        ("yes '[' | head -c 200000 > $ANYJOB_RESULT", "the file was not read"),
    ],
)
def test_a_result_file_that_is_none_is_told_and_hurts_nothing(shell: Shell, script: str, says: str) -> None:
    got = shell.run(script + "; echo done")
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    assert got.outcome.result == "done"
    assert got.outcome.outputs == {}
    assert [item.text for item in got.outcome.evidence if item.source == "ANYJOB_RESULT" and says in item.text]


def test_a_failed_job_returns_outputs_too(shell: Shell) -> None:
    got = shell.run("echo '{\"rows\": 3}' > $ANYJOB_RESULT; exit 4")
    assert (got.outcome.code, got.outcome.outputs) == (4, {"rows": 3})


def test_the_working_directory(shell: Shell, tmp_path: Path) -> None:
    assert shell.run(shell.job("pwd -P", cwd=str(tmp_path))).outcome.result == str(tmp_path.resolve())
    own = shell.run("pwd -P; ls script")
    assert own.log.split()[0].endswith(own.order.name.encode()), "without one it is the run's own folder"
    assert own.outcome.result == "script"


def test_a_working_directory_that_is_not_there_is_the_jobs_fault(shell: Shell, tmp_path: Path) -> None:
    got = shell.run(shell.job("pwd", cwd=str(tmp_path / "nowhere")))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert str(tmp_path / "nowhere") in got.said


def test_the_environment_of_the_job(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_WORKER", "x")
    env = {"GREETING": "a b\nc=d", "EMPTY": "", "PATH": "/usr/bin:/bin"}
    got = shell.run(
        shell.job('printf "%s|%s|%s" "$GREETING" "${EMPTY-unset}" "${SECRET_OF_THE_WORKER-unset}"', env=env)
    )
    assert got.log == b"a b\nc=d||unset"


def test_a_secret_comes_as_a_file_and_as_a_variable_only_if_the_job_says_so(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret words\n")
    sources = {"db": SecretSource(file=file, groups=["*"])}
    script = """
    stat -c '%a' "$ANYJOB_SECRETS/PASSWORD"
    [ "$(cat "$ANYJOB_SECRETS/PASSWORD")" = "${GIVEN-unset}" ] && echo same || echo "not same: ${GIVEN-unset}"
    tr '\\0' ' ' < /proc/$$/cmdline | grep -c s3cret
    """
    plain = shell.run(shell.job(script, secrets={"PASSWORD": "db"}), secrets=sources)
    assert plain.log == b"600\nnot same: unset\n0\n"
    given = shell.job(script, secrets={"PASSWORD": "db"}, env={"GIVEN": {"secret": "PASSWORD"}})
    assert shell.run(given, secrets=sources).log == b"600\nsame\n0\n"


def test_a_secret_that_the_worker_does_not_have_ends_the_run_before_it_starts(shell: Shell) -> None:
    got = shell.run(shell.job("echo started", secrets={"PASSWORD": "db"}))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "[secrets.db]" in got.outcome.result
    assert got.log == b""


# ---------------------------------------------------------------- run-as


@pytest.fixture
def open_shell() -> Iterator[Shell]:
    """A state folder to which every user can pass; pytest's own is closed to all but the one who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        with Rig(Path(folder), job_type="shell") as rig:
            yield Shell(rig)


@pytest.mark.needs("root")
def test_a_user_that_is_allowed(open_shell: Shell) -> None:
    script = """
    id -un; echo "$USER $LOGNAME"
    echo '{"who": "me"}' > "$ANYJOB_RESULT"
    cat ../log > /dev/null 2>&1 && echo "reads its own log"
    ls .. > /dev/null 2>&1 && echo "lists the run's folder"
    echo end
    """
    settings = WorkerSettings(users={"*": ["nobody"]})
    got = open_shell.run(open_shell.job(script, user="nobody"), settings=settings)
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    assert got.log == b"nobody\nnobody nobody\nend\n"
    assert got.outcome.outputs == {"who": "me"}


@pytest.mark.needs("root")
@pytest.mark.parametrize("users", [{}, {"*": ["daemon"]}, {"other": ["nobody"]}])
def test_a_user_that_is_not_allowed(open_shell: Shell, users: dict[str, list[str]]) -> None:
    got = open_shell.run(open_shell.job("echo started", user="nobody"), settings=WorkerSettings(users=users))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "XAttrs.user" in got.outcome.result
    assert got.log == b""


@pytest.mark.needs("root")
def test_a_star_allows_every_user_but_root(open_shell: Shell) -> None:
    settings = WorkerSettings(users={"*": ["*"]})
    assert open_shell.run(open_shell.job("id -u", user="daemon"), settings=settings).outcome.result == "1"


def test_a_user_that_does_not_exist_and_the_workers_own(shell: Shell) -> None:
    got = shell.run(shell.job("echo started", user="no-such-user-here"))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "is no user of this node" in got.outcome.result
    own = getpass.getuser()
    listed = WorkerSettings(users={"*": [own]})  # root is on no list unless it is named, also for a worker that is root
    assert shell.run(shell.job("id -un", user=own), settings=listed).outcome.result == own


# ---------------------------------------------------------------- leftovers

_LEAVES = """
sleep 300 < /dev/null > /dev/null 2>&1 &
nohup setsid sleep 301 < /dev/null > /dev/null 2>&1 &
echo over
"""


def test_leftovers_are_killed_and_reported(shell: Shell) -> None:
    got = shell.run(_LEAVES)
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    assert got.outcome.result == "over"
    (said,) = [item.text for item in got.outcome.evidence if item.source == "leftovers"]
    assert said.startswith("2 killed after the leader had ended: "), said
    assert not alive(got.order.name)


def test_leftovers_may_be_a_failure(shell: Shell) -> None:
    got = shell.run(shell.job(_LEAVES, leftovers="fail"))
    assert got.outcome.cause is Cause.LEFTOVERS, got.said
    assert not alive(got.order.name)
    failed = shell.run(shell.job(_LEAVES + "exit 5", leftovers="fail"))
    assert (failed.outcome.cause, failed.outcome.code) == (Cause.EXIT_CODE, 5), "the job's own failure is the cause"


def test_leftovers_may_be_waited_for(shell: Shell, tmp_path: Path) -> None:
    late = tmp_path / "late"
    got = shell.run(shell.job(f"(sleep 0.4; echo late; : > {late}) &\necho over", leftovers="wait"))
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    assert late.exists()
    assert got.log == b"over\nlate\n"


def test_leftovers_may_go_on(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    got = shell.run(shell.job(f"sleep 300 > /dev/null 2>&1 & echo $! > {file}\necho over", leftovers="allow"))
    pid = int(file.read_text())
    try:
        assert got.outcome.cause is Cause.SUCCEEDED, got.said
        os.kill(pid, 0)
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.ASKED
        assert any(str(pid) in line for line in got.outcome.stop.survivors)
    finally:
        os.kill(pid, 9)


def test_an_outcome_with_everything_is_plain_json(shell: Shell) -> None:
    got = shell.run(_LEAVES + "printf '\\033[31m\\377\\n' ; echo '{\"a\": null}' > $ANYJOB_RESULT; exit 2")
    assert json.loads(json.dumps(got.outcome.to_json()))["code"] == 2
