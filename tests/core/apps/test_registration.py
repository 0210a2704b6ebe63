"""A TOML file is a plugin: checked when it is loaded, identified in bindings, and alone in its faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.core.apps.yard import host, register

from anyjob.errors import PluginBroken, PluginConflict, PluginGone
from anyjob.job import BadJob, Job
from anyjob.outcome import Strength
from anyjob.plugins import PluginHost, PluginReport, PluginSettings, PluginState, executable_type, hookimpl
from anyjob.settings import Found, read_settings

GOOD = 'job_type = "x"\ncommand = ["true"]\n'


def reported(loaded: PluginHost, name: str) -> PluginReport:
    (report,) = [item for item in loaded.report() if item.name == name]
    return report


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "executor.toml"
    file.write_text(text)
    return file


def test_its_identity_is_its_name_and_version_wherever_it_lies(tmp_path: Path) -> None:
    job = Job(name="j", job_type="x")
    binding = host(written(tmp_path / "a", GOOD + 'version = "1"')).bind(job)
    assert (binding.plugin, binding.distribution, binding.version) == ("x", "executable x", "1")
    moved = host(written(tmp_path / "b", GOOD + 'version = "2"'))
    assert moved.dispatch(job, binding).note == "bound to executable x 1, served by 2"
    with pytest.raises(PluginGone, match="executable other"):
        host(written(tmp_path / "c", GOOD + 'name = "other"')).dispatch(job, binding)


def test_without_a_version_a_changed_file_is_another_version(tmp_path: Path) -> None:
    job = Job(name="j", job_type="x")
    first = host(written(tmp_path, GOOD)).bind(job).version
    assert host(written(tmp_path, GOOD)).bind(job).version == first
    assert host(written(tmp_path, GOOD + "# changed")).bind(job).version != first


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("job_type = ", "is not TOML"),
        ('job_type = "bad"', "command is missing"),
        (GOOD.replace('"x"', '"bad"') + "colour = 1", 'colour: "1" is unknown'),
        (GOOD.replace('"x"', '"bad"') + '[capabilities]\nproof = "PROVEN"', "write REPORTED or ASKED"),
        (GOOD.replace('"x"', '"bad"') + '[capabilities]\ndeadline = "SHIM"', "write WORKER or REMOTE"),
        (GOOD.replace('"x"', '"bad"') + '[fields.a]\nat = "Nowhere"', "lives at 'Nowhere'"),
        (GOOD.replace('"x"', '"bad"') + '[fields.copy]\nat = "Content"', "choose another"),
        (GOOD.replace('"x"', '"bad"') + '[fields.a]\nat = "Content"\npattern = "("', "fields.a"),
        (GOOD.replace('"x"', '"bad"') + '[fields.a]\nat = "Content"\ntype = "array"', "holds text"),
        (
            GOOD.replace('"x"', '"bad"') + '[fields.a]\nat = "XAttrs.$.a"\ntype = "integer"\ndefault = "z"',
            "does not fit",
        ),
        (GOOD.replace('"x"', '"bad"') + "[samples.succeds]\njob = {}", "succeeds"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_harms_its_type_alone(tmp_path: Path, text: str, why: str) -> None:
    loaded = host(written(tmp_path / "bad", text), written(tmp_path / "x", GOOD))
    assert reported(loaded, "bad").state is PluginState.BROKEN
    assert why in reported(loaded, "bad").why
    with pytest.raises(PluginBroken, match="JobType 'bad' cannot run"):
        loaded.bind(Job(name="j", job_type="bad"))
    assert loaded.bind(Job(name="j", job_type="x")).job_type == "x"


def test_a_file_or_folder_without_one_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    loaded = host(tmp_path / "empty", tmp_path / "gone.toml")
    for name in ("empty", "gone"):
        assert reported(loaded, name).state is PluginState.BROKEN
        assert "cannot be read: No such file" in reported(loaded, name).why


def test_a_folder_gives_its_file_and_those_right_below(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path / "y", GOOD.replace("x", "y"))
    written(tmp_path / "y" / "deeper", GOOD.replace("x", "z"))
    assert [offer.kind.job_type for offer in host(tmp_path).types()] == ["x", "y"]


def test_two_files_of_one_type_are_both_unused(tmp_path: Path) -> None:
    loaded = host(written(tmp_path / "a", GOOD), written(tmp_path / "b", GOOD))
    with pytest.raises(PluginConflict):
        loaded.bind(Job(name="j", job_type="x"))


@pytest.mark.needs("root")
@pytest.mark.parametrize("which", ["executor.toml", "program", ".", ".."])
def test_root_does_not_run_what_others_can_change(tmp_path: Path, which: str) -> None:
    folder = tmp_path / "above" / "x"
    folder.mkdir(parents=True)
    file = written(folder, GOOD.replace('"true"', '"./program"'))
    (folder / "program").write_text("#!/bin/sh\n")
    assert reported(host(file), "x").state is PluginState.OK
    os.chmod(folder / which, 0o777)
    assert "can be changed by others than its owner" in reported(host(file), "x").why
    assert reported(host(file), "x").state is PluginState.BROKEN


def test_wrong_jobs_are_refused_by_field(tmp_path: Path) -> None:
    fields = """
        [fields.what]
        at = ["Content", "ClassName"]
        required = true
        description = "the thing"
        [fields.size]
        at = "XAttrs.$.size"
        type = "integer"
        minimum = 1
        [fields.colour]
        at = "XAttrs.$.colour"
        enum = ["red", "blue"]
        default = "red"
        """
    loaded = host(written(tmp_path, GOOD + fields))
    with pytest.raises(BadJob) as wrong:
        loaded.bind(Job(name="j", job_type="x", xattrs={"size": 0, "colour": "pink", "colur": 1}))
    assert {problem.field for problem in wrong.value.problems} >= {"Content", "XAttrs.size", "XAttrs.colour"}
    assert "Content is empty; write the thing here or in ClassName" in str(wrong.value)
    assert '"pink" is not allowed; write red, blue' in str(wrong.value)
    bound = loaded.dispatch(Job(name="j", job_type="x", class_name="c", xattrs={"size": 3}))
    assert bound.spec.model_dump() == {"what": "c", "size": 3, "colour": "red"}


def test_capabilities_are_what_the_file_promises(tmp_path: Path) -> None:
    file = register(tmp_path, "x", "", {"capabilities": {"proof": "REPORTED", "resumes": True, "limits": ["memory"]}})
    capabilities = host(file).dispatch(Job(name="j", job_type="x")).capabilities
    assert capabilities.proof is Strength.REPORTED
    assert capabilities.resumes
    assert capabilities.limits == {"memory"}


def test_relative_paths_count_from_the_settings(tmp_path: Path) -> None:
    written(tmp_path / "mine", GOOD)
    settings = tmp_path / "anyjob.toml"
    settings.write_text('[plugins]\nexecutables = ["mine"]\n')
    plugins = read_settings(Found(file=settings, by="--config")).plugins
    assert [offer.kind.job_type for offer in PluginHost({}, settings=plugins).types()] == ["x"]


def test_deny_keeps_it_out(tmp_path: Path) -> None:
    settings = PluginSettings(executables=(written(tmp_path, GOOD),), deny=("x",))
    assert reported(PluginHost({}, settings=settings), "x").state is PluginState.BLOCKED


def test_a_distribution_may_ship_one(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)

    class Shipped:
        @hookimpl
        def anyjob_executors(self) -> list[object]:
            return [executable_type(file)]

    binding = PluginHost({"shipped": Shipped()}).bind(Job(name="j", job_type="x"))
    assert (binding.plugin, binding.distribution) == ("shipped", "embedded")
