"""Every setting with its value and where the value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from anyjob.errors import BadSettings
from anyjob.outcome import Json
from anyjob.problem import Problem
from anyjob.settings.settings import UNREAD, Settings
from anyjob.spec.wording import explain

__all__ = ["InForce", "Readers", "in_force", "problems_of"]

Readers = Mapping[str, type[BaseModel] | None]
"""Who reads the tables of plugins: `executors.shell`, `launchers.local`, `server`, with their models; None: without
settings."""

_ALONE: Final = "a command without a settings file allows what its user may do anyway; a server without one allows none"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One setting: its key (`worker.cgroup`), its value as JSON, and `whence`: the file, or `default`.

    `note` says what is particular about it.
    """

    key: str
    value: Json
    whence: str
    note: str = ""


def in_force(settings: Settings, readers: Readers) -> Iterator[InForce]:
    """All settings, part by part.

    Secrets appear by their sources; their values are read only when a run needs them. Raises BadSettings for a table
    of a plugin that its model refuses.
    """
    yield from _model(settings, "worker", settings.worker, _table(settings.written.get("worker")))
    for name, source in sorted(settings.secrets.items()):
        written = _table(_table(settings.written.get("secrets")).get(name))
        for one in _model(settings, f"secrets.{name}", source, written):
            if one.value is not None:
                yield one
    yield from _model(settings, "egress", settings.egress, _table(settings.written.get("egress")))
    yield from _model(settings, "plugins", settings.plugins, _table(settings.written.get("plugins")))
    tables = {f"executors.{name}": table for name, table in settings.executors.items()}
    tables |= {f"launchers.{name}": table for name, table in settings.launchers.items()}
    for part in sorted({*tables, *(part for part, model in readers.items() if model is not None)} - {*UNREAD}):
        yield from _read_by_plugin(settings, part, tables.get(part, {}), readers)
    for part in UNREAD:
        if readers.get(part) is not None:
            yield from _read_by_plugin(settings, part, _table(settings.written.get(part)), readers)
            continue
        for key, value in _table(settings.written.get(part)).items():
            note = "nothing reads this part: what does is not installed"
            yield InForce(key=f"{part}.{key}", value=cast("Json", value), whence=settings.source, note=note)


def problems_of(settings: Settings, readers: Readers) -> list[Problem]:
    """What the plugins that read them find wrong with all their tables."""
    parts: dict[str, object] = {f"executors.{name}": table for name, table in settings.executors.items()}
    parts |= {f"launchers.{name}": table for name, table in settings.launchers.items()}
    parts |= {part: settings.written[part] for part in UNREAD if part in settings.written}
    found = list[Problem]()
    for part, table in parts.items():
        model, given = readers.get(part), _table(table)
        if model is None:
            continue
        try:
            model.model_validate(dict(given))
        except ValidationError as error:
            found += explain(error, model, given, lambda name, part=part: f"{part}.{name}" if name else part)
    return found


def _read_by_plugin(settings: Settings, part: str, table: Mapping[str, object], readers: Readers) -> Iterator[InForce]:
    model = readers.get(part)
    if model is None:
        note = "it has no settings" if part in readers else "it is not installed"
        for key in table:
            # Without a model nobody can tell whether the value is a secret.
            said = f"nobody reads it: {note}; the value is not shown"
            yield InForce(key=f"{part}.{key}", value=None, whence=settings.source, note=said)
        return
    try:
        made = model.model_validate(dict(table))
    except ValidationError as error:
        problems = explain(error, model, table, lambda name: f"{part}.{name}" if name else part)
        if table:
            raise BadSettings(settings.source, problems) from None
        for problem in problems:
            yield InForce(key=part, value=None, whence="default", note=f"cannot be used: {problem}")
        return
    yield from _model(settings, part, made, table)


def _model(settings: Settings, part: str, model: BaseModel, written: Mapping[str, object]) -> Iterator[InForce]:
    # Fields of pydantic's SecretStr dump as asterisks.
    values: dict[str, Any] = model.model_dump(mode="json")
    for name, info in type(model).model_fields.items():
        untouched = getattr(model, name) == info.get_default(call_default_factory=True, validated_data={})
        inner: object = getattr(model, name)
        if isinstance(inner, BaseModel):
            yield from _model(settings, f"{part}.{name}", inner, _table(written.get(name)))
        elif name in written:
            yield InForce(key=f"{part}.{name}", value=values[name], whence=settings.source)
        else:
            yield InForce(key=f"{part}.{name}", value=values[name], whence="default", note="" if untouched else _ALONE)


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
