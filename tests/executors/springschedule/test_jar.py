"""The jar for the user's application."""

from __future__ import annotations

import os
import struct
import subprocess
import zipfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import java

from anyjob_jvm.jars import jar

JAVA = Path(__file__).parents[3] / "executors/springschedule/src/anyjob_springschedule/java"


@pytest.mark.needs("jdk17")
class TestJar:
    def test_one_file_of_java_8_without_stubs(self) -> None:
        with zipfile.ZipFile(jar("anyjob_springschedule", "spring")) as opened:
            names = opened.namelist()
            classes = [name for name in names if name.endswith(".class")]
            versions = {struct.unpack(">HH", opened.read(name)[4:8])[1] for name in classes}
            assert versions == {52}
            assert {name.rpartition("/")[0] for name in classes} == {"anyjob/spring", "anyjob/app"}
            factories = opened.read("META-INF/spring.factories").decode().strip()
        assert factories == "org.springframework.context.ApplicationContextInitializer=anyjob.spring.Install"

    def test_its_pom_has_our_version(self) -> None:
        pom = JAVA / "files/META-INF/maven/anyjob/anyjob-spring/pom.xml"
        found = ET.parse(pom).getroot().find("{http://maven.apache.org/POM/4.0.0}version")
        assert found is not None
        assert found.text == version("anyjob-springschedule")

    @pytest.mark.needs("maven", "jdk25")
    @pytest.mark.parametrize(
        ("boot", "home", "release"), [("boot2", "17", "8"), ("boot3", "17", "17"), ("boot4", "25", "17")]
    )
    def test_the_stubs_say_what_spring_says(
        self, boots: Boots, tmp_path: Path, boot: str, home: str, release: str
    ) -> None:
        """The same sources compile against Spring itself."""
        sources = [str(file) for file in (JAVA / "spring").rglob("*.java")]
        classpath = os.pathsep.join(map(str, [jar("anyjob_jvm", "app"), *boots.jars(boot)]))
        argv = [str(java(home).javac), "--release", release, "-proc:none", "-nowarn", "-cp", classpath]
        argv += ["-d", str(tmp_path)]
        done = subprocess.run([*argv, *sources], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
