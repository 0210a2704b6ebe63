"""Jars come from the wheel, or are built once, and nobody else can put one in their place."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

import anyjob_jvm
from anyjob_jvm import jars
from anyjob_jvm.errors import CacheUnsafe, JarBroken, NoCompiler
from anyjob_jvm.homes import JavaHome, choose_home, find_homes
from anyjob_jvm.recipe import BuildFailed, Recipe, build, read_recipes

ROOT = Path(__file__).parents[3]
JDK17 = pytest.mark.needs("jdk17")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, for a package whose wheel carries no jars."""
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)

    def ours(environment: object) -> Path:
        del environment
        return folder

    def none(package: str, name: str) -> None:
        del package, name

    monkeypatch.setattr(jars, "cache_folder", ours)
    monkeypatch.setattr(jars, "shipped", none)
    return folder


def javac(feature: str = "17") -> Path:
    path = choose_home(find_homes(), feature).javac
    assert path is not None
    return path


def package(folder: Path, table: str, **files: str) -> Path:
    """A package with a java folder; `__` in a name is a slash."""
    for name, text in files.items():
        path = folder / "java" / (name.replace("__", "/") + ".java")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "java").mkdir(parents=True, exist_ok=True)
    (folder / "java" / "jars.toml").write_text(table)
    return folder


def recipe(folder: Path, name: str) -> Recipe:
    def other(package: str) -> Path:
        return folder.parent / package

    return read_recipes(folder, other)[name]


