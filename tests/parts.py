"""The real parts that tests run on: what a machine may lack, what is there, and how to get it.

`python -m tests.parts` shows them without running a test.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["ALWAYS", "PARTS", "Part", "ci_words", "table"]

ROOT = Path(__file__).parent.parent
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/local/go/bin"


@dataclass(frozen=True, kw_only=True)
class Part:
    """`missing`: why it is not there, empty when it is; `version`: which one is; `remedy`: how to get it."""

    missing: Callable[[], str]
    version: Callable[[], str]
    remedy: str


def _said(*words: str) -> str:
    """The first line of what a command says."""
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": _PATH, "LC_ALL": "C"})
    return next(iter(done.stdout.splitlines()), "")


def _number(name: str, *words: str) -> str:
    """A program's name, and the first number of what it says of itself."""
    found = re.search(r"v?\d+(\.\d+)+[\w.+~-]*", _said(*words))
    return f"{name} {found[0]}" if found else name


def _named(label: str, pattern: str, *globs: str) -> str:
    """What files of the tests name, oldest version first."""
    texts = [path.read_text() for place in globs for path in ROOT.glob(f"tests/{place}")]
    found = {match[1] for text in texts for match in re.finditer(pattern, text)}
    return f"{label} {', '.join(sorted(found, key=lambda text: [int(part) for part in re.findall(r'[0-9]+', text)]))}"


def _artifact(label: str, name: str) -> str:
    """The versions of a Maven artifact that tests resolve."""
    return _named(label, rf"<artifactId>{name}</artifactId>\s*<version>([^<]+)<", "**/pom.xml", "**/vendor.py")


