"""What a pod asks of its node and cluster, against what the operator allows.

Sources: Kubernetes, Pod Security Standards, baseline; Kubernetes API, PodSpec.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final, cast

from anyjob.outcome import Json
from anyjob.problem import Problem, shown
from anyjob_k8s.manifest import Kind, containers
from anyjob_k8s.objects import K8sObject, annotations_of, part, parts
from anyjob_k8s.settings import Allowed

__all__ = ["Rules", "field_of_manifest", "field_of_ours", "image_name"]

_BASELINE: Final = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
    *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""Capabilities that a container has anyway, unless it drops them."""

_SYSCTLS: Final = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
"""Those that reach no further than the pod, by the Pod Security Standard baseline."""

_SELINUX: Final = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_REGISTRY: Final = "docker.io"


_FIELDS: Final = {"containers[0].image": "XAttrs.image", "serviceAccountName": "XAttrs.serviceAccount"}


def field_of_ours(place: str) -> str:
    """Where a job says what stands in a pod of ours."""
    return _FIELDS.get(place, "XAttrs")


def field_of_manifest(root: str, kind: Kind) -> Callable[[str], str]:
    """Where it stands in the manifest that the field `root` of a job holds."""
    inner = "spec.template." if kind == "Job" else ""

    def field(place: str) -> str:
        return f"{root}.{inner}{place if place.startswith('metadata.') else f'spec.{place}'}"

    return field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is `allowed` under the settings' `table`. `field` names the field of the job for a place in the pod's spec
    (`containers[0].image`), or in its metadata.

    Every answer is a Problem that names the field, and the setting that would allow it. What the Pod Security Standard
    baseline forbids is refused unless a setting allows it.
    """

    allowed: Allowed
    table: str
    field: Callable[[str], str]

    def namespace(self, namespace: str, field: str) -> Iterator[Problem]:
        """What is wrong with running there; `field` is where the job says so."""
        if not _matches(namespace, self.allowed.namespaces):
            yield self._listed(field, namespace, "namespaces", namespace)

    def pod(self, pod: K8sObject) -> Iterator[Problem]:
        """What is wrong with a pod, or a Job's template of one."""
        spec = part(pod, "spec")
        yield from self._node(spec)
        yield from self._account(spec)
        yield from self._security(part(spec, "securityContext"), "securityContext")
        for name, profile in annotations_of(pod).items():
            if name.startswith(_APPARMOR) and profile == "unconfined" and not self.allowed.unconfined:
                yield self._refused(f"metadata.annotations.{name}", profile, "unconfined")
        for number, item in enumerate(parts(spec, "securityContext", "sysctls")):
            if item.get("name") not in _SYSCTLS and not self.allowed.unconfined:
                yield self._refused(f"securityContext.sysctls[{number}].name", item.get("name"), "unconfined")
        for number, volume in enumerate(parts(spec, "volumes")):
            yield from self._volume(volume, f"volumes[{number}]")
        for at, container in containers(spec):
            yield from self._container(container, at)

    def _node(self, spec: K8sObject) -> Iterator[Problem]:
        for name, setting in (("hostNetwork", "host_network"), ("hostPID", "host_pid"), ("hostIPC", "host_ipc")):
            if spec.get(name) and not getattr(self.allowed, setting):
                yield self._refused(name, spec[name], setting)

    def _account(self, spec: K8sObject) -> Iterator[Problem]:
        said = {name: spec[name] for name in ("serviceAccountName", "serviceAccount") if spec.get(name)}
        for name, account in (said or {"serviceAccountName": "default"}).items():
            if not _matches(str(account), self.allowed.service_accounts):
                yield self._listed(self.field(name), account, "service_accounts", account)

    def _container(self, container: K8sObject, at: str) -> Iterator[Problem]:
        yield from self._image(container.get("image"), f"{at}.image")
        security, here = part(container, "securityContext"), f"{at}.securityContext"
        if security.get("privileged") and not self.allowed.privileged:
            yield self._refused(f"{here}.privileged", security["privileged"], "privileged")
        if security.get("procMount") not in (None, "", "Default") and not self.allowed.unconfined:
            yield self._refused(f"{here}.procMount", security["procMount"], "unconfined")
        added = part(security, "capabilities").get("add")
        for number, name in enumerate(cast("list[Json]", added) if isinstance(added, list) else []):
            plain = str(name).upper().removeprefix("CAP_")
            if plain not in _BASELINE and not {"*", plain} & set(self.allowed.capabilities):
                yield self._listed(self.field(f"{here}.capabilities.add[{number}]"), name, "capabilities", plain)
        yield from self._security(security, here)
        for number, port in enumerate(parts(container, "ports")):
            if port.get("hostPort") and not self.allowed.host_ports:
                yield self._refused(f"{at}.ports[{number}].hostPort", port["hostPort"], "host_ports")
        if not self.allowed.unconfined:
            yield from self._foreign_hosts(container, at)

    def _security(self, security: K8sObject, at: str) -> Iterator[Problem]:
        """What a pod and a container may both say."""
        windows = part(security, "windowsOptions").get("hostProcess")
        if windows and not self.allowed.privileged:
            yield self._refused(f"{at}.windowsOptions.hostProcess", windows, "privileged")
        if self.allowed.unconfined:
            return
        for name in ("seccompProfile", "appArmorProfile"):
            if part(security, name).get("type") == "Unconfined":
                yield self._refused(f"{at}.{name}.type", "Unconfined", "unconfined")
        options = part(security, "seLinuxOptions")
        if options.get("type", "") not in _SELINUX:
            yield self._refused(f"{at}.seLinuxOptions.type", options["type"], "unconfined")
        for name in ("user", "role"):
            if options.get(name):
                yield self._refused(f"{at}.seLinuxOptions.{name}", options[name], "unconfined")

    def _foreign_hosts(self, container: K8sObject, at: str) -> Iterator[Problem]:
        """A probe or hook with a host lets the node's kubelet call whatever that names."""
        hooks = [(name, part(container, name)) for name in _PROBES]
        hooks += [(f"lifecycle.{name}", part(container, "lifecycle", name)) for name in ("postStart", "preStop")]
        for name, hook in hooks:
            for kind in ("httpGet", "tcpSocket"):
                host = part(hook, kind).get("host")
                if host:
                    yield self._refused(f"{at}.{name}.{kind}.host", host, "unconfined")

    def _volume(self, volume: K8sObject, at: str) -> Iterator[Problem]:
        for kind in sorted(volume.keys() - {"name"}):
            if kind == "hostPath":
                path = str(part(volume, kind).get("path", ""))
                if not any(_within(path, folder.as_posix()) for folder in self.allowed.host_path):
                    yield self._listed(self.field(f"{at}.hostPath.path"), path, "host_path", path)
            elif kind not in self.allowed.volumes:
                yield self._listed(self.field(f"{at}.{kind}"), volume[kind], "volumes", kind)
            elif kind == "image":
                yield from self._image(part(volume, kind).get("reference"), f"{at}.image.reference")

    def _image(self, image: object, at: str) -> Iterator[Problem]:
        if not isinstance(image, str) or not image:
            return
        if not any(_image_pattern(pattern).fullmatch(image_name(image)) for pattern in self.allowed.images):
            yield self._listed(self.field(at), image, "images", image)

    def _refused(self, place: str, value: object, setting: str) -> Problem:
        remedy = (
            f"is not allowed on this worker; take it out, or ask for `{setting} = true` under [{self.table}.allowed]"
        )
        return Problem(field=self.field(place), value=shown(value), remedy=remedy)

    def _listed(self, field: str, value: object, setting: str, add: object) -> Problem:
        remedy = (
            f"is not allowed on this worker; write another, or ask for {json.dumps(str(add))} in `{setting}` under"
            f" [{self.table}.allowed]"
        )
        return Problem(field=field, value=shown(value), remedy=remedy)


