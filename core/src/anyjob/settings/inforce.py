"""Every setting with its value and where the value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from anyjob.outcome import Json
from anyjob.settings.settings import UNREAD, Settings

__all__ = ["InForce", "in_force"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One setting: its key (`worker.cgroup`), its value as JSON, and `whence`: the file, or `default`.

    `note` says what is particular about it.
    """

    key: str
    value: Json
    whence: str
    note: str = ""


def in_force(settings: Settings) -> Iterator[InForce]:
    """All settings, part by part. Secrets appear by their sources; their values are read only when a run needs them."""
    yield from _model(settings, "worker", settings.worker, _table(settings.written.get("worker")))
    for name, source in sorted(settings.secrets.items()):
        written = _table(_table(settings.written.get("secrets")).get(name))
        for one in _model(settings, f"secrets.{name}", source, written):
            if one.value is not None:
                yield one
    yield from _model(settings, "plugins", settings.plugins, _table(settings.written.get("plugins")))
    for part, tables in (("executors", settings.executors), ("launchers", settings.launchers)):
        for name, table in sorted(tables.items()):
            for key, value in table.items():
                yield InForce(key=f"{part}.{name}.{key}", value=cast("Json", value), whence=settings.source)
    for part in UNREAD:
        for key, value in _table(settings.written.get(part)).items():
            note = "nothing reads this part yet"
            yield InForce(key=f"{part}.{key}", value=cast("Json", value), whence=settings.source, note=note)


def _model(settings: Settings, part: str, model: BaseModel, written: Mapping[str, object]) -> Iterator[InForce]:
    values: dict[str, Any] = model.model_dump(mode="json")
    untouched = {name: info.get_default(call_default_factory=True) for name, info in type(model).model_fields.items()}
    for name, value in values.items():
        if name in written:
            yield InForce(key=f"{part}.{name}", value=value, whence=settings.source)
        elif getattr(model, name) == untouched[name]:
            yield InForce(key=f"{part}.{name}", value=value, whence="default")
        else:
            note = "a command without a settings file allows what its user may do anyway"
            yield InForce(key=f"{part}.{name}", value=value, whence="default", note=note)


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
