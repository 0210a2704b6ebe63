"""What goes wrong in a JVM of one run, and what is said of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.executors.java.build import compiled, packed
from tests.executors.java.runs import Java, said

from anyjob.outcome import Cause, Strength
from anyjob.testing.processes import alive
from anyjob_jvm.homes import JavaHome

NOT_MADE = {
    "Constructor": (
        Cause.FAILED,
        "cannot be made: its constructor threw java.lang.IllegalStateException: no database; mend what the",
    ),
    "Initialiser": (
        Cause.FAILED,
        'cannot be made: a static initialiser threw java.lang.NumberFormatException: For input string: "many"; mend',
    ),
    "Argument": (
        Cause.BAD_CONFIG,
        "has no constructor without arguments, by which an object is made for each run; give it one",
    ),
    "NoProcessor": (
        Cause.DEPENDENCY_MISSING,
        "is no processor; let it extend SchedulerX's JavaProcessor, or implement anyjob.job.JobProcessor",
    ),
    "Abstract": (Cause.DEPENDENCY_MISSING, "is abstract, so no object can be made of it; name one that is not"),
}


@pytest.mark.parametrize("name", NOT_MADE)
def test_a_class_of_which_no_processor_can_be_made(own: Java, name: str) -> None:
    cause, remedy = NOT_MADE[name]
    got = own.run(own.job(f"Faults${name}"))
    text = "; ".join([got.outcome.result, *said(got)])
    assert (got.outcome.cause, f'ClassName: "demo.Faults${name}" {remedy}' in text) == (cause, True), text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Faults$NoProcessor", "is no processor"),
        ("Faults$Abstract", "is abstract"),
        ("NoSuch", "is not on the class path"),
    ],
)
def test_the_jvm_says_what_nobody_looked_at_before(own: Java, name: str, sentence: str) -> None:
    """An argument by which classes may come from elsewhere: the files prove nothing then."""
    own.allow(".*")
    job = own.job(name, jvmArgs=["-Xbootclasspath/a:/nowhere.jar"])
    got = own.run(job)
    text = f"{got.outcome.result} {said(got)}"
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, text
    assert f"demo.{name}" in text
    assert sentence in text


@pytest.mark.parametrize(("parameters", "cause", "code"), [("0", Cause.FAILED, None), ("7", Cause.EXIT_CODE, 7)])
def test_an_exit_in_the_middle_is_no_success(own: Java, parameters: str, cause: Cause, code: int | None) -> None:
    got = own.run(own.job("Faults$Exits", parameters))
    assert (got.outcome.cause, got.outcome.code) == (cause, code)
    assert any("called System.exit at demo.Faults$Exits.process(Faults.java:" in line for line in said(got)), said(got)


def test_a_halt_in_the_middle_is_no_success(own: Java) -> None:
    got = own.run(own.job("Faults$Halts"))
    assert got.outcome.cause is Cause.FAILED
    assert "process: its process ended with exit code 0 before the run had ended" in said(got)


def test_a_full_heap_is_out_of_memory_with_its_text(own: Java) -> None:
    got = own.run(own.job("Faults$Memory", jvmArgs=["-Xmx64m"]))
    assert (got.outcome.cause, got.outcome.result) == (
        Cause.OUT_OF_MEMORY,
        "java.lang.OutOfMemoryError: Java heap space",
    )
    assert any("at demo.Faults$Memory.process(Faults.java:" in line for line in said(got))


def test_a_jvm_that_ends_itself_on_a_full_heap(own: Java) -> None:
    got = own.run(own.job("Faults$Memory", jvmArgs=["-Xmx64m", "-XX:+ExitOnOutOfMemoryError"]))
    assert got.outcome.cause is Cause.OUT_OF_MEMORY
    assert "JVM: Terminating due to java.lang.OutOfMemoryError: Java heap space" in said(got)


@pytest.mark.needs("cgroup1")
def test_more_memory_than_the_limit_is_out_of_memory(own: Java) -> None:
    """The limit of the run, which is smaller than the heap."""
    got = own.run(own.job("Faults$Memory", jvmArgs=["-Xmx900m"], limits={"memory": "150Mi"}))
    assert got.outcome.cause is Cause.OUT_OF_MEMORY
    assert any("memory" in line for line in said(got)), said(got)


def test_threads_that_are_left_are_named_and_end(own: Java) -> None:
    got = own.run(own.job("Faults$Threads"))
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "done")
    assert any("2 " in line and "worker-0" in line and "worker-1" in line for line in said(got)), said(got)
    assert not alive(got.order.name)
    got = own.run(own.job("Faults$Threads", leftovers="fail"))
    assert got.outcome.cause is Cause.LEFTOVERS


def test_a_deadlock_ends_at_the_deadline(own: Java) -> None:
    got = own.run(own.job("Faults$Deadlock", grace=0.5), deadline=time.time() + 2)
    assert got.outcome.cause is Cause.TIMED_OUT
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.PROVEN
    texts = [item.text for item in got.outcome.stop.evidence]
    assert any("its JVM was ended" in text for text in texts), texts


@pytest.mark.parametrize(("number", "cause", "code"), [(9, Cause.SIGNAL, 137), (15, Cause.SIGNAL, 143)])
def test_a_jvm_that_somebody_else_ends(own: Java, number: int, cause: Cause, code: int) -> None:
    async def life() -> None:
        async with own.rig.worker() as worker:
            run = await own.rig.submit(worker, own.rig.order(own.job("Faults$Waits")))
            await own.rig.until(lambda: b"ready" in own.rig.log(run), "The class does not say ready")
            pid = (await own.rig.running(run)).data["pid"]
            assert isinstance(pid, int)
            os.kill(pid, number)
            outcome = (await own.rig.finish(run)).outcome
            assert (outcome.cause, outcome.code) == (cause, code)

    asyncio.run(life())


def test_a_jvm_that_crashes_leaves_a_report(own: Java) -> None:
    got = own.run(own.job("Faults$Crashes"))
    assert got.outcome.cause is Cause.SIGNAL
    assert got.outcome.code == 128 + signal.SIGABRT
    (line,) = [line for line in said(got) if line.startswith("hs_err: ")]
    found = re.fullmatch(r"hs_err: the JVM crashed \((SIG\w+) .*; V  \[libjvm\.so.*\); its report is (\S+)", line)
    assert found, line
    assert "A fatal error has been detected by the Java Runtime Environment" in Path(found[2]).read_text()


def test_arguments_that_the_jvm_refuses(own: Java) -> None:
    got = own.run(own.job("Hello", jvmArgs=["-XX:+NoSuchFlag"]))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert any("correct XAttrs.jvmArgs" in line for line in said(got)), (said(got), got.log)
    assert b"NoSuchFlag" in got.log


@pytest.mark.needs("jdk17", "jdk25")
def test_a_class_for_a_newer_java(plain: Callable[..., Java], tmp_path: Path, jdk25: JavaHome, demo: Path) -> None:
    """Both versions and the remedy are named, by whoever sees it first."""
    source = "package demo; public class Newer extends anyjob.job.JavaProcessor { }"
    from anyjob_java.ours import ours

    classes = compiled(tmp_path / "new", jdk25, {"demo/Newer.java": source}, [ours().api], release=25)
    jar = packed(tmp_path / "new.jar", classes)
    java = plain(jvm_args=[".*"])
    wanted = r'ClassName: "demo.Newer" .*compiled.* for Java 25.*, and the JVM is Java 17.*; name a newer one in '
    wanted += r"XAttrs.javaHome, or compile with javac --release 17"
    seen = java.run(java.job("Newer", classpath=[str(jar)]))
    assert f"in {jar} was compiled for Java 25 (class files of version 69)" in str(said(seen))
    late = java.run(java.job("Newer", classpath=[str(jar)], jvmArgs=["-Xbootclasspath/a:/nowhere.jar"]))
    assert "was compiled, or needs a class that was compiled, for Java 25" in late.outcome.result  # by the JVM
    for got in (seen, late):
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING
        assert re.search(wanted, f"{got.outcome.result} {said(got)}"), (got.outcome.result, said(got))


def test_a_worker_that_is_killed_loses_nothing(own: Java) -> None:
    """The JVM goes on, and the next worker finds it and its result."""
    from anyjob.testing.crash import doomed

    order = own.rig.order(own.job("Faults$Waits"))

    async def doom() -> None:
        async with own.rig.worker() as worker:
            run = await own.rig.submit(worker, order)
            await own.rig.until(lambda: b"ready" in own.rig.log(run), "The class does not say ready")
            os.kill(os.getpid(), signal.SIGKILL)

    async def next_life() -> None:
        async with own.rig.worker() as worker:
            got = await own.rig.resumed(worker, order)
            assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "survived")

    with doomed(doom, own.rig.patience) as process:
        process.wait()
    asyncio.run(next_life())
