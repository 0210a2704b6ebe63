"""`anyjob config`: which file counts, what it says, and what is default."""

from __future__ import annotations

import json
from typing import Any

from tests.core.cli.program import Program

SETTINGS = """
[worker]
log_quota = "10Mi"
[secrets.db]
command = ["echo", "hunter2"]
[executors.tuned]
token = "hunter2"
[executors.shell]
key = "hunter2"
[executors.gone]
key = "hunter2"
[egress]
allow = ["10.0.0.0/8"]
"""
TUNED = """
    from pydantic import BaseModel, SecretStr
    from anyjob.executor import FunctionExecutor
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class TunedSettings(BaseModel):
        token: SecretStr
        threads: int = 4

    class TunedSpec(Spec):
        pass

    class TunedExecutor(FunctionExecutor[TunedSpec]):
        def call(self, run, spec):
            raise NotImplementedError

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="tuned", executor=TunedExecutor, spec=TunedSpec, settings=TunedSettings)
"""


def shown(anyjob: Program, *arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head, and the values by key."""
    said = json.loads(anyjob("config", "--json", *arguments).out)
    return said, {one["key"]: one for one in said["values"]}


def test_values_and_where_they_come_from(anyjob: Program) -> None:
    anyjob.install("tuned", TUNED)
    file = anyjob.folder / "a.toml"
    file.write_text(SETTINGS)
    head, values = shown(anyjob, "--config", "a.toml")
    assert (head["file"], head["found_by"]) == (str(file), "--config")
    assert (values["worker.log_quota"]["value"], values["worker.log_quota"]["whence"]) == (10 << 20, str(file))
    assert (values["worker.cgroup"]["value"], values["worker.cgroup"]["whence"]) == ("auto", "default")
    assert values["worker.users"]["value"] == {}
    assert values["secrets.db.command"]["value"] == ["echo", "hunter2"]
    assert (values["executors.tuned.threads"]["value"], values["executors.tuned.threads"]["whence"]) == (4, "default")
    assert values["executors.tuned.token"]["value"] == "**********"
    assert values["executors.shell.key"]["note"] == "nobody reads it: it has no settings; the value is not shown"
    assert values["executors.gone.key"]["note"] == "nobody reads it: it is not installed; the value is not shown"
    assert (values["egress.allow"]["value"], values["egress.allow"]["whence"]) == (["10.0.0.0/8"], str(file))
    assert (values["egress.deny"]["value"], values["egress.deny"]["whence"]) == ([], "default")
    # The words of the operator's own command are a source; no value beside it is shown.
    text = anyjob("config", "--config", "a.toml").out.decode()
    assert text.count("hunter2") == 1
    assert f"settings  {file} (by --config)" in text


def test_settings_of_a_plugin_are_checked_by_its_model(anyjob: Program) -> None:
    anyjob.install("tuned", TUNED)
    (anyjob.folder / "a.toml").write_text("[executors.tuned]\ntoken = 'x'\nthreads = 'many'\n")
    done = anyjob("config", "--config", "a.toml")
    assert done.status == 2
    assert done.err == (
        f"anyjob: {anyjob.folder}/a.toml cannot be used:\n"
        '  executors.tuned.threads: "many" is not a whole number; write digits only\n'
    )


def test_a_run_keeps_its_settings_for_its_resume(anyjob: Program) -> None:
    (anyjob.folder / "a.toml").write_text("[worker]\nlog_quota = '1Mi'\n")
    assert anyjob("run", anyjob.job("true"), "--config", "a.toml", "--quiet").status == 0
    (folder,) = anyjob.own.iterdir()
    assert shown(anyjob, "--state", str(folder))[1]["worker.log_quota"]["value"] == 1 << 20


def test_a_table_that_nobody_reads_is_told_of_at_each_run(anyjob: Program) -> None:
    (anyjob.folder / "a.toml").write_text("[launchers.dockr]\nimages = ['x']\n[executors.java]\nkey = 1\n")
    done = anyjob("run", anyjob.job("true"), "--config", "a.toml", "--quiet")
    said = f"anyjob: {anyjob.folder}/a.toml: [launchers.dockr] is read by nobody; did you mean docker?\n"
    assert (done.status, done.err) == (0, said)