@JDK17
@pytest.mark.parametrize("feature", ["17", pytest.param("25", marks=pytest.mark.needs("jdk25"))])
def test_it_is_java_8_and_the_same_bytes_each_time(tmp_path: Path, feature: str) -> None:
    made: list[bytes] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        source = Path(anyjob_jvm.__file__).parent
        made.append(build(recipe(source, "app"), javac(feature), tmp_path / name).read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(next((tmp_path / "one").iterdir())) as jar:
        assert jar.namelist()[0] == "META-INF/MANIFEST.MF"
        classes = [name for name in jar.namelist() if name.endswith(".class")]
        assert all(name.startswith("anyjob/app/") for name in classes)
        assert {struct.unpack(">H", jar.read(name)[6:8])[0] for name in classes} == {52}


@JDK17
def test_it_is_built_once_and_then_found(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = jars.jar("anyjob_jvm", "app")
    assert first.parent == cache
    assert [path.name for path in cache.iterdir()] == [first.name]
    stamp = first.stat().st_mtime_ns
    monkeypatch.setattr("anyjob_jvm.homes.find_homes", list)
    assert jars.jar("anyjob_jvm", "app") == first
    assert first.stat().st_mtime_ns == stamp


@JDK17
def test_several_at_once(cache: Path) -> None:
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(jars.jar("anyjob_jvm", "app"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert [path.name for path in cache.iterdir()] == [made[0].name]


def test_without_a_jdk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anyjob_jvm.homes.find_homes", list)
    with pytest.raises(NoCompiler) as no:
        jars.jar("anyjob_jvm", "app")
    assert str(no.value).startswith("No JDK: anyjob-app-")
    assert "Install a JDK (Debian: openjdk-17-jdk-headless)" in str(no.value)


def test_javac_that_fails(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    compiler = tmp_path / "jdk" / "bin" / "javac"
    compiler.write_text("#!/bin/sh\necho 'X.java:1: error: odd' >&2\nexit 1\n")
    compiler.chmod(0o755)
    with pytest.raises(JarBroken, match=r"refused the sources of app: X\.java:1: error: odd"):
        jars.jar("anyjob_jvm", "app", JavaHome(path=tmp_path / "jdk", version="17", feature=17))
    assert list(cache.iterdir()) == []


@JDK17
def test_a_cache_that_others_can_write(cache: Path) -> None:
    cache.chmod(0o777)
    with pytest.raises(CacheUnsafe, match="can be written by others"):
        jars.jar("anyjob_jvm", "app")
    cache.chmod(0o700)
    made = jars.jar("anyjob_jvm", "app")
    made.chmod(0o666)
    with pytest.raises(CacheUnsafe, match="can be written by others"):
        jars.jar("anyjob_jvm", "app")
    made.rename(cache / "other")
    made.symlink_to(cache / "other")
    with pytest.raises(CacheUnsafe, match="is a link"):
        jars.jar("anyjob_jvm", "app")


@JDK17
@pytest.mark.needs("root")
def test_a_jar_of_somebody_else(cache: Path) -> None:
    os.chown(jars.jar("anyjob_jvm", "app"), 12345, 12345)
    with pytest.raises(CacheUnsafe, match="belongs to user 12345"):
        jars.jar("anyjob_jvm", "app")


@JDK17
def test_stubs_are_not_packed_and_includes_are(tmp_path: Path) -> None:
    package(tmp_path / "base", '[core]\nsources = ["src"]', src__base__Core="package base; public class Core {}")
    top = package(
        tmp_path / "top",
        '[one]\nsources = ["one"]\nstubs = ["stubs"]\nresources = ["files"]\ninclude = ["base:core"]\nmain = "a.One"\n'
        '[two]\nsources = ["two"]\nclasspath = ["one", "base:core"]\n',
        one__a__One="package a; public class One extends far.Away { base.Core core; }",
        two__b__Two="package b; class Two { a.One one; base.Core core; }",
        stubs__far__Away="package far; public class Away {}",
    )
    (top / "java" / "files" / "META-INF").mkdir(parents=True)
    (top / "java" / "files" / "META-INF" / "spring.factories").write_text("x=y\n")
    (top / "java" / "stubs" / "far" / "Unused.java").write_text("this is no Java")
    (tmp_path / "out").mkdir()
    with zipfile.ZipFile(build(recipe(top, "one"), javac(), tmp_path / "out")) as jar:
        assert jar.namelist() == ["META-INF/MANIFEST.MF", "META-INF/spring.factories", "a/One.class", "base/Core.class"]
        assert jar.read("META-INF/MANIFEST.MF") == b"Manifest-Version: 1.0\r\nMain-Class: a.One\r\n\r\n"
    (top / "java" / "two" / "b").joinpath("Two.java").write_text("package b; class Two { a.One one; base.Core core; }")


@JDK17
def test_every_part_changes_the_key(tmp_path: Path) -> None:
    def key() -> str:
        return recipe(tmp_path / "p", "one").key

    table = '[one]\nsources = ["one"]\nstubs = ["stubs"]\nclasspath = ["two"]\n[two]\nsources = ["two"]\n'
    package(tmp_path / "p", table, one__A="class A {}", stubs__S="class S {}", two__B="class B {}")
    keys = [key()]
    for change in (
        {"one__A": "class A { int a; }"},
        {"stubs__S": "class S { int a; }"},
        {"two__B": "class B { int a; }"},
        {"one__C": "class C {}"},
    ):
        package(tmp_path / "p", table, **change)
        keys.append(key())
    assert len(set(keys)) == 5
    assert keys[-1] == key()


def test_a_table_that_makes_no_jar(tmp_path: Path) -> None:
    package(tmp_path / "p", '[one]\nsources = ["one"]\nsource = 1\n')
    with pytest.raises(ValueError, match=r"one\.source is none of classpath, include, main, resources, sources, stubs"):
        recipe(tmp_path / "p", "one")
    package(tmp_path / "p", '[one]\nsources = ["one"]\nclasspath = ["two"]\n')
    with pytest.raises(ValueError, match="there is no jar 'two'"):
        recipe(tmp_path / "p", "one")


def test_a_compiler_that_is_not_there(tmp_path: Path) -> None:
    package(tmp_path / "p", '[one]\nsources = ["one"]\n', one__A="class A {}")
    with pytest.raises(BuildFailed, match="could not be used"):
        build(recipe(tmp_path / "p", "one"), tmp_path / "javac", tmp_path)


@JDK17
@pytest.mark.parametrize("jdk", [True, False], ids=["where a JDK is", "where none is"])
def test_the_wheel_carries_the_jar_where_it_can(tmp_path: Path, *, jdk: bool) -> None:
    """And the installed package uses it; without a JDK the build does not fail."""
    env = {**os.environ, "JAVA_HOME": str(javac().parents[1] if jdk else tmp_path), "PATH": str(tmp_path)}
    argv = [str(Path(sys.executable).with_name("uv")), "build", "--wheel", "-q", "--python", sys.executable]
    argv += ["-o", str(tmp_path / "dist"), str(ROOT / "plugins" / "jvm")]
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        carried = [name for name in packed.namelist() if name.endswith(".jar")]
        packed.extractall(tmp_path / "site")
    name = recipe(Path(anyjob_jvm.__file__).parent, "app").file_name
    assert carried == ([f"anyjob_jvm/java/jars/{name}"] if jdk else [])
    code = "from anyjob_jvm.jars import shipped; print(shipped('anyjob_jvm', 'app'))"
    path = {"PYTHONPATH": str(tmp_path / "site")}
    said = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True).stdout
    assert said.strip() == (str(tmp_path / "site" / "anyjob_jvm" / "java" / "jars" / name) if jdk else "None")
