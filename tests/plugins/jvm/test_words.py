"""Flags, environments, and what a job may say to a JVM."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from anyjob_jvm.flags import quiet_environment, start_flags
from anyjob_jvm.homes import choose_home, find_homes
from anyjob_jvm.words import CAREFUL, JavaHomeText, JvmArg


@pytest.mark.parametrize(
    "feature",
    [pytest.param("17", marks=pytest.mark.needs("jdk17")), pytest.param("25", marks=pytest.mark.needs("jdk25"))],
)
@pytest.mark.parametrize("given", [[], ["-XX:+UseG1GC"], ["-Xlog:gc"], ["-Xss1m", "-Dfile.encoding=UTF-8"]])
def test_every_java_takes_the_flags(feature: str, given: list[str]) -> None:
    home = choose_home(find_homes(), feature)
    flags = start_flags(home.feature, encoding="gbk", given=given)
    done = subprocess.run(
        [str(home.java), *flags, "-XshowSettings:properties", "-version"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"(sun\.)?stdout\.encoding = gbk", done.stderr)
    assert "file.encoding = UTF-8" in done.stderr


def test_what_others_set_for_every_jvm_is_not_ours() -> None:
    env = {
        "JAVA_TOOL_OPTIONS": "-javaagent:x",
        "_JAVA_OPTIONS": "-Xmx1m",
        "JDK_JAVA_OPTIONS": "",
        "CLASSPATH": "/x",
        "A": "b",
    }
    assert quiet_environment(env) == {"A": "b"}


@pytest.mark.parametrize(
    "word", ["-Xmx64m", "-XX:+UseG1GC", "-Da.b=c", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-ea"]
)
def test_arguments_that_tune(word: str) -> None:
    assert TypeAdapter(JvmArg).validate_python(word) == word
    assert any(re.fullmatch(allowed, word) for allowed in CAREFUL)


@pytest.mark.parametrize(
    "word",
    [
        *("-javaagent:/x.jar", "-agentlib:jdwp=x", "-XX:OnOutOfMemoryError=rm", "-Djava.security.manager"),
        *("-XX:Flags=/x", "-Xbootclasspath/a:/x", "-Djava.library.path=/x", "--patch-module=a=b"),
        *("-XX:+ManagementServer", "-Xlog:gc:/etc/x"),
    ],
)
def test_arguments_that_only_settings_can_allow(word: str) -> None:
    assert TypeAdapter(JvmArg).validate_python(word) == word
    assert not any(re.fullmatch(allowed, word) for allowed in CAREFUL)


@pytest.mark.parametrize(
    ("word", "says"),
    [("@file", "names a file"), ("Main", "begins with -"), ("-jar", "what the JVM runs"), ("-cp", "what the JVM runs"),
     ("-version", "in place of a run"), ("-D\n", "control character"), ("", "at least 1 character")],
)  # fmt: skip
def test_words_that_are_no_arguments(word: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        TypeAdapter(JvmArg).validate_python(word)


@pytest.mark.parametrize("text", ["17", "/usr/lib/jvm/x"])
def test_java_homes(text: str) -> None:
    assert TypeAdapter(JavaHomeText).validate_python(text) == text


@pytest.mark.parametrize("text", ["java", "../x", "/a/../b", "1.8", "\x00"])
def test_what_is_no_java_home(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(JavaHomeText).validate_python(text)


@pytest.mark.needs("jdk17")
def test_the_command_shows_what_is_here() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "anyjob", "jdks", "--json"], capture_output=True, text=True, check=True
    )
    shown = json.loads(done.stdout)["jdks"]
    assert [one["default"] for one in shown] == [True, *(False for _ in shown[1:])]
    assert {17} <= {one["feature"] for one in shown if one["javac"]}
    done = subprocess.run([sys.executable, "-m", "anyjob", "jdks"], capture_output=True, text=True, check=True)
    assert "Java homes\n" in done.stdout
    assert shown[0]["path"] in done.stdout
