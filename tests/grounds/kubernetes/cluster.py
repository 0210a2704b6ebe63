"""A real Kubernetes v1.34 cluster with one node, for tests: everything of it is in a space of its own (`keeper`)."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.grounds.images.archive import PAUSE, image
from tests.grounds.kubernetes import control, node
from tests.grounds.kubernetes import slot as slots
from tests.grounds.kubernetes.api import ApiError
from tests.grounds.kubernetes.build import build
from tests.grounds.kubernetes.paper import PaperNode
from tests.grounds.kubernetes.parts import ClusterFailed, Parts
from tests.grounds.kubernetes.space import tail

__all__ = ["Cluster", "ClusterFailed"]

_ROOT = Path(__file__).parents[3]
_COVERED = ("/run", "/var")
"""Folders of this machine that the cluster's space has for itself, so its own cannot be there."""


class Cluster(Parts):
    """One cluster, its addresses and its users. `down` removes its folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._binary = Path()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._papers: list[PaperNode] = []
        self._loaded: set[str] = set()

    # Coming and going

    @classmethod
    def at(cls, folder: Path) -> Cluster:
        """The cluster that is up in a folder, whoever started it."""
        made = cls(folder)
        try:
            known = json.loads((made.dir / slots.STATE).read_text())
        except FileNotFoundError:
            raise ClusterFailed(f"there is no cluster in {folder}") from None
        if slots.keeper_of(made.dir) is None:
            raise ClusterFailed(f"nothing is left of the cluster in {folder} but its folder: `down` removes that")
        made._resume(known)
        return made

    def _resume(self, known: dict[str, Any]) -> None:
        self._binary = Path(known["binary"])
        self._settle(init=known["init"], number=known["number"], binary=self._binary, with_node=known["node"])

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
        binary = build()
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
            (self.dir / slots.FAILED).touch()
            self._end()
            raise
        self.times["total"] = round(time.monotonic() - began, 2)

    def _remember(self, state: dict[str, Any]) -> None:
        fresh = self.dir / f"{slots.STATE}.fresh"
        fresh.write_text(json.dumps(state))
        fresh.rename(self.dir / slots.STATE)

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
        (self.dir / slots.FAILED).unlink(missing_ok=True)
        self._end()

    def _end(self) -> None:
        for paper in self._papers:
            paper.end()
        self._papers.clear()
        slots.end_keeper(self.dir)
        if self._keeper:
            self._keeper.wait()
            self._keeper = None
        slots.sweep(self.dir)
        slots.clear_folder(self.dir)

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
    def host_address(self) -> str:
        """This machine, as pods see it: they reach what listens here on this address, or on every one; nothing else."""
        return str(self._slot.host)

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

    def trust_registry(self, host: str) -> None:
        """Let the node pull from a registry ("address:port") without TLS; one that listens on `host_address`, say."""
        node.trust_registry(self.dir, host)

    def load_image(self, tar: Path) -> None:
        """Give the node the images of an archive as `docker save` writes it."""
        with tar.open("rb") as archive:
            self._ctr("images", "import", "-", stdin=archive)

    def kubectl(self, *args: str) -> str:
        """What kubectl says, as admin.

        Raises:
            RuntimeError: It failed; with what it said.
        """
        argv = [self._binary, "kubectl", f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.dir / 'cache'}", *args]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def _has_accounts(self, namespace: str) -> bool:
        for what in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            self.api.call("GET", f"/api/v1/namespaces/{namespace}/{what}")
        return True

    def _write_kubeconfig(self, name: str, token: str, namespace: str = "default") -> Path:
        return control.kubeconfig(
            self.dir / f"{name}.kubeconfig",
            server=self.pod_api_url,
            trusted=self.dir / "pki/apiserver.crt",
            user=name,
            token=token,
            namespace=namespace,
        )
