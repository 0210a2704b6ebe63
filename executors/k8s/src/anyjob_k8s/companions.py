"""The ConfigMap and the Secret of a run: what its pod mounts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anyjob.problem import Problem
from anyjob_k8s.labels import annotations_for, labels_for

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["COMPANION_LIMIT", "config_map", "secret", "too_large"]

COMPANION_LIMIT = 1 << 20
"""Bytes that a ConfigMap or a Secret may hold, by Kubernetes' own rule."""


def config_map(run: RunFacts, namespace: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A ConfigMap of the run's name with a value a file. It cannot be changed, so no node watches it."""
    made = _companion("ConfigMap", run, namespace)
    for name, content in files.items():
        text = _text(content)
        if text is None:
            made.setdefault("binaryData", {})[name] = base64.b64encode(content).decode("ascii")
        else:
            made.setdefault("data", {})[name] = text
    return made


def secret(run: RunFacts, namespace: str, texts: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, Any]:
    """A Secret of the run's name."""
    made = _companion("Secret", run, namespace)
    made["type"] = "Opaque"
    for name, content in files.items():
        text = _text(content)
        if text is None:
            made.setdefault("data", {})[name] = base64.b64encode(content).decode("ascii")
        else:
            texts = {**texts, name: text}
    if texts:
        made["stringData"] = dict(texts)
    return made


def too_large(field: str, what: str, size: int) -> Problem | None:
    """What is wrong with `size` bytes that have to travel in one object."""
    if size <= COMPANION_LIMIT:
        return None
    remedy = (
        f"is {what} of {size} bytes, and a ConfigMap or Secret holds at most {COMPANION_LIMIT};"
        " put it into the image, or fetch it at the start"
    )
    return Problem(field=field, value=f"{size} bytes", remedy=remedy)


def _companion(kind: str, run: RunFacts, namespace: str) -> dict[str, Any]:
    metadata = {
        "name": run.name,
        "namespace": namespace,
        "labels": labels_for(run),
        "annotations": annotations_for(run),
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "immutable": True}


def _text(content: bytes) -> str | None:
    """The text, where it is one and JSON makes no more of it than base64 would: requests are limited too."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if len(json.dumps(text, ensure_ascii=False)) < 2 * len(text) + 1024 else None
