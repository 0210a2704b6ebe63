"""A real Kubernetes v1.34 cluster with one node, for tests: everything of it is in a space of its own (`keeper`)."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.grounds.images.archive import PAUSE, image
from tests.grounds.kubernetes import control, node
from tests.grounds.kubernetes import slot as slots
from tests.grounds.kubernetes.api import Api, ApiError
from tests.grounds.kubernetes.build import build
from tests.grounds.kubernetes.paper import PaperNode
from tests.grounds.kubernetes.slot import Slot
from tests.grounds.kubernetes.space import Space, tail

__all__ = ["Cluster", "ClusterFailed"]

_ROOT = Path(__file__).parents[3]
_MANY = 90.0
"""Seconds in which something must have become ready."""
_COVERED = ("/dev", "/proc", "/run", "/sys", "/var")
"""Folders of this machine that the cluster's space has for itself, so its own cannot be there."""


class ClusterFailed(Exception):
    """It did not come up, or a part of it did not come back. Says which, and the end of its log."""


class Cluster:
    """The processes, addresses and users of one cluster.

    Attributes:
        dir: Its folder: a log for each process (`kubelet.log`, ...), kubeconfigs, data. Removed by `down`.
        times: What took how long in `up`, in seconds.
    """

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        self.dir = folder.resolve()
        self.times: dict[str, float] = {}
        self._binary = binary
        self._keeper: subprocess.Popen[bytes] | None = None
        self._papers: list[PaperNode] = []
        self._slot = Slot(0)
        self._space = Space(0)
        self._node = True
        self._loaded: set[str] = set()

    # Coming and going

    @classmethod
    def at(cls, folder: Path) -> Cluster:
        """The cluster that is up in a folder, whoever started it."""
        made = cls(folder)
        try:
            known = json.loads((made.dir / "cluster.json").read_text())
        except FileNotFoundError:
            raise ClusterFailed(f"there is no cluster in {folder}") from None
        if "init" not in known:
            raise ClusterFailed(f"the cluster in {folder} did not come up: clear it with `down`")
        made._resume(known)
        return made

    def _resume(self, known: dict[str, Any]) -> None:
        self._binary = Path(known["binary"])
        self._node = known["node"]
        self._slot = Slot(known["number"])
        self._space = Space(known["init"])

    def up(self, *, with_node: bool = True, owner: int | None = None) -> None:
        """Start everything, in about 5 s, and return when pods can run.

        Args:
            with_node: Whether containerd and a kubelet start, too.
            owner: The process with whose end the cluster ends; None means it stays until `down`.

        Raises:
            ClusterFailed: The logs stay in the folder, everything else is gone.
            BuildFailed: There is no binary, and none can be built.
        """
        for place in _COVERED:
            if self.dir.is_relative_to(place):
                raise ClusterFailed(f"{self.dir} is below {place}, which a cluster covers: choose another folder")
        began = time.monotonic()
        binary = self._binary or build()
        self.dir.mkdir(parents=True, exist_ok=True)
        if any(self.dir.iterdir()):
            raise ClusterFailed(f"{self.dir} is not empty: `down` clears a cluster that is in it")
        state: dict[str, Any] = {"binary": str(binary), "node": with_node}
        self._remember(state)
        try:
            state |= self._keep(owner)
            self._remember(state)
            self._resume(state)
            self._start_control()
            if with_node:
                self._start_node()
        except BaseException:
            (self.dir / "failed").touch()
            self.down()
            raise
        self.times["total"] = round(time.monotonic() - began, 2)

    def _remember(self, state: dict[str, Any]) -> None:
        fresh = self.dir / "cluster.json.fresh"
        fresh.write_text(json.dumps(state))
        fresh.rename(self.dir / "cluster.json")

    def _keep(self, owner: int | None) -> dict[str, Any]:
        argv = [sys.executable, "-m", "tests.grounds.kubernetes.keeper", "--dir", str(self.dir)]
        log = self.dir / "keeper.log"
        with log.open("ab") as errors:
            self._keeper = subprocess.Popen(
                argv + ([f"--owner={owner}"] if owner else []),
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # ctrl-C in a terminal is for the tests, which then end the cluster
            )
        assert self._keeper.stdout
        with self._keeper.stdout as said:
            line = said.readline()
        if not line:
            raise ClusterFailed(f"the cluster's space could not be made:\n{tail(log)}")
        return json.loads(line)

    def _start_control(self) -> None:
        with self._timed("keys"):
            control.make_keys(self.dir / "pki")
            control.write_tokens(self.dir / "tokens.csv")
        self.start("etcd")
        self.start("kube-apiserver")
        for user, token in control.read_tokens(self.dir / "tokens.csv").items():
            self._write_kubeconfig(user, token)
        control.write_scheduler(self.dir / "scheduler.json", self.dir / "scheduler.kubeconfig")
        self.start("kube-controller-manager")
        self.start("kube-scheduler")
        with self._timed("default service account"):
            self._until("kube-controller-manager", lambda: self._has_accounts("default"))

    def _start_node(self) -> None:
        node.write_files(self.dir, self._slot)
        self.start("containerd")
        with self._timed("images"):
            for tag in (PAUSE, "busybox:test"):
                self.need(tag)
        self.start("kubelet")

    def down(self) -> None:
        """Leave nothing of it, whatever state it is in; also of one whose keeper was killed. Twice is once."""
        for paper in self._papers:
            paper.end()
        self._papers.clear()
        try:
            known: dict[str, Any] = json.loads((self.dir / "cluster.json").read_text())
        except FileNotFoundError:
            known = {}
        keeper = self._keeper.pid if self._keeper else known.get("keeper")
        if keeper:
            slots.end_keeper(keeper, self.dir)
        if self._keeper:
            self._keeper.wait()
            self._keeper = None
        slots.sweep()

    # Processes

    def _commands(self) -> dict[str, list[str]]:
        assert self._binary
        made = control.commands(self.dir, self._slot, self._binary)
        return made | node.commands(self.dir, self._slot, self._binary) if self._node else made

    def _command(self, process: str) -> list[str]:
        known = self._commands()
        if process not in known:
            raise ValueError(f"{process!r} is none of {', '.join(known)}")
        return known[process]

    def kill(self, process: str) -> None:
        """SIGKILL, and wait until it is gone. Containers live on."""
        self._space.kill(self._command(process))

    def start(self, process: str) -> None:
        """Start it with the same command as ever, and wait until it serves (those that serve); nothing if it runs."""
        argv = self._command(process)
        with self._timed(process):
            if not self._space.find(argv):
                try:
                    self._space.start(argv, self.dir / f"{process}.log")
                except RuntimeError as error:
                    raise ClusterFailed(str(error)) from error
            if ready := self._probes().get(process):
                self._until(process, ready)

    def restart(self, process: str) -> None:
        """Kill it, and start it again."""
        self.kill(process)
        self.start(process)

    def freeze(self, process: str) -> None:
        """Stop it in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self._space.signal(self._command(process), signal.SIGSTOP)

    def thaw(self, process: str) -> None:
        """Let it go on."""
        self._space.signal(self._command(process), signal.SIGCONT)

    def pid(self, process: str) -> int | None:
        """Its number on this machine, if it runs."""
        return self._space.find(self._command(process))

    # What a test needs of it

    @property
    def kubeconfig(self) -> Path:
        """May do everything."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """ "admin", or "limited", to whom everything is forbidden until a role is bound to the user of that name."""
        return self.dir / f"{user}.kubeconfig"

    def kubeconfig_of_account(self, namespace: str, account: str = "default") -> Path:
        """One with a token of a service account, valid for an hour; the account's namespace is the default one."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        made = self.api.call("POST", path, {"spec": {"expirationSeconds": 3600}})
        return self._write_kubeconfig(f"{namespace}.{account}", made["status"]["token"], namespace)

    @property
    def pod_api_url(self) -> str:
        """The API server, from pods and from this machine; the certificate holds it.

        Pods have another one in KUBERNETES_SERVICE_HOST, which is the same server: in-cluster configuration works.
        """
        return f"https://{self._slot.node}"

    @property
    def host_address(self) -> str:
        """This machine, as pods see it: they reach what listens here on this address, or on every one; nothing else."""
        return str(self._slot.host)

    @property
    def api(self) -> Api:
        """Requests as admin."""
        token = control.read_tokens(self.dir / "tokens.csv")["admin"]
        return Api(self.pod_api_url, token, self.dir / "pki/apiserver.crt")

    @contextmanager
    def namespace(self, **labels: str) -> Generator[str]:
        """A fresh namespace in which pods can start at once. It is deleted behind the test's back."""
        name = f"test-{secrets.token_hex(4)}"
        self.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        self._until("kube-controller-manager", lambda: self._has_accounts(name))
        try:
            yield name
        finally:
            try:
                self.api.call("DELETE", f"/api/v1/namespaces/{name}")
            except (ApiError, OSError):
                pass  # a test that left the API server down has failed already, and says why

    @contextmanager
    def paper_node(self, name: str = "paper") -> Generator[PaperNode]:
        """A second node, of paper, for a while."""
        made = self.add_paper_node(name)
        try:
            yield made
        finally:
            made.remove()

    def add_paper_node(self, name: str) -> PaperNode:
        """A second node, of paper, until `remove` of it, or `down`."""
        made = PaperNode(self.api, name)
        self._papers.append(made)
        return made

    def need(self, tag: str) -> None:
        """Give the node an image of the grounds ("python:test", ...); the two of busybox are there from the start.

        Raises:
            Unavailable: This machine lacks what it is made of.
        """
        if tag not in self._loaded:
            self.load_image(image(tag))
            self._loaded.add(tag)

    def load_image(self, tar: Path) -> None:
        """Give the node the images of an archive as `docker save` writes it."""
        with tar.open("rb") as archive:
            self._ctr("images", "import", "-", stdin=archive)

    def kubectl(self, *args: str) -> str:
        """What kubectl says, as admin.

        Raises:
            RuntimeError: It failed; with what it said.
        """
        assert self._binary
        argv = [self._binary, "kubectl", f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.dir / 'cache'}", *args]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    # Being ready

    @contextmanager
    def _timed(self, what: str) -> Generator[None]:
        began = time.monotonic()
        yield
        self.times[what] = round(time.monotonic() - began, 2)

    def _until(self, process: str, ready: Callable[[], bool]) -> None:
        end, why = time.monotonic() + _MANY, "it said nothing"
        while time.monotonic() < end:
            try:
                if ready():
                    return
            except (OSError, ApiError, RuntimeError) as error:
                why = str(error)
            if not self.pid(process):
                why = "it has ended"
                break
            time.sleep(0.05)
        log = self.dir / f"{process}.log"
        raise ClusterFailed(f"{process} is not ready: {why}. The end of {log}:\n{tail(log)}")

    def _probes(self) -> dict[str, Callable[[], bool]]:
        return {
            "kube-apiserver": self._api_ready,  # which waits for etcd
            "containerd": self._containerd_ready,
            "kubelet": self._node_ready,
        }

    def _api_ready(self) -> bool:
        return self.api.call("GET", "/readyz") == "ok"

    def _containerd_ready(self) -> bool:
        return bool(self._ctr("version"))

    def _has_accounts(self, namespace: str) -> bool:
        for what in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            self.api.call("GET", f"/api/v1/namespaces/{namespace}/{what}")
        return True

    def _node_ready(self) -> bool:
        socket.create_connection((str(self._slot.node), node.PORT), 1).close()
        seen = self.api.call("GET", f"/api/v1/nodes/{node.NAME}")
        conditions = seen["status"].get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return ready and not seen["spec"].get("taints")

    def _ctr(self, *args: str, stdin: Any = None) -> str:
        return self._space.run(["ctr", "--address", node.SOCKET, "--namespace", "k8s.io", *args], stdin)

    def _write_kubeconfig(self, name: str, token: str, namespace: str = "default") -> Path:
        return control.kubeconfig(
            self.dir / f"{name}.kubeconfig",
            server=self.pod_api_url,
            trusted=self.dir / "pki/apiserver.crt",
            user=name,
            token=token,
            namespace=namespace,
        )
