"""As whom a run runs, and what of it that user may reach."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from anyjob.job import Job
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import SecretSource, WorkerSettings
from anyjob.worker.worker import Worker

pytestmark = pytest.mark.needs("root")
SETTINGS = WorkerSettings(users={"*": ["nobody"]}, shim_idle=1)


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder that others can pass through to, unlike pytest's own."""
    place = Path("/tmp") / f"anyjob-identity-{os.getpid()}"
    yield place
    shutil.rmtree(place, ignore_errors=True)


def run(state: Path, content: str, **xattrs: object) -> tuple[Outcome, Path]:
    async def go() -> tuple[Outcome, Path]:
        secrets = {"token": SecretSource(env="ANYJOB_TEST_TOKEN", groups=["*"])}
        async with Worker(PluginHost.load(), state, SETTINGS, secrets) as worker:
            job = Job.from_wire({"Name": "j", "JobType": "shell", "Content": content, "XAttrs": xattrs})
            live = await worker.submit(RunOrder(job=job, instance=1))
            return await live.outcome(), worker.folder.runs / live.name

    return asyncio.run(go())


def test_a_job_runs_as_its_user_in_its_own_part_and_cannot_touch_its_log(state: Path) -> None:
    script = """
    echo "$(id -un) $(pwd)"
    echo '{"who": 1}' > "$ANYJOB_RESULT"
    (: > ../log) 2>/dev/null && echo 'the log was emptied'
    ls "$(dirname "$PWD")" 2>/dev/null && echo 'the folder was listed'
    ls ../../.. 2>/dev/null && echo 'the state was listed'
    echo end
    """
    outcome, folder = run(state, script, user="nobody")
    assert outcome.cause is Cause.SUCCEEDED, outcome
    assert (folder / "log").read_text() == f"nobody {folder}/work\nend\n"
    assert outcome.outputs == {"who": 1}


def test_secrets_are_the_users_alone_and_gone_afterwards(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYJOB_TEST_TOKEN", "hunter2-hunter2")
    script = 'stat -c "%U %a" "$ANYJOB_SECRETS/TOKEN"; cat "$ANYJOB_SECRETS/TOKEN"'
    outcome, folder = run(state, script, user="nobody", secrets={"TOKEN": "token"})
    assert outcome.cause is Cause.SUCCEEDED, outcome
    assert (folder / "log").read_text() == "nobody 600\n[secret]"
    assert outcome.result == "[secret]"
    assert not (folder / "work/secrets").exists()
    assert "hunter2" not in (state / "worker.jsonl").read_text()
    for journal in (state / "shim").glob("*.jsonl"):
        assert "hunter2" not in journal.read_text()


def test_a_user_off_the_list_is_refused_by_name(state: Path) -> None:
    outcome, _ = run(state, "id", user="daemon")
    assert outcome.cause is Cause.BAD_CONFIG
    assert "not allowed for app group ''; allowed: nobody." in outcome.result


def test_a_state_folder_that_the_user_cannot_pass_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    outcome, _ = run(tmp_path / "state", "id", user="nobody")
    assert outcome.cause is Cause.BAD_CONFIG
    assert "cannot pass through /" in outcome.result
    assert "(--state)" in outcome.result


def run_of_group(state: Path, group_user: str, **fields: object) -> tuple[Outcome, Path]:
    async def go() -> tuple[Outcome, Path]:
        async with Worker(PluginHost.load(), state, SETTINGS) as worker:
            worker.run_as = lambda job: group_user if job.group_id == "own" else None
            job = Job.from_wire({"Name": "j", "JobType": "shell", "GroupId": "own", **fields})
            live = await worker.submit(RunOrder(job=job, instance=1))
            return await live.outcome(), worker.folder.runs / live.name

    return asyncio.run(go())


def test_the_user_of_an_app_group_may_be_a_number_without_a_name(state: Path) -> None:
    script = """
    echo "$(id -u):$(id -g) $USER"
    touch "$HOME/mine" && stat -c %u "$HOME/mine"
    cat ../log ../../../worker.jsonl ../../../lock 2>/dev/null && echo 'what is not its own was read'
    """
    outcome, folder = run_of_group(state, "1900000001", Content=script)
    assert (folder / "log").read_text() == "1900000001:1900000001 1900000001\n1900000001\n", outcome


def test_a_job_cannot_take_the_number_of_another_group(state: Path) -> None:
    outcome, _ = run_of_group(state, "1900000001", Content="id", XAttrs={"user": "1900000002"})
    assert outcome.cause is Cause.BAD_CONFIG
    assert 'XAttrs.user: "1900000002" is no user of this node' in outcome.result


def test_root_is_refused_to_a_job_that_names_it_also_where_the_worker_is_root(state: Path) -> None:
    outcome, _ = run(state, "id -u", user="root")
    assert outcome.cause is Cause.BAD_CONFIG
    assert "not allowed for app group ''; allowed: nobody." in outcome.result


def test_what_a_job_names_itself_is_still_asked_of_the_list(state: Path) -> None:
    outcome, _ = run_of_group(state, "1900000001", Content="id", XAttrs={"user": "daemon"})
    assert "not allowed for app group 'own'" in outcome.result
    outcome, folder = run_of_group(state / "two", "1900000001", Content="id -un", XAttrs={"user": "nobody"})
    assert (folder / "log").read_text() == "nobody\n", outcome


def test_a_group_user_that_is_not_there_is_named(state: Path) -> None:
    outcome, _ = run_of_group(state, "nobody-of-that-name", Content="id")
    assert 'The app group\'s user: "nobody-of-that-name" is no user of this node' in outcome.result


def test_a_folder_on_the_way_to_a_program_that_its_user_cannot_pass_is_named(state: Path) -> None:
    private = state.parent / f"{state.name}-private"
    private.mkdir(mode=0o700)
    try:
        (private / "tool").symlink_to("/bin/sh")
        link = state.parent / f"{state.name}-link"
        link.symlink_to(private / "tool")
        outcome, _ = run_of_group(state, "1900000001", Content="id", XAttrs={"command": str(link)})
        link.unlink()
    finally:
        shutil.rmtree(private)
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    said = "".join(item.text for item in outcome.evidence)
    assert f"uid 1900000001 cannot pass {private}: name one elsewhere by XAttrs.command, open that folder" in said