def _command(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"{name} is not installed"


def _program(name: str, *words: str, debian: str, more: Callable[[], str] = lambda: "") -> Part:
    def told() -> str:
        return "; ".join(filter(None, [_number(name, *words), more()]))

    return Part(missing=_command(words[0]), version=told, remedy=f"apt-get install {debian}")


def _cgroup2_mount() -> Path | None:
    for mount in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        if (mount / "cgroup.procs").exists() and (mount / "cgroup.subtree_control").exists():
            return mount
    return None


def _cgroup2() -> str:
    mount = _cgroup2_mount()
    if mount is None:
        return "no cgroup v2 is mounted"
    return "" if os.access(mount / "cgroup.procs", os.W_OK) else f"{mount} is not writable"


def _cgroup1() -> str:
    there = os.access("/sys/fs/cgroup/memory/cgroup.procs", os.W_OK) and os.path.exists(
        "/sys/fs/cgroup/memory/memory.limit_in_bytes"
    )
    return "" if there else "no writable cgroup v1 memory controller"


def _jdk_version(feature: int) -> str:
    from anyjob_jvm.homes import find_homes

    found = [home for home in find_homes() if home.feature == feature and home.javac]
    return f"JDK {found[0].version}" if found else ""


def _jdk(feature: int, remedy: str) -> Part:
    def missing() -> str:
        return "" if _jdk_version(feature) else f"no JDK {feature} is installed"

    return Part(missing=missing, version=partial(_jdk_version, feature), remedy=remedy)


@cache
def _go_version() -> str:
    from anyjob_go.build import find_go

    go = find_go()
    return "" if go is None else subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()


def _go() -> str:
    said = _go_version()
    if not said:
        return "there is no go on the PATH"
    return "" if (found := re.match(r"go1\.(\d+)", said)) and int(found[1]) >= 20 else f"{said} is too old"


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


def _k8s_version() -> str:
    from tests.grounds.kubernetes.build import build

    return f"Kubernetes {_said(str(build()), 'kube-apiserver', '--version').removeprefix('Kubernetes ')}"


def _postgres() -> str:
    from tests.grounds.postgres.cluster import missing

    return missing()


def _postgres_version() -> str:
    from tests.grounds.postgres.cluster import bin_folder

    return _number("PostgreSQL", f"{bin_folder()}/postgres", "--version")


def _root() -> str:
    return "" if os.getuid() == 0 else "not root"


def _containers() -> str:
    return f"{_number('containerd', 'containerd', '--version')}, {_number('runc', 'runc', '--version')}"


def _kernel() -> str:
    return f"Linux {platform.release()}"


PARTS: Mapping[str, Part] = {
    "cc": Part(missing=_cc, version=lambda: _number("cc", "cc", "--version"), remedy="apt-get install gcc libc6-dev"),
    "cgroup2": Part(
        missing=_cgroup2,
        version=lambda: f"{_cgroup2_mount()}, {_kernel()}",
        remedy="mount cgroup v2, and run as root or in a delegated group",
    ),
    "cgroup1": Part(
        missing=_cgroup1,
        version=lambda: f"/sys/fs/cgroup/memory, {_kernel()}",
        remedy="a machine that mounts cgroup v1's memory controller (kernel option systemd.unified_cgroup_hierarchy=0)",
    ),
    "docker": Part(
        missing=_docker,
        version=lambda: f"{_number('dockerd', 'dockerd', '--version')}, {_containers()}",
        remedy="root, and apt-get install docker.io busybox-static",
    ),
    "jdk17": _jdk(17, "apt-get install openjdk-17-jdk-headless"),
    "jdk25": _jdk(25, "unpack a JDK 25 below /usr/lib/jvm; Debian 12 has no package of it"),
    "go": Part(
        missing=_go,
        version=lambda: "; ".join(
            [_go_version(), _named("schedulerx-worker-go", r"schedulerx-worker-go (v\S+)", "**/go.mod")]
        ),
        remedy="unpack Go 1.24 or later as /usr/local/go",
    ),
    "jq": _program("jq", "jq", "--version", debian="jq"),
    "k8s": Part(
        missing=_k8s,
        version=lambda: f"{_k8s_version()}, {_containers()}",
        remedy="root, apt-get install containerd runc containernetworking-plugins busybox-static, "
        "and python -m tests.grounds.kubernetes build",
    ),
    "maven": _program(
        "Maven",
        "mvn",
        "--version",
        debian="maven",
        more=lambda: "; ".join(
            _artifact(*words)
            for words in (
                ("xxl-job-core", "xxl-job-core"),
                ("Spring Boot", "spring-boot-starter"),
                ("schedulerx2-worker", "schedulerx2-worker"),
                ("alibabacloud-schedulerx220190430", "alibabacloud-schedulerx220190430"),
                ("aliyun-java-sdk-schedulerx2", "aliyun-java-sdk-schedulerx2"),
            )
        ),
    ),
    "node": _program("Node.js", "node", "--version", debian="nodejs"),
    "npm": _program("npm", "npm", "--version", debian="npm"),
    "php": _program("PHP", "php", "--version", debian="php-cli"),
    "postgres": Part(missing=_postgres, version=_postgres_version, remedy="apt-get install postgresql"),
    "root": Part(missing=_root, version=lambda: f"uid {os.getuid()}", remedy="run as root"),
    "systemd": _program("systemd", "systemd-analyze", "--version", debian="systemd"),
}
"""By the words of `@pytest.mark.needs`."""

_DISTRIBUTIONS = (
    "alibabacloud-schedulerx220190430",
    "aliyun-python-sdk-schedulerx2",
    "alibabacloud-dataworks-public20200518",
    "alibabacloud-dataworks-public20240518",
)


def _installed() -> Iterator[str]:
    for name in _DISTRIBUTIONS:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} is not installed"


ALWAYS: Mapping[str, Callable[[], str]] = {
    "Python": lambda: f"{platform.python_version()}, {_kernel()}",
    "vendor's SDKs": lambda: "; ".join(_installed()),
    "DataWorks": lambda: "the practice server anyjob_dataworks.peer: the real service cannot be had here",
}
"""What needs no word, and what stands in for a part that cannot be had."""


def ci_words() -> set[str]:
    """The words of .ci/needs: the parts that CI must have."""
    lines = (ROOT / ".ci" / "needs").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def table(counts: Mapping[str, str], words: Iterable[str] = PARTS) -> Iterator[str]:
    """A line for each part: its word, what `counts` says of it, its version, or why it is missing and the remedy."""
    rows: list[tuple[str, str]] = []
    for word in words:
        why = PARTS[word].missing()
        rows.append((word, f"MISSING: {why}; {PARTS[word].remedy}" if why else PARTS[word].version()))
    rows += [(name, told()) for name, told in ALWAYS.items()]
    wide, numbers = max(len(name) for name, _ in rows), max(map(len, counts.values()), default=0)
    for name, text in rows:
        yield f"{name:<{wide}}  {counts.get(name, ''):>{numbers}}  {text}" if counts else f"{name:<{wide}}  {text}"


if __name__ == "__main__":
    print("\n".join(table({})))
