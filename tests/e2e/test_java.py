"""java: unchanged classes that extend the JavaProcessor of the vendor's own worker jar, in real JVMs."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.e2e.way import Deed, Middle, Talk, Way
from tests.executors.java.build import compiled
from tests.executors.java.vendor import worker_jars

from anyjob.outcome import Cause, Strength
from anyjob.status import InstanceStatus
from anyjob_jvm.homes import choose_home, find_homes

pytestmark = pytest.mark.needs("jdk17", "maven")

_IMPORTS = """package com.alibaba.schedulerx.test;
import com.alibaba.schedulerx.worker.domain.JobContext;
import com.alibaba.schedulerx.worker.processor.JavaProcessor;
import com.alibaba.schedulerx.worker.processor.ProcessResult;
import java.nio.file.*;
"""

# `helloworld`, small letters and all, is the ClassName of CreateJob's page.
_HELLO = (
    _IMPORTS
    + """
public class helloworld extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) {
        System.out.println("hello " + context.getJobParameters());
        return new ProcessResult(true, "said to " + context.getJobParameters());
    }
}
"""
)

_MIDDLE = (
    _IMPORTS
    + """
public class Middle extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) throws Exception {
        Path folder = Paths.get(context.getJobParameters());
        byte[] line = (ProcessHandle.current().pid() + "\\n").getBytes();
        System.out.println("once");
        Files.write(folder.resolve("begun"), line, StandardOpenOption.APPEND);
        while (!Files.exists(folder.resolve("over"))) {
            Thread.sleep(20);
        }
        System.out.println("whole");
        return new ProcessResult(true, "all of it");
    }
}
"""
)


class TestJava(Way):
    job_type = "java"
    stopped = Strength.PROVEN
    xattrs: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        """The class path is the operator's, so that the job says no more than the page's does."""
        vendor = worker_jars(tmp_path_factory.getbasetemp() / "schedulerx")
        package = "com/alibaba/schedulerx/test"
        sources = {f"{package}/helloworld.java": _HELLO, f"{package}/Middle.java": _MIDDLE}
        home = choose_home(find_homes(), "17")
        classes = compiled(tmp_path_factory.mktemp("e2e-java"), home, sources, vendor, release=17)
        class_path = json.dumps([str(entry) for entry in (classes, *vendor)])
        return f'[server.users]\n"*" = "root"\n[executors.java]\nclasspath = {{default = {class_path}}}\njava = "17"\n'

    @pytest.fixture
    def deed(self) -> Deed:
        fields = {"ClassName": "com.alibaba.schedulerx.test.helloworld", "XAttrs": self.xattrs}
        return Deed(fields=fields, result="said to test", logged="hello test")

    @pytest.fixture
    def middle(self, tmp_path: Path) -> Middle:
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()
        name = "com.alibaba.schedulerx.test.Middle"
        return Middle(
            fields={"ClassName": name, "Parameters": str(tmp_path), "XAttrs": self.xattrs},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="all of it",
            logged=("once", "whole"),
            left=lambda: self.left(begun),
        )

    def written(self, log: list[str]) -> list[str]:
        """The vendor's jar prints a line of its own when its first class is loaded."""
        return [line for line in log if not line.startswith("Schedulerx init JM logger")]

    def left(self, begun: Path) -> list[str]:
        """The JVMs that are there of those that said their process there."""
        return [pid for pid in begun.read_text().split() if Path("/proc", pid).exists()]


class TestSharedJava(TestJava):
    """Runs in a JVM that is there already, and that outlives the server as they do."""

    stopped = Strength.REPORTED
    xattrs: ClassVar[dict[str, Any]] = {"isolation": "shared"}

    def left(self, begun: Path) -> list[str]:
        """The JVM stays for others until what it has is done; a run in it leaves a thread at most."""
        return []

    def test_its_jvm_dies_while_no_server_is_there(self, talk: Talk, middle: Middle, tmp_path: Path) -> None:
        job = talk.create("java-alone", self.job_type, middle.fields)
        instance = talk.execute(job)
        talk.until(lambda: middle.begun() == 1, "the middle")
        talk.serving.end(signal.SIGKILL)
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        talk.serving.start()
        assert talk.ended(job, instance)["Status"] == InstanceStatus.FAILED.value
        raw = talk.raw(instance)
        assert (raw["Cause"], raw["Code"]) == (Cause.SIGNAL.value, 128 + signal.SIGKILL), raw
        assert middle.begun() == 1
