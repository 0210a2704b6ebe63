"""Which program a job runs in, whether it may, and what is known before an attempt counts."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.executors.go.programs import Programs
from tests.executors.go.runs import Go, call, evidence, refusals
from tests.passage import let_through

from anyjob.cli.explanation import gather
from anyjob.executor import Attached, Own, Shared
from anyjob.job import BadJob, Job
from anyjob.outcome import Cause
from anyjob.plugins import PluginHost
from anyjob.settings import Settings
from anyjob_go.build import build
from anyjob_go.choice import Choice, chosen
from anyjob_go.executor import GoExecutor
from anyjob_go.names import Asked, Names
from anyjob_go.program import Program, changeable, find_program, has_mark
from anyjob_go.settings import GoSettings
from anyjob_go.spec import GoSpec

pytestmark = pytest.mark.needs("go")


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


# ---------------------------------------------------------------- the spec


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Content": ""}, "Content.jobName is missing; write the registered name here"),
        ({"Content": "HelloWorld"}, 'Content: "HelloWorld" is not JSON'),
        ({"Content": '{"jobName": "a\\nb"}'}, "is no name that a program can register"),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"binary": "./a"}}, 'XAttrs.binary: "./a" is neither an absolute'),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"binary": "/a/../b"}}, "is no path of a program"),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"binary": "/a\0b"}}, "holds a NUL byte"),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"isolation": "thread"}}, 'XAttrs.isolation: "thread"'),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"args": ["x"]}}, "XAttrs.args"),
        ({"Content": '{"jobName": "A"}', "XAttrs": {"cwd": "/tmp"}}, 'XAttrs.cwd: "/tmp" is for commands'),
    ],
)
def test_a_wrong_job_is_refused_by_field(fields: dict[str, Any], says: str) -> None:
    said = refusals(**fields)
    assert len(said) == 1
    assert says in said[0]


def test_the_alias_and_where_the_code_is() -> None:
    host = PluginHost.load(
        executor_settings={"go": {"binaries": {"shop": "/srv/shop", "Named": ["/srv/named", "--jobs"], "word": "/w"}}}
    )
    bound = host.dispatch(call("A", JobType="golang", XAttrs={"binary": "/a"}))
    executor = bound.executor
    assert isinstance(executor, GoExecutor)

    def kind(job: Job) -> type:
        spec = host.dispatch(job).spec
        assert isinstance(spec, GoSpec)
        return executor.kind(spec)

    assert kind(call("A")) is Attached
    assert kind(call("A", xattrs={"binary": "/a"})) is Own
    assert kind(call("A", xattrs={"binary": "/a", "isolation": "shared"})) is Shared
    assert kind(call("A", GroupId="shop")) is Own
    assert kind(call("Named", xattrs={"isolation": "shared"})) is Shared
    assert kind(call("A", xattrs={"isolation": "process"})) is Own


def test_the_nearest_word_decides() -> None:
    settings = GoSettings.model_validate(
        {"binaries": {"shop": "/srv/shop", "Named": ["/srv/named", "--jobs"], "*": "/srv/all"}}
    )

    def argv(**fields: Any) -> tuple[str, ...]:
        choice = chosen(GoSpec.model_validate({"job_name": "A", **fields}), settings)
        assert isinstance(choice, Choice)
        return choice.argv

    assert argv() == ("/srv/all",)
    assert argv(group="shop") == ("/srv/shop",)
    assert argv(group="shop", job_name="Named") == ("/srv/named", "--jobs")
    assert argv(group="shop", binary="/own") == ("/own",)
    assert argv(binary="Named") == ("/srv/named", "--jobs")


# ---------------------------------------------------------------- may it?


def bad_config(go: Go, job: Job) -> str:
    got = go.run(job)
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    return got.outcome.result


def test_a_program_outside_of_the_folders_is_refused(go: Go, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copy2(go.programs.odd, tmp_path / "odd"))
    said = bad_config(go, go.job("Hello", program=elsewhere))
    assert f'XAttrs.binary: "{elsewhere}" lies in none of the folders that [executors.go] folders lists' in said


def test_a_link_does_not_lead_out_of_the_folders(go: Go, tmp_path: Path) -> None:
    outside = shutil.copy2(go.programs.odd, tmp_path / "odd")
    link = go.programs.folder / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(outside)
    assert "lies in none of the folders" in bad_config(go, go.job("Hello", program=link))


def test_without_settings_a_job_names_what_its_user_may_execute_anyway(programs: Programs) -> None:
    job = call("Hello", xattrs={"binary": str(programs.odd)})
    assert not asyncio.run(gather(job, PluginHost.load(alone=True), Settings())).faults
    with pytest.raises(BadJob, match=r"XAttrs.binary: .* folders that \[executors.go\] folders lists; put it there"):
        PluginHost.load().bind(job)


def test_a_program_of_the_settings_may_lie_anywhere(go: Go, tmp_path: Path) -> None:
    elsewhere = shutil.copy2(go.programs.odd, tmp_path / "odd")
    made = Go(tmp_path / "rig2", go.programs, binaries={"shop": str(elsewhere)})
    with made.rig:
        assert made.run(call("Hello", GroupId="shop", Parameters="g")).outcome.result == "hello g"
        assert made.run(call("Hello", xattrs={"binary": "shop"}, Parameters="w")).outcome.result == "hello w"
        with pytest.raises(BadJob, match=r'"shpo" is no word of \[executors.go\] binaries; did you mean shop\?'):
            made.run(call("Hello", xattrs={"binary": "shpo"}))
        with pytest.raises(BadJob, match=r"XAttrs\.isolation"):
            made.run(call("Hello", xattrs={"isolation": "process"}))


@pytest.mark.needs("root")
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_root_runs_nothing_that_others_can_change(go: Go, what: str) -> None:
    folder = go.programs.folder / "open"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    program = Path(shutil.copy2(go.programs.odd, folder / "odd"))
    place = program if what == "the file" else folder
    place.chmod(stat.S_IMODE(place.stat().st_mode) | stat.S_IWGRP)
    said = bad_config(go, go.job("Hello", program=program))
    assert f"can be changed by others than its owner by {place}, and this worker is root; chmod go-w {place}" in said
    place.chmod(0o755)
    assert go.run(go.job("Hello", program=program)).outcome.ok


def test_a_sticky_folder_is_not_open(tmp_path: Path) -> None:
    folder = tmp_path / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    program = script(folder / "x", "true")
    assert changeable(str(program)) is None
    folder.chmod(0o777)
    assert changeable(str(program)) == str(folder)


# ---------------------------------------------------------------- is it there?


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("missing", "is not on this worker; put it there, or name a program that is here"),
        ("folder", "is a folder; name the program in it"),
        ("data", "cannot be executed on this worker; build it for this machine, or chmod +x it"),
    ],
)
def test_what_is_missing_is_known_before_an_attempt_counts(go: Go, what: str, says: str) -> None:
    path = go.programs.folder / what
    if what == "folder":
        path.mkdir()
    elif what == "data":
        script(path, "true", 0o644)
    got = go.run(go.job("Hello", program=path))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert got.outcome.result == f'XAttrs.binary: "{path}" {says}'


def test_a_program_without_the_sdk_is_told_by_its_end(go: Go) -> None:
    path = script(go.programs.folder / "plain", "echo done")
    got = go.run(go.job("Hello", program=path))
    assert got.outcome.cause is Cause.FAILED, got.said
    assert got.outcome.code == 0
    assert f"the Go SDK of anyjob is not in {path}: link it into the program" in evidence(got)


def test_a_program_of_another_format_is_told(go: Go) -> None:
    path = go.programs.folder / "text"
    path.write_text("no program\n")
    path.chmod(0o755)
    got = go.run(go.job("Hello", program=path))
    assert got.outcome.cause is not Cause.SUCCEEDED
    assert "ENOEXEC" in got.said or "the Go SDK of anyjob is not in" in evidence(got), got.said


def test_a_script_that_starts_a_program_is_as_good(go: Go) -> None:
    path = script(go.programs.folder / "wrapper", f'exec {go.programs.odd} "$@"')
    assert go.run(go.job("Hello", "w", program=path)).outcome.result == "hello w"


# ---------------------------------------------------------------- its names


def test_names_are_asked_once_for_each_build(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import anyjob_go.names as module

    calls: list[str] = []
    real = module._ask  # pyright: ignore[reportPrivateUsage]

    def noted(program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> Asked:
        calls.append(wanted)
        return real(program, argv, wanted, env)

    monkeypatch.setattr(module, "_ask", noted)
    path = str(shutil.copy2(programs.odd, tmp_path / "odd"))
    names = Names()

    def ask(wanted: str) -> bool:
        program = find_program(path)
        assert program is not None
        said = names.of(program, (path,), wanted, dict(os.environ)).names
        assert said is not None
        return wanted in said

    assert [ask("Hello"), ask("Hello"), ask("Late")] == [True, True, True]
    assert calls == ["Hello", "Late"]
    os.utime(path, (1, 1))
    assert ask("Hello")
    assert calls == ["Hello", "Late", "Hello"]
    assert not ask("Never")
    assert not ask("Never"), "that a name is missing is not kept"
    assert calls[3:] == ["Never", "Never"]


def test_a_file_without_the_mark_is_not_executed(tmp_path: Path) -> None:
    path = script(tmp_path / "x", f"touch {tmp_path}/ran; echo anyjob-go-sdk/")
    program = find_program(str(path))
    assert program is not None
    assert not has_mark(str(path))
    assert Names().of(program, (str(path),), "Hello", {}).names is None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("env", [{"ODD_FAILS": "no database"}, {"ODD_HANGS": "1"}], ids=["fails", "hangs"])
def test_a_program_that_gives_no_answer_is_nothing_known(
    programs: Programs, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import anyjob_go.names as module

    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    program = find_program(str(programs.odd))
    assert program is not None
    said = Names().of(program, (program.path,), "Hello", {**os.environ, **env})
    assert said.names is None
    assert said.why.startswith("it ended with 1" if "ODD_FAILS" in env else "it gave no answer within")


def test_variables_of_the_job_are_not_for_the_question(go: Go) -> None:
    """They may change which names there are, so a missing one is left to the run; and they could change what the
    worker executes."""
    got = go.run(go.job("Helo", env={"LD_PRELOAD": "/nowhere/x.so"}))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "is not registered in this program" in got.outcome.result
    hanging = go.run(go.job("Helo", env={"ODD_FAILS": "no database"}))
    assert hanging.outcome.cause is Cause.EXIT_CODE, hanging.said
    assert "no database" in hanging.outcome.result


def test_variables_of_the_job_do_not_reach_the_worker_s_own_process(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    import anyjob_go.names as module

    seen: list[Mapping[str, str]] = []
    real = module._ask  # pyright: ignore[reportPrivateUsage]

    def noted(program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> Asked:
        seen.append(env)
        return real(program, argv, wanted, env)

    monkeypatch.setattr(module, "_ask", noted)
    assert go.run(go.job("Hello", env={"LD_PRELOAD": "/nowhere/x.so", "TOKEN": "x"})).outcome.ok
    assert len(seen) == 1
    assert not {"LD_PRELOAD", "TOKEN"} & seen[0].keys()


@pytest.mark.needs("root")
def test_root_asks_as_the_owner_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "who").mkdir()
    (tmp_path / "who" / "go.mod").write_text("module who\n\ngo 1.20\n")
    (tmp_path / "who" / "main.go").write_text(
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"strings"\n)\n\n'
        'const mark = "anyjob-go-sdk/"\n\n'
        "func main() {\n"
        '\tfolder := strings.TrimPrefix(os.Getenv("ANYJOB_APP"), "names:")\n'
        '\ttext := fmt.Sprintf(`{"names": ["%d %d", "%s"]}`, os.Getuid(), os.Getgid(), mark)\n'
        '\tif err := os.WriteFile(folder+"/names.json", []byte(text), 0o600); err != nil {\n\t\tpanic(err)\n\t}\n}\n'
    )
    path = build(tmp_path / "who", tmp_path / "program")
    let_through(tmp_path)
    os.chown(path, 65534, 65534)
    program = find_program(str(path))
    assert program is not None
    said = Names().of(program, (str(path),), "", dict(os.environ))
    assert said.names == {"65534 65534", "anyjob-go-sdk/"}, said.why


def test_explain_shows_the_command_and_the_names(programs: Programs) -> None:
    job = call("Hello", xattrs={"binary": str(programs.odd)})
    said = asyncio.run(gather(job, PluginHost.load(alone=True), Settings()))
    assert said.faults == []
    assert said.command is not None
    assert list(said.command.argv) == [str(programs.odd)]
    assert said.command.env["ANYJOB_APP"] == "files:{run}"
    assert '"jobName": "Hello"' in said.command.files["start.json"]
    (names,) = said.preview["Names"]
    assert names.startswith(f"{programs.odd} serves Again, BadKill, BadOutputs, Broadcast,")
    wrong = asyncio.run(
        gather(call("Helo", xattrs={"binary": str(programs.odd)}), PluginHost.load(alone=True), Settings())
    )
    assert len(wrong.faults) == 1
    assert "did you mean Hello?" in wrong.faults[0]


def test_explain_of_an_application() -> None:
    said = asyncio.run(gather(call("Hello", GroupId="shop"), PluginHost.load(), Settings()))
    assert said.command is None
    assert said.preview == {
        "Call": ["Hello in an application of app group shop"],
        "Stop": ["its context is cancelled; ASKED if it ignores that"],
    }


def test_health(programs: Programs) -> None:
    async def health(**settings: Any) -> tuple[str, str]:
        said = await GoExecutor(GoSettings.model_validate(settings)).health()
        return said.state, said.why

    state, why = asyncio.run(health())
    assert (state, why.partition(";")[0]) == ("healthy", "no program in the settings")
    assert "XAttrs.binary" in why
    assert asyncio.run(health(binaries={"*": str(programs.odd)})) == ("healthy", "1 program in the settings")
    state, why = asyncio.run(health(binaries={"*": "/no/such"}))
    assert state == "unhealthy"
    assert why == "/no/such is not on this worker or not executable; put it there, or change [executors.go] binaries"
