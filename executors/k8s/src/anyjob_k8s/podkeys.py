"""The keys of XAttrs that say how a pod of ours is made, for scripts and for commands alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from anyjob.spec import At, Spec, Text
from anyjob_k8s.words import DnsLabel, DnsName, EnvName, LabelKey, LabelValue, MountPath, Quantity

__all__ = ["EnvFrom", "Image", "KeyRef", "PlaceKeys", "PodKeys", "Ref", "Resources", "Toleration"]


_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+\Z")
_PREFIX: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)?\Z")


def _object_key(text: str) -> str:
    if not _KEY.match(text):
        raise ValueError("is no key of a ConfigMap or Secret; use letters, digits, '-', '_' and '.'")
    return text


def _prefix(text: str) -> str:
    if not _PREFIX.match(text):
        raise ValueError("cannot begin a variable's name; use letters, digits and '_', a letter first")
    return text


def _image(text: str) -> str:
    if re.search(r"\s", text):
        raise ValueError("has a blank in it; write an image's name, such as busybox or registry.example.com/app:1.2")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ref(_Part):
    """A ConfigMap or Secret of the run's namespace. `optional`: it need not be there."""

    name: DnsName
    optional: bool = False


class KeyRef(Ref):
    """One value of a ConfigMap or Secret."""

    key: Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_object_key)]


class EnvFrom(_Part):
    """Every value of one ConfigMap or one Secret, as variables whose names begin with `prefix`."""

    config_map: Annotated[Ref | None, Field(alias="configMapRef")] = None
    secret: Annotated[Ref | None, Field(alias="secretRef")] = None
    prefix: Annotated[str, AfterValidator(_prefix)] = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.config_map is None) == (self.secret is None):
            raise ValueError('names no or two sources; write {"configMapRef": {"name": "..."}} or {"secretRef": ...}')
        return self


class Resources(_Part):
    """What a container is promised and what it gets at most, by the names of resources: cpu, memory, ..."""

    requests: Mapping[LabelKey, Quantity] = Field(default_factory=dict[str, str])
    limits: Mapping[LabelKey, Quantity] = Field(default_factory=dict[str, str])


