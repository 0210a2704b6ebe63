"""What is known of a class before a JVM is started, and what a job may name."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.executors.java.build import compiled, packed
from tests.executors.java.runs import Java, said

from anyjob.executor import Health
from anyjob.outcome import Cause, Outcome
from anyjob_java.classfile import BadClassFile, ClassFile
from anyjob_java.classpath import ClassPath
from anyjob_java.executor import JavaExecutor
from anyjob_java.inspection import maps
from anyjob_java.launch import java_command
from anyjob_java.ours import ours, overlaid
from anyjob_java.settings import JavaSettings
from anyjob_jvm.homes import JavaHome

pytestmark = pytest.mark.needs("jdk17")


def told(outcome: Outcome) -> str:
    return "; ".join([outcome.result, *(item.text for item in outcome.evidence)])


# -------------------------------------------------------------------- class files and class paths


def test_a_class_file_is_read(demo: Path) -> None:
    seen = ClassPath([str(demo)]).find("demo.Mapper")
    assert seen is not None
    assert (seen.entry, seen.file.name, seen.file.superclass) == (
        str(demo),
        "demo/Mapper",
        "anyjob/job/MapReduceJobProcessor",
    )
    assert (seen.file.java, seen.file.abstract) == (8, False)
    assert "reduce(Lanyjob/job/JobContext;)Lanyjob/job/ProcessResult;" in seen.file.methods
    abstract = ClassPath([str(demo)]).find("demo.Faults$Abstract")
    assert abstract is not None
    assert abstract.file.abstract


def test_every_class_of_a_real_jar_is_read(vendor: list[Path]) -> None:
    import zipfile

    with zipfile.ZipFile(vendor[0]) as jar:
        names = [
            name for name in jar.namelist() if name.startswith("com/alibaba/schedulerx/") and name[-6:] == ".class"
        ]
        assert len(names) > 800
        for name in names:
            assert ClassFile.parse(jar.read(name)).name == name.removesuffix(".class")


NO_CLASS_FILES = [b"", b"PK\3\4", b"\xca\xfe\xba\xbe\0\0\0\x34\0\5\x01\xff\xff", b"\xca\xfe\xba\xbe" * 50]


@pytest.mark.parametrize("data", NO_CLASS_FILES)
def test_what_is_no_class_file(data: bytes) -> None:
    with pytest.raises(BadClassFile):
        ClassFile.parse(data)


def test_jars_of_a_folder_and_of_a_manifest_are_looked_through(tmp_path: Path, demo: Path) -> None:
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "demo.jar").write_bytes(demo.read_bytes())
    (lib / "readme.txt").write_text("no jar")
    assert ClassPath([f"{lib}/*"]).files == [f"{lib}/demo.jar"]
    manifest = "Class-Path: lib/no-such.jar lib/" + "x" * 60 + ".jar\r\n  lib/demo.jar\r\n"
    jar = packed(tmp_path / "app.jar", tmp_path / "empty", manifest)
    seen = ClassPath([str(jar)]).find("demo.Hello")
    assert seen is not None
    assert seen.entry == f"{lib}/demo.jar"


def test_a_changed_jar_is_read_again(tmp_path: Path, demo: Path) -> None:
    jar = packed(tmp_path / "app.jar", tmp_path / "empty")
    assert ClassPath([str(jar)]).find("demo.Hello") is None
    jar.write_bytes(demo.read_bytes())
    assert ClassPath([str(jar)]).find("demo.Hello") is not None


def test_no_property_of_a_jvm_is_given_twice() -> None:
    for feature in (8, 11, 17, 18, 19, 25):
        argv = java_command("java", feature, ["-Xmx64m"], "gbk", ours(), [], [])
        names = [word.partition("=")[0] for word in argv if word.startswith("-D")]
        assert len(names) == len(set(names)), argv
        output = "stdout.encoding" if feature >= 19 else "sun.stdout.encoding"
        assert f"-D{output}=gbk" in argv


# -------------------------------------------------------------------- preflight


def test_what_is_missing_is_known_before_an_attempt(plain: Callable[..., Java], tmp_path: Path, demo: Path) -> None:
    java = plain()

    def outcome(name: str, *entries: Path | str, **xattrs: Any) -> tuple[Cause, str]:
        got = java.run(java.job(name, "true", classpath=[str(entry) for entry in entries], **xattrs))
        return got.outcome.cause, told(got.outcome)

    missing = Cause.DEPENDENCY_MISSING
    assert outcome("Hello", demo)[0] is Cause.SUCCEEDED
    for name, hint in (
        ("Nowhere", f"looked in {demo}"),
        ("Helo", "did you mean demo.Hello?"),
        ("mapper", "did you mean demo.Mapper?"),
        ("Faults$Halt", "did you mean demo.Faults$Halts?"),
    ):
        cause, text = outcome(name, demo)
        wanted = f'ClassName: "demo.{name}" is not on the class path; add its jar to XAttrs.classpath, or correct the'
        assert (cause, f"{wanted} name ({hint})" in text) == (missing, True), text
    cause, text = outcome("Hello")
    assert (cause, "is on no class path, as neither XAttrs.classpath nor" in text) == (missing, True), text
    cause, text = outcome("Hello", demo, "/no/such.jar")
    assert (cause, 'XAttrs.classpath[1]: "/no/such.jar" is not there; put it there, or take it out' in text) == (
        missing,
        True,
    ), text
    cause, text = outcome("Hello", demo, "/no/such/*")
    assert (cause, 'XAttrs.classpath[1]: "/no/such/*" is not there' in text) == (missing, True), text
    cause, text = outcome("Hello", demo, javaHome="99")
    assert (cause, 'XAttrs.javaHome: "99" is no Java on this machine. Found: ' in text) == (missing, True), text
    cause, text = outcome("Hello", demo, javaHome=str(tmp_path))
    assert (cause, f'"{tmp_path}" is no Java home on this machine. Found: ' in text) == (missing, True), text


def test_a_class_of_that_simple_name_is_pointed_at(plain: Callable[..., Java], demo: Path) -> None:
    java = plain()
    got = java.run(java.job("Hello", "true", {"ClassName": "com.example.Hello"}))
    assert f"(there is demo.Hello in {demo})" in told(got.outcome)


def test_a_class_inside_of_a_boot_jar_is_pointed_at(plain: Callable[..., Java], tmp_path: Path, jdk: JavaHome) -> None:
    sources = {"demo/Inner.java": "package demo; public class Inner extends anyjob.job.JavaProcessor { }"}
    classes = compiled(tmp_path, jdk, sources, [ours().api])
    boot = tmp_path / "boot" / "BOOT-INF"
    boot.mkdir(parents=True)
    classes.rename(boot / "classes")
    jar = packed(tmp_path / "boot.jar", tmp_path / "boot")
    java = plain()
    text = told(java.run(java.job("Inner", classpath=[str(jar)])).outcome)
    assert f"demo.Inner is inside of {jar}, under BOOT-INF/classes/, where no class path reaches" in text


@pytest.mark.needs("maven")
def test_a_processor_without_the_api_that_it_is_written_for(plain: Callable[..., Java], vendor_demo: Path) -> None:
    java = plain()
    text = told(java.run(java.job("Hello", "true", classpath=[str(vendor_demo)])).outcome)
    wanted = 'ClassName: "demo.Hello" needs com.alibaba.schedulerx.worker.processor.JavaProcessor, which is not on the'
    assert wanted in text


@pytest.mark.needs("maven")
@pytest.mark.parametrize("arguments", [[], ["-Xbootclasspath/a:/nowhere.jar"]], ids=["by its files", "by the JVM"])
def test_a_class_of_schedulerx_without_joda_time(
    plain: Callable[..., Java], vendor_demo: Path, vendor: list[Path], arguments: list[str]
) -> None:
    java = plain(jvm_args=[".*"])
    jars = [str(jar) for jar in vendor if not jar.name.startswith("joda-time")]
    assert len(jars) == len(vendor) - 1
    got = java.run(java.job("Hello", "true", classpath=[str(vendor_demo), *jars], jvmArgs=arguments)).outcome
    wanted = 'ClassName: "demo.Hello" needs joda-time (org.joda.time.DateTime), of which'
    wanted += " SchedulerX's JobContext is made and which is not on the class path; add its jar to XAttrs.classpath"
    assert got.cause is Cause.DEPENDENCY_MISSING, told(got)
    assert wanted in told(got)


def test_explain_says_that_nothing_is_mapped(demo: Path, tmp_path: Path) -> None:
    class_path = ClassPath([str(demo)])
    assert (maps("demo.Mapper", class_path), maps("demo.Hello", class_path)) == (True, False)
    job = tmp_path / "job.json"
    xattrs = {"classpath": [str(demo)]}
    job.write_text(json.dumps({"Name": "a", "JobType": "java", "ClassName": "demo.Mapper", "XAttrs": xattrs}))
    argv = [sys.executable, "-m", "anyjob", "explain", "--json", str(job)]
    done = subprocess.run(argv, capture_output=True, text=True)
    text = "demo.Mapper maps tasks, and ExecuteMode standalone takes none: it is called as a plain job"
    assert f"{text} (isRootTask is false)" in done.stdout, done.stdout + done.stderr


# -------------------------------------------------------------------- overlay


@pytest.mark.needs("maven")
def test_the_overlay_stands_before_classes_that_it_can_stand_for(vendor: list[Path]) -> None:
    used, why = overlaid(ClassPath([str(jar) for jar in vendor]), ours().overlay, strict=False)
    assert [name.rpartition(".")[2] for name in used] == ["MapJobProcessor", "ProcessResult"]
    assert why == []
    used, _ = overlaid(ClassPath([str(jar) for jar in vendor]), ours().overlay, strict=True)
    assert [name.rpartition(".")[2] for name in used] == ["MapJobProcessor"]
    assert overlaid(ClassPath([]), ours().overlay, strict=False) == ([], [])


def test_a_method_that_the_overlay_lacks_leaves_its_class_out(tmp_path: Path, jdk: JavaHome) -> None:
    """Of a later version of SchedulerX's jar, say."""
    package = "com/alibaba/schedulerx/worker/processor"
    source = (
        f"package {package.replace('/', '.')}; public class ProcessResult {{ public int getCode() {{ return 1; }} }}"
    )
    jar = packed(tmp_path / "later.jar", compiled(tmp_path, jdk, {f"{package}/ProcessResult.java": source}))
    used, why = overlaid(ClassPath([str(jar)]), ours().overlay, strict=False)
    assert used == []
    assert why == [f"{jar} has a ProcessResult with getCode()I, which anyjob's lacks; its own is used"]
    health = JavaExecutor(JavaSettings(classpath={"shop": (str(jar),)}))
    assert why[0] in asyncio.run(health.health()).why


