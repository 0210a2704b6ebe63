"""Tables of fields for pages: the same that `anyjob schema` tells to programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from anyjob.problem import plain
from anyjob.spec.reference import FieldRow, spec_rows

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost

__all__ = ["of_launcher", "of_type", "table"]


def of_type(host: PluginHost, job_type: str) -> str:
    """The type's own fields. Raises UnknownJobType or PluginError."""
    return table(spec_rows(host.spec(job_type)))


def of_launcher(host: PluginHost, name: str) -> str:
    """The keys that a launcher reads. Raises KeyError for one that nobody brings."""
    return table(spec_rows(host.options(name)))


def table(rows: Iterable[FieldRow], first: str = "field") -> str:
    """A Markdown table with a line for each field, in GitHub's dialect; it ends with a line feed."""
    lines = [f"| {first} | value | default | meaning |", "| --- | --- | --- | --- |"]
    for row in rows:
        names = ", or ".join(f"`{place}`" for place in row.places)
        default = "**needed**" if row.needed else f"`{row.default}`" if row.default else ""
        lines.append(" | ".join(("", *map(_cell, (names, row.kind, default, row.about)), "")).strip())
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str) -> str:
    return plain(" ".join(text.split())).replace("|", "\\|")