class Toleration(_Part):
    """A taint of nodes that does not keep the pod away."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    seconds: Annotated[int | None, Field(alias="tolerationSeconds")] = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.key is None and self.operator != "Exists":
            raise ValueError('names no key; write one, or "operator": "Exists" for every taint')
        if self.operator == "Exists" and self.value:
            raise ValueError('has a value beside "operator": "Exists"; take one of the two out')
        return self


def _names(value: object) -> object:
    """Names of pull secrets; Kubernetes writes each as `{"name": ...}`."""
    if not isinstance(value, list):
        return value
    return [_name(item) for item in cast("list[object]", value)]


def _name(item: object) -> object:
    if not isinstance(item, dict):
        return item
    entry = cast("dict[str, object]", item)
    return entry["name"] if entry.keys() == {"name"} else entry


class PlaceKeys(Spec):
    """Where the pods of a run are, and how long they may wait."""

    cluster: Annotated[
        str | None,
        Field(
            min_length=1,
            description="a cluster of the worker's settings, or where they name none, a context of its kubeconfig",
        ),
        At("XAttrs.$.cluster", ("XAttrs.$.context",)),
    ] = None
    namespace: Annotated[
        DnsLabel | None,
        Field(description="the namespace; default: the manifest's, the cluster's setting, the context's"),
        At("XAttrs.$.namespace"),
    ] = None
    mount_path: Annotated[
        MountPath,
        Field(description="the folder in the container that holds the script and, under secrets, the run's secrets"),
        At("XAttrs.$.mountPath"),
    ] = "/anyjob"
    pull_policy: Annotated[
        Literal["Always", "IfNotPresent", "Never"],
        Field(description="when a node asks the registry; in a manifest, for containers that say nothing"),
        At("XAttrs.$.imagePullPolicy"),
    ] = "IfNotPresent"
    pending_limit: Annotated[
        float | None,
        Field(gt=0, description="seconds that a pod may wait to be placed or for its image; default: the settings'"),
        At("XAttrs.$.pendingLimit"),
    ] = None


class PodKeys(PlaceKeys):
    """How a pod of ours is made. `None` and empty: Kubernetes decides."""

    service_account: Annotated[
        DnsName | None,
        Field(description="the service account of the pod"),
        At("XAttrs.$.serviceAccount", ("XAttrs.$.serviceAccountName",)),
    ] = None
    token: Annotated[
        bool,
        Field(description="true: the token of that account is mounted"),
        At("XAttrs.$.automountServiceAccountToken"),
    ] = False
    resources: Annotated[
        Resources,
        Field(
            description='what the container is promised and gets at most, {"requests": {}, "limits": {}}; '
            "the common limits are written into it and win"
        ),
        At("XAttrs.$.resources"),
    ] = Resources()
    env_from: Annotated[
        tuple[EnvFrom, ...],
        Field(
            description='ConfigMaps and Secrets whose values become variables: [{"secretRef": {"name": '
            '"db"}}]; those of env and of the run itself win'
        ),
        At("XAttrs.$.envFrom"),
    ] = ()
    secret_env: Annotated[
        dict[EnvName, KeyRef],
        Field(description='variables from Secrets of the cluster: {"PASSWORD": {"name": "db", "key": "password"}}'),
        At("XAttrs.$.secretEnv"),
    ] = Field(default_factory=dict[str, KeyRef])
    config_map_env: Annotated[
        dict[EnvName, KeyRef],
        Field(description='variables from ConfigMaps of the cluster: {"MODE": {"name": "app", "key": "mode"}}'),
        At("XAttrs.$.configMapEnv"),
    ] = Field(default_factory=dict[str, KeyRef])
    pull_secrets: Annotated[
        tuple[DnsName, ...],
        BeforeValidator(_names),
        Field(description="Secrets with which nodes get the image from its registry"),
        At("XAttrs.$.imagePullSecrets"),
    ] = ()
    node_selector: Annotated[
        dict[LabelKey, LabelValue],
        Field(description="labels that a node must have"),
        At("XAttrs.$.nodeSelector"),
    ] = Field(default_factory=dict[str, str])
    tolerations: Annotated[
        tuple[Toleration, ...],
        Field(description="taints of nodes that do not keep the pod away"),
        At("XAttrs.$.tolerations"),
    ] = ()
    priority_class: Annotated[
        DnsName | None,
        Field(description="the priority class of the pod"),
        At("XAttrs.$.priorityClass", ("XAttrs.$.priorityClassName",)),
    ] = None
    run_as_group: Annotated[
        int | None, Field(ge=0, le=2**31 - 1, description="the number of its group"), At("XAttrs.$.runAsGroup")
    ] = None
    fs_group: Annotated[
        int | None, Field(ge=0, le=2**31 - 1, description="the number of its volumes' group"), At("XAttrs.$.fsGroup")
    ] = None
    read_only_root: Annotated[
        bool,
        Field(description="whether the image's files cannot be changed; /tmp is a volume then"),
        At("XAttrs.$.readOnlyRootFilesystem"),
    ] = False
    restricted: Annotated[
        bool,
        Field(description="whether it keeps the Pod Security Standard restricted: not root, no capabilities"),
        At("XAttrs.$.restricted"),
    ] = False

    @field_validator("config_map_env")
    @classmethod
    def _variables_once(cls, value: dict[str, KeyRef], info: ValidationInfo) -> dict[str, KeyRef]:
        both = sorted(value.keys() & cast("dict[str, KeyRef]", info.data.get("secret_env") or {}).keys())
        if both:
            raise ValueError(f"names the variable {both[0]}, as secretEnv does; keep one of the two")
        return value


Image = Annotated[Text, Field(min_length=1, max_length=1024), AfterValidator(_image)]
"""The name of an image."""
