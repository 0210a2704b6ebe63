"""What a job may say, and what the settings allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.spec.read import read_spec
from anyjob_springschedule.managed import command_of, key_of, problems
from anyjob_springschedule.settings import AppSettings, SpringSettings
from anyjob_springschedule.spec import SpringSpec


def read(content: dict[str, Any], xattrs: dict[str, Any] | None = None) -> tuple[SpringSpec | None, list[str]]:
    wire: dict[str, Any] = {"Name": "n", "JobType": "springschedule", "Content": content, "GroupId": "shop"}
    spec, found = read_spec(SpringSpec, Job.from_wire(wire | ({"XAttrs": xattrs} if xattrs else {})))
    return spec, [str(problem) for problem in found]


def good(content: dict[str, Any], xattrs: dict[str, Any] | None = None) -> SpringSpec:
    spec, wrong = read(content, xattrs)
    assert spec is not None, wrong
    return spec


class TestSpec:
    def test_as_schedulerx_writes_it(self) -> None:
        spec = good({"id": 7, "className": "demo.Reports$Daily", "method": "send"})
        assert (spec.name, spec.group, spec.how) == ("demo.Reports$Daily#send", "shop", "direct")

    def test_with_a_bean(self) -> None:
        spec = good({"className": "demo.Reports", "method": "send", "bean": "daily"}, {"async": "proxy"})
        assert (spec.name, spec.how) == ("demo.Reports#send@daily", "proxy")

    @pytest.mark.parametrize(
        ("content", "xattrs", "said"),
        [
            ({"method": "m"}, {}, "Content.className is missing"),
            ({"className": "demo/Reports", "method": "m"}, {}, 'Content.className: "demo/Reports" is no class name'),
            (
                {"className": "a.B", "method": "send()"},
                {},
                'Content.method: "send()" is no method name; write it without',
            ),
            ({"className": "a.B", "method": "m"}, {"async": "later"}, 'XAttrs.async: "later"'),
            ({"className": "a.B", "method": "m"}, {"jar": "app.jar"}, 'XAttrs.jar: "app.jar" is no path from the root'),
            ({"className": "a.B", "method": "m"}, {"javaHome": "17"}, "XAttrs.javaHome"),
            ({"className": "a.B", "method": "m"}, {"jvmArgs": ["-Xmx1g"]}, "write XAttrs jar too, or take it away"),
            ({"className": "a.B", "method": "m"}, {"jar": "/a.jar", "jvmArgs": ["-cp"]}, "XAttrs.jvmArgs"),
        ],
    )
    def test_what_is_wrong_is_named(self, content: dict[str, Any], xattrs: dict[str, Any], said: str) -> None:
        spec, wrong = read(content, xattrs)
        assert spec is None
        assert any(said in text for text in wrong), wrong

    def test_a_misspelt_key_is_refused_with_the_nearest(self) -> None:
        wire = {"Name": "n", "JobType": "springschedule", "Content": {"className": "a.B", "methd": "m"}}
        with pytest.raises(Exception, match=r"Content\.methd"):
            PluginHost.load().bind(Job.from_wire(wire))


class TestManaged:
    def test_without_settings_nothing_is_started(self) -> None:
        spec = good({"className": "a.B", "method": "m"}, {"jar": "/srv/app.jar"})
        (problem,) = problems(SpringSettings(), spec, "shop")
        assert problem.field == "XAttrs.jar"
        assert '[executors.springschedule.apps."shop"]' in problem.remedy

    def test_only_what_the_settings_allow(self, tmp_path: Path) -> None:
        allowed = AppSettings(jars=(tmp_path / "in",), java_homes=(tmp_path,))
        spec = good(
            {"className": "a.B", "method": "m"},
            {"jar": f"{tmp_path}/out/app.jar", "javaHome": "/usr", "jvmArgs": ["-Xmx64m", "-Dloader.path=/x", "-Da=b"]},
        )
        found = problems(SpringSettings(apps={"shop": allowed}), spec, "shop")
        assert [(one.field, one.value) for one in found] == [
            ("XAttrs.jvmArgs", "-Dloader.path=/x"),
            ("XAttrs.jar", f"{tmp_path}/out/app.jar"),
            ("XAttrs.javaHome", "/usr"),
        ]

    def test_a_link_out_of_the_folder_does_not_help(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "out.jar").write_bytes(b"")
        (tmp_path / "in" / "app.jar").symlink_to(tmp_path / "out.jar")
        spec = good({"className": "a.B", "method": "m"}, {"jar": f"{tmp_path}/in/app.jar"})
        found = problems(SpringSettings(apps={"*": AppSettings(jars=(tmp_path / "in",))}), spec, "shop")
        assert "lies in none of the places" in found[0].remedy

    @pytest.mark.parametrize(("body", "said"), [(None, "is not on this worker"), (b"no", "cannot be read as a jar")])
    def test_the_jar_is_looked_into(self, tmp_path: Path, body: bytes | None, said: str) -> None:
        if body is not None:
            (tmp_path / "app.jar").write_bytes(body)
        spec = good({"className": "a.B", "method": "m"}, {"jar": f"{tmp_path}/app.jar"})
        found = problems(SpringSettings.alone(), spec, "")
        assert said in found[0].remedy

    @pytest.mark.needs("jdk17")
    def test_another_jar_of_the_same_name_is_another_process(self, tmp_path: Path) -> None:
        jar = tmp_path / "app.jar"
        jar.write_bytes(b"one")
        spec = good({"className": "a.B", "method": "m"}, {"jar": str(jar), "jvmArgs": ["-Xmx64m"], "javaHome": "17"})
        command = command_of(SpringSettings.alone(), spec, "", {"LANG": "C"})
        assert command.argv[1:] == ["-Xmx64m", "-jar", str(jar)]
        assert dict(command.env or {}) == {"LANG": "C", "ANYJOB_SPRING_TAKE": "*", "ANYJOB_SPRING_LOG": "true"}
        first = key_of(command, spec)
        assert first == key_of(command, spec)
        jar.write_bytes(b"another")
        assert key_of(command, spec) != first
