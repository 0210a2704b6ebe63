"""Nothing of a cluster is left, whoever was killed; and nothing of it was ever to be seen."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.grounds.kubernetes import slot as slots
from tests.grounds.kubernetes.build import BuildFailed, build
from tests.grounds.kubernetes.cluster import Cluster, ClusterFailed
from tests.grounds.kubernetes.init import SYSCTLS
from tests.grounds.kubernetes.slot import Slot

ROOT = Path(__file__).parents[3]
OWNER = """
import os, pathlib, sys, time
from tests.grounds.kubernetes.cluster import Cluster
cluster = Cluster(pathlib.Path(sys.argv[1]))
cluster.up(owner=os.getpid())
cluster.kubectl("run", "pod", "--image=busybox:test", "--restart=Never", "--", "sleep", "600")
cluster.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/pod")
print("up", flush=True)
time.sleep(600)
"""
PLACES = ("/run/netns", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def machine() -> dict[str, str]:
    """What a kubelet or its runtime would change for all."""
    files = {name: Path("/proc/sys", name).read_text() for name in SYSCTLS}
    listed = {place: " ".join(sorted(os.listdir(place))) if os.path.isdir(place) else "none" for place in PLACES}
    return files | listed


def below(top: int) -> set[int]:
    """All processes that descend from one."""
    parents: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {top}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that have not ended; a zombie has, whether or not its parent looks."""

    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    return {pid for pid in pids if lives(pid)}


def slot_of(folder: Path) -> Slot:
    (file,) = [file for file in slots.REGISTRY.glob("*") if f'"{folder}"' in file.read_text()]
    return Slot(int(file.name))


def linked(slot: Slot) -> bool:
    return Path("/sys/class/net", slot.link).exists()


@pytest.mark.needs("k8s")
def test_nothing_is_left(tmp_path: Path) -> None:
    """Of a cluster whose owner, or whose keeper, is killed."""
    before = machine()
    folders = [tmp_path / "a", tmp_path / "b"]  # a kubelet has a socket in it, and the kernel takes 107 bytes of a path
    owners = [
        subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for folder in folders
    ]
    try:
        assert [owner.stdout and owner.stdout.readline() for owner in owners] == ["up\n", "up\n"]
        taken = [slot_of(folder) for folder in folders]
        keepers = [slots.keeper_of(folder) or 0 for folder in folders]
        processes = [below(keeper) for keeper in keepers]
        assert all(map(linked, taken))
        assert all(len(found) > 10 for found in processes)
        assert machine() == before, "a cluster is to be seen from outside"

        owners[0].kill()
        until(lambda: not folders[0].exists())
        os.kill(keepers[1], signal.SIGKILL)
        until(lambda: not alive(processes[1]))

        Cluster(folders[1]).down()
        assert not alive(processes[0])
        assert not any(map(linked, taken))
        assert not [group for slot in taken for group in slot.cgroups() if group.exists()]
        assert not any(folder.exists() for folder in folders)
        assert str(tmp_path) not in Path("/proc/mounts").read_text()
        assert machine() == before
    finally:
        for owner in owners:
            owner.kill()
            owner.communicate()
        for folder in folders:
            Cluster(folder).down()


@pytest.mark.needs("root")
def test_a_start_that_fails_shows_the_log_keeps_it_and_leaves_nothing_else(tmp_path: Path, fake_go: Path) -> None:
    folder = tmp_path / "cluster"
    fake_go.joinpath("program").write_text("#!/bin/sh\necho this $1 is none; exit 1\n")
    with pytest.raises(ClusterFailed, match=r"(?s)etcd ended at once.*this etcd is none"):
        Cluster(folder).up(owner=os.getpid())
    assert slots.keeper_of(folder) is None
    assert {file.name for file in folder.iterdir()} == {"etcd.log", "keeper.log", slots.STATE, slots.FAILED}
    with pytest.raises(ClusterFailed, match="is not empty: `down` clears"):
        Cluster(folder).up(owner=os.getpid())
    Cluster(folder).down()
    assert not folder.exists()
    with pytest.raises(ClusterFailed, match="is below /var, which a cluster covers: choose another folder"):
        Cluster(Path("/var/cluster")).up()


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that writes down its calls, and gives out the file `program`."""
    folder = tmp_path / "go"
    folder.mkdir()
    (folder / "program").write_text("#!/bin/sh\n")
    (folder / "go").write_text(
        f'#!/bin/sh\n[ "$1" = env ] && {{ echo go1.99; exit; }}\necho "$@" >> {folder}/calls\nsleep 0.3\n'
        f"[ -e {folder}/fault ] && {{ cat {folder}/fault >&2; exit 1; }}\n"
        f'while [ "$1" != -o ]; do shift; done\ncp {folder}/program "$2"; chmod +x "$2"\n'
    )
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("ANYJOB_GROUNDS_CACHE", str(tmp_path / "cache"))
    return folder


def test_the_binary_is_built_once_whoever_asks(fake_go: Path) -> None:
    argv = [sys.executable, "-m", "tests.grounds.kubernetes", "build"]
    asking = [
        subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [one.communicate() for one in asking]
    assert {out.strip() for out, _ in said} == {str(build())}
    assert len(fake_go.joinpath("calls").read_text().splitlines()) == 1
    assert re.fullmatch(r"kubetest-[0-9a-f]{16}-go1\.99", build().name)
    assert sum(error.count("about 7 minutes") for _, error in said) == 1


def test_a_build_that_fails_says_why_and_leaves_no_binary(fake_go: Path) -> None:
    fake_go.joinpath("fault").write_text("main.go:1: no such thing\n")
    for _ in range(2):
        with pytest.raises(BuildFailed, match=r"main\.go:1: no such thing"):
            build()
    fake_go.joinpath("fault").unlink()
    assert build().exists()
