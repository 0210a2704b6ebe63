"""Words as Kubernetes spells them, checked where a job or the settings write them.

Sources: Kubernetes, names, DNS labels and subdomains; Kubernetes, labels, syntax and character set; Kubernetes,
quantity, serialization format.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

__all__ = [
    "DnsLabel",
    "DnsName",
    "EnvName",
    "LabelKey",
    "LabelValue",
    "MountPath",
    "Quantity",
    "is_dns_label",
    "label_value",
]

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_SUBDOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_QUANTITY: Final = re.compile(r"(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?\Z", re.ASCII)
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MOUNT: Final = re.compile(r"/[^:\0]*[^/:\0]\Z")
_LONGEST_VALUE: Final = 63


def is_dns_label(text: str) -> bool:
    """Whether it can be the name of a namespace or a container."""
    return _LABEL.match(text) is not None


def _dns_label(text: str) -> str:
    if not is_dns_label(text):
        raise ValueError("is no name of Kubernetes; use a-z, 0-9 and '-', at most 63 characters")
    return text


def _dns_name(text: str) -> str:
    if not _SUBDOMAIN.match(text):
        raise ValueError("is no name of Kubernetes; use a-z, 0-9, '-' and '.', at most 253 characters")
    return text


def _label_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if not name or not _VALUE.match(name) or (slash and not _SUBDOMAIN.match(prefix)):
        raise ValueError("is no label of Kubernetes; write name or example.com/name")
    return text


def _label_value(text: str) -> str:
    if not _VALUE.match(text):
        raise ValueError("is no value of a label; use letters, digits, '-', '_' and '.', at most 63 characters")
    return text


def _env_name(text: str) -> str:
    if not _ENV_NAME.match(text):
        raise ValueError("is no name for an environment variable; use letters, digits and _")
    if text.startswith("ANYJOB_"):
        raise ValueError("starts with ANYJOB_, which anyjob sets itself; choose another name")
    return text


def _mount_path(text: str) -> str:
    if not _MOUNT.match(text) or "/../" in f"{text}/" or "//" in text:
        raise ValueError("is no folder to mount at; write a path from the root, such as /anyjob")
    return text


def _number(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _quantity(text: str) -> str:
    if not _QUANTITY.match(text):
        raise ValueError('is no quantity of Kubernetes; write "500m", "0.5", "256Mi", "1Gi"')
    return text


DnsLabel = Annotated[str, AfterValidator(_dns_label)]
"""The name of a namespace or a container."""

DnsName = Annotated[str, AfterValidator(_dns_name)]
"""The name of most other objects."""

LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
EnvName = Annotated[str, AfterValidator(_env_name)]
MountPath = Annotated[str, AfterValidator(_mount_path)]

Quantity = Annotated[
    str,
    BeforeValidator(_number),
    AfterValidator(_quantity),
    WithJsonSchema({"type": ["string", "number"], "examples": ["500m", "256Mi", 2]}),
]
"""An amount of a resource, as Kubernetes writes it."""


def label_value(text: str) -> str:
    """The part of a text that can stand as a label's value: itself where it can; empty where nothing can."""
    kept = re.sub(r"[^-A-Za-z0-9_.]+", "-", text)[:_LONGEST_VALUE]
    return re.sub(r"\A[^A-Za-z0-9]+|[^A-Za-z0-9]+\Z", "", kept)
