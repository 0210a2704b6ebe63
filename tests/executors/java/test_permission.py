"""What a job may say of its JVM, and where its class path comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.executors.java.runs import Java, refusals, said

from anyjob.job import BadJob
from anyjob.outcome import Cause, Outcome
from anyjob_java.settings import JavaSettings

pytestmark = pytest.mark.needs("jdk17")


def told(outcome: Outcome) -> str:
    return "; ".join([outcome.result, *(item.text for item in outcome.evidence)])


def test_a_group_has_a_class_path(plain: Callable[..., Java], demo: Path) -> None:
    java = plain(classpath={"shop": [f"{demo.parent}/*"]})
    fields = {"GroupId": "shop"}
    assert java.run(java.job("Hello", "true", fields, classpath=None)).outcome.ok
    got = java.run(java.job("Hello", "true", {"GroupId": "other"}, classpath=None))
    assert "is on no class path, as neither XAttrs.classpath nor" in told(got.outcome)
    everybody = plain(classpath={"*": [str(demo)]})
    assert everybody.run(everybody.job("Hello", "true", fields, classpath=None)).outcome.ok


def test_entries_and_homes_lie_where_the_settings_allow(plain: Callable[..., Java], tmp_path: Path, demo: Path) -> None:
    java = plain(roots=[str(tmp_path / "jars")], home_roots=[str(tmp_path / "homes")])
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "link.jar").symlink_to(demo)
    (tmp_path / "jars" / "demo.jar").write_bytes(demo.read_bytes())
    assert java.run(java.job("Hello", "true", classpath=[f"{tmp_path}/jars/demo.jar"])).outcome.ok
    for entry in (str(demo), f"{tmp_path}/jars/link.jar", "/no/such/file"):
        got = java.run(java.job("Hello", "true", classpath=[entry]))
        assert got.outcome.cause is Cause.BAD_CONFIG
        said = told(got.outcome)  # long paths lose their middles
        assert 'XAttrs.classpath[0]: "' in said
        assert " lies outside of " in said
        assert "/jars, where [executors.java] roots lets" in said
    got = java.run(java.job("Hello", "true", classpath=[f"{tmp_path}/jars/*"], javaHome="/usr/lib/jvm/any"))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "XAttrs.javaHome" in told(got.outcome)


@pytest.mark.parametrize(
    "argument",
    [
        "-javaagent:/tmp/agent.jar",
        "-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005",
        "-agentpath:/tmp/agent.so",
        "-XX:OnOutOfMemoryError=touch /tmp/made",
        "-XX:OnError=touch /tmp/made",
        "-XX:Flags=/tmp/flags",
        "-XX:VMOptionsFile=/tmp/options",
        "-XX:ErrorFile=/etc/cron.d/x",
        "-XX:HeapDumpPath=/etc/cron.d",
        "-XX:StartFlightRecording=filename=/etc/x",
        "-XX:SharedArchiveFile=/tmp/x.jsa",
        "-XX:AOTCache=/tmp/x.aot",
        "-XX:+ManagementServer",
        "-Xbootclasspath/a:/tmp/x.jar",
        "-Xlog:gc:file=/etc/x",
        "-Xloggc:/etc/x",
        "-Djava.class.path=/tmp/x.jar",
        "-Djava.system.class.loader=Evil",
        "-Dcom.sun.management.jmxremote.port=9010",
        "-Dsun.java.command=x",
        "-Danyjob.encoding=x",
        "--patch-module=java.base=/tmp/x.jar",
        "--upgrade-module-path=/tmp",
    ],
)
def test_arguments_that_do_more_than_tune_are_refused(argument: str) -> None:
    assert not JavaSettings().allows(argument)
    assert JavaSettings.alone().allows(argument)
    assert JavaSettings(jvm_args=(argument.replace("*", r"\*").replace("+", r"\+"),)).allows(argument)


@pytest.mark.parametrize(
    "argument",
    [
        "-Xmx512m",
        "-Xss1m",
        "-XX:+UseG1GC",
        "-XX:-TieredCompilation",
        "-XX:MaxRAMPercentage=75.0",
        "-ea",
        "-Dspring.profiles.active=prod",
        "-Duser.timezone=Asia/Shanghai",
        "-Dfile.encoding=GBK",
        "-Djava.awt.headless=true",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--enable-preview",
    ],
)
def test_arguments_that_tune_are_allowed(argument: str) -> None:
    assert JavaSettings().allows(argument)


def test_an_argument_that_is_not_allowed_is_refused(plain: Callable[..., Java]) -> None:
    """By a run, when a placeholder hid it before."""
    java = plain()
    with pytest.raises(BadJob, match=r'XAttrs.jvmArgs\[1\]: "-javaagent:/tmp/agent.jar" is not allowed on this worker'):
        java.run(java.job("Hello", "true", jvmArgs=["-Xmx64m", "-javaagent:/tmp/agent.jar"]))
    got = java.run(java.job("Hello", "javaagent:/tmp/agent.jar", jvmArgs=["-#{schedulerx.jobParameters}"]))
    assert got.outcome.cause is Cause.BAD_CONFIG
    wanted = 'XAttrs.jvmArgs[0]: "-javaagent:/tmp/agent.jar" is not allowed on this worker; take it away, or let'
    assert wanted in told(got.outcome)


def test_what_a_placeholder_makes_of_an_argument_is_looked_at(plain: Callable[..., Java]) -> None:
    java = plain()
    job = java.job("Hello", "OnError=touch made", jvmArgs=["-XX:#{schedulerx.jobParameters}"])
    assert java.run(job).outcome.cause is Cause.BAD_CONFIG


def test_no_shell_reads_what_a_job_says(plain: Callable[..., Java], tmp_path: Path, demo: Path) -> None:
    odd = tmp_path / "it's; touch made $(touch made) 中文"
    odd.mkdir()
    (odd / "a:b.jar").write_bytes(demo.read_bytes())
    java = plain()
    job = java.job("Arguments", classpath=[f"{odd}/a:b.jar"], jvmArgs=["-Dodd=$(touch made); `x` * 中文"])
    got = java.run(job)
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "$(touch made); `x` * 中文"), said(got)
    assert not list(tmp_path.rglob("made"))


_OPTIONS = {"JAVA_TOOL_OPTIONS": "-javaagent:/x"}
_JAR = '"http://example/a.jar" is not supported, as in SchedulerX itself'
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"ClassName": "a.B", "Content": '{"className": "a.C"}'},
        'ClassName: "a.B" differs from Content.className, which says "a.C"; keep one of the two',
    ),
    (
        {"Content": '{"className": "a.B", "jarUrl": "http://example/a.jar"}'},
        f"Content.jarUrl: {_JAR}; put the jar on the class path: XAttrs.classpath",
    ),
    (
        {"ClassName": "a.B", "XAttrs": {"env": _OPTIONS}},
        "sets JAVA_TOOL_OPTIONS, which JVMs read as arguments; write them as XAttrs.jvmArgs",
    ),
    (
        {"ClassName": "a.B", "XAttrs": {"jvmArgs": ["@/etc/passwd"]}},
        'XAttrs.jvmArgs[0]: "@/etc/passwd" names a file with arguments; write the arguments themselves',
    ),
]


@pytest.mark.parametrize(("fields", "problem"), REFUSED)
def test_what_cannot_be_created(fields: dict[str, Any], problem: str) -> None:
    (said_of_it,) = refusals(**fields)
    assert said_of_it.endswith(problem)


def test_a_jar_by_its_address_is_refused_as_in_schedulerx() -> None:
    (problem,) = refusals(ClassName="a.B", JarUrl="http://example/a.jar")
    assert problem == f"JarUrl: {_JAR}, whose older pages list it; take it away"


def test_the_class_may_stand_in_content(plain: Callable[..., Java]) -> None:
    """So SchedulerX's server keeps it."""
    java = plain()
    fields = {"ClassName": "", "Content": '{"className": "demo.Hello", "jarUrl": ""}'}
    assert java.run(java.job("Hello", "true", fields)).outcome.ok
