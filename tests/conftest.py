"""What every test shares: the marker `needs`, and a state folder that leaves nothing running."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.grounds.fixtures", "tests.beside"]

ROOT = Path(__file__).parent.parent


def _cgroup2() -> str:
    for mount in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        if (mount / "cgroup.procs").exists() and (mount / "cgroup.subtree_control").exists():
            return "" if os.access(mount / "cgroup.procs", os.W_OK) else f"{mount} is not writable"
    return "no cgroup v2 is mounted"


def _cgroup1() -> str:
    mount = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    return "" if os.access(mount.parent / "cgroup.procs", os.W_OK) else "no writable cgroup v1 memory controller"


def _root() -> str:
    return "" if os.getuid() == 0 else "not root"


def _command(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"{name} is not installed"


def _jdk(feature: int) -> Callable[[], str]:
    def look() -> str:
        from anyjob_jvm.homes import find_homes

        found = [home for home in find_homes() if home.feature == feature and home.javac]
        return "" if found else f"no JDK {feature} is installed"

    return look


@cache
def _go() -> str:
    from anyjob_go.build import find_go

    go = find_go()
    if go is None:
        return "there is no go on the PATH"
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
    return "" if (version := re.match(r"go1\.(\d+)", said)) and int(version[1]) >= 20 else f"{said or go} is too old"


def _cc() -> str:
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        return f"the entry helper of containers knows no system calls of {machine}"
    return _command("cc")()


def _docker() -> str:
    from tests.grounds.docker.engine import missing

    return missing()


def _k8s() -> str:
    from tests.grounds.kubernetes.node import missing

    return missing()


def _postgres() -> str:
    from tests.grounds.postgres.cluster import missing

    return missing()


NEEDS: dict[str, Callable[[], str]] = {
    "cc": _cc,
    "cgroup2": _cgroup2,
    "cgroup1": _cgroup1,
    "docker": _docker,
    "jdk17": _jdk(17),
    "jdk25": _jdk(25),
    "go": _go,
    "jq": _command("jq"),
    "k8s": _k8s,
    "maven": _command("mvn"),
    "node": _command("node"),
    "npm": _command("npm"),
    "php": _command("php"),
    "postgres": _postgres,
    "root": _root,
}
"""What a machine may lack, and why it does: an empty text means it is there."""


# How fast examples come says something of the machine, not of the code.
hypothesis.settings.register_profile("anyjob", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("anyjob")


def pytest_configure() -> None:
    """What is ignored here would be ignored by everything that tests start: a CI that was itself started in the
    background, or under nohup, hands on such signals. Options for this pytest are none for those that tests start."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    os.environ.pop("PYTEST_ADDOPTS", None)


def ci_needs() -> set[str]:
    """The words of .ci/needs when CI runs, else none."""
    if os.environ.get("ANYJOB_CI") != "1":
        return set()
    lines = (ROOT / ".ci" / "needs").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    must = ci_needs()
    for item in items:
        for mark in item.iter_markers("needs"):
            for word in mark.args:
                if word not in NEEDS:
                    raise pytest.UsageError(f"{item.nodeid}: needs({word!r}) is none of {', '.join(NEEDS)}")
                why = NEEDS[word]()
                if why and word in must:
                    raise pytest.UsageError(f"{item.nodeid} needs {word}, which CI must have: {why}")
                if why:
                    item.add_marker(pytest.mark.skip(reason=f"needs {word}: {why}"))