def image_name(image: str) -> str:
    """The whole name of an image: `busybox` is `docker.io/library/busybox:latest`."""
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        name = f"{_REGISTRY}/{name}" if slash else f"{_REGISTRY}/library/{name}"
    elif first == "index.docker.io":
        name = f"{_REGISTRY}/{rest}"
    if not at and ":" not in name.rpartition("/")[2]:
        name += ":latest"
    return f"{name}{at}{digest}"


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _within(path: str, folder: str) -> bool:
    if ".." in path.split("/") or not path.startswith("/"):
        return False
    return PurePosixPath(path).is_relative_to(folder)


def _image_pattern(pattern: str) -> re.Pattern[str]:
    """A star does not reach beyond the registry it stands in: else `*.example.com/x` would allow every registry."""
    if pattern == "*":
        return re.compile(".*", re.DOTALL)
    first, slash, rest = pattern.partition("/")
    if not slash:
        first, rest = _REGISTRY, f"library/{pattern}"
    elif not ("." in first or ":" in first or first == "localhost"):
        first, rest = _REGISTRY, pattern
    last = rest.rpartition("/")[2]
    tagged = ":" in last or "@" in last or last.endswith("*")
    tail = "" if tagged else r"([:@].*)?"
    return re.compile(_glob(first, "[^/]*") + "/" + _glob(rest, ".*") + tail, re.DOTALL)


def _glob(text: str, star: str) -> str:
    return star.join(re.escape(piece) for piece in text.split("*"))