@pytest.mark.needs("maven")
@pytest.mark.parametrize(
    ("xattrs", "cause", "length"),
    [
        ({}, Cause.SUCCEEDED, 3000),
        ({"overlay": False}, Cause.SUCCEEDED, 993),
        ({"strict": True}, Cause.FAILED, 0),
    ],
)
def test_without_the_overlay_the_text_is_cut_as_theirs_is(
    plain: Callable[..., Java], vendor: list[Path], vendor_demo: Path, xattrs: dict[str, Any], cause: Cause, length: int
) -> None:
    java = plain()
    jars = [str(jar) for jar in (vendor_demo, *vendor)]
    got = java.run(java.job("Hello", "long", classpath=jars, **xattrs))
    assert got.outcome.cause is cause, said(got)
    if length:
        assert len(got.outcome.result) == length
    else:
        assert got.outcome.result == "the result has 2973 bytes, and 1000 are allowed where XAttrs.strict is true"


# -------------------------------------------------------------------- health and explain


def test_health_names_the_java_and_what_a_group_lacks(tmp_path: Path) -> None:
    settings = JavaSettings(java="17", classpath={"shop": (f"{tmp_path}/no.jar",)})
    health = asyncio.run(JavaExecutor(settings).health())
    assert health.state == "healthy"
    assert health.why.startswith("Java 17.")
    assert f"classpath.shop: {tmp_path}/no.jar is not there" in health.why


def test_without_a_java_it_is_undetected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import anyjob_jvm.homes

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(anyjob_jvm.homes, "_USUAL", ())
    executor = JavaExecutor(JavaSettings())
    health = asyncio.run(executor.health())
    assert isinstance(health, Health)
    assert (health.state, health.why[:8]) == ("undetected", "no JDK: ")
    from anyjob_java.spec import JavaSpec

    (problem,) = asyncio.run(executor.preflight(JavaSpec(class_name="a.B")))
    assert "is not set, and there is no Java home on this machine. No other is here." in str(problem)


def test_explain_shows_the_command_and_where_the_class_is(tmp_path: Path, demo: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(
        json.dumps({"Name": "demo", "JobType": "java", "ClassName": "demo.Hello", "XAttrs": {"classpath": [str(demo)]}})
    )
    done = subprocess.run(
        [sys.executable, "-m", "anyjob", "explain", str(job)], capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert f"demo.Hello in {demo}, compiled for Java 8" in done.stdout
    assert f"anyjob.host.Main {ours().api} {ours().overlay} - {demo}" in done.stdout


def test_what_runs_elsewhere_brings_its_jars(plain: Callable[..., Java]) -> None:
    """A launcher whose runs do not see this node's files."""
    from anyjob_java.spec import JavaSpec

    executor = JavaExecutor(JavaSettings())
    spec = JavaSpec(class_name="a.B", class_path=["/app/lib/*"], java_home="/opt/java", launcher="elsewhere")
    launch = executor.launch(spec, "utf-8")
    assert launch.argv[0] == "/opt/java/bin/java"
    assert launch.argv[-1] == "/app/lib/*"
    assert set(launch.files) == {ours().app.name, ours().host.name, ours().api.name, ours().overlay.name}
    assert list(asyncio.run(executor.preflight(spec))) == []
