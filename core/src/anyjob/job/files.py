"""Jobs in files: YAML or JSON, one job or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from pydantic import JsonValue

from anyjob.excerpt import line_and_column
from anyjob.job.errors import BadJob, BadJobFile
from anyjob.job.job import Job
from anyjob.job.override import override
from anyjob.jsontext import BadJson, parse_json

__all__ = ["parse_fields", "parse_jobs", "read_fields", "read_job", "read_jobs"]

MAX_FILE_BYTES: Final = 1024 * 1024
Form: TypeAlias = Literal["yaml", "json"]
_FORMS: Final[dict[str, Form]] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def read_job(path: Path | str, overrides: Sequence[str] = (), *, strict: bool = False) -> Job:
    """The one job of a file. Raises BadJobFile when it holds none or several, and what `read_jobs` raises."""
    jobs = read_jobs(path, overrides, strict=strict)
    if len(jobs) > 1:
        raise BadJobFile(
            str(path), f"it holds {len(jobs)} jobs, and one is asked for; put the others into files of their own"
        )
    return jobs[0]


def read_jobs(path: Path | str, overrides: Sequence[str] = (), *, strict: bool = False) -> list[Job]:
    """Every job of a file, at least one.

    Several jobs are several YAML documents or one list. The form goes by the extension, else by the first character. A
    file may have 1 MiB. `overrides` are `Field=value` texts, applied to every job before it is checked.
    Raises BadJobFile for a file that cannot be read, BadJob with every Problem of every job otherwise.
    """
    return parse_jobs(_content(path), str(path), overrides, form=_form(path), strict=strict)


def read_fields(path: Path | str, overrides: Sequence[str] = ()) -> list[dict[str, JsonValue]]:
    """The fields of every job of a file as they are written, for whoever checks them elsewhere. Raises BadJobFile."""
    return parse_fields(_content(path), str(path), overrides, form=_form(path))


def parse_fields(
    data: bytes, source: str, overrides: Sequence[str] = (), *, form: Form | None = None
) -> list[dict[str, JsonValue]]:
    """As `read_fields`, for the bytes of a file or of standard input."""
    return [cast("dict[str, JsonValue]", override(fields, overrides)) for fields in _found(data, source, form)]


def _content(path: Path | str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadJobFile(str(path), f"it cannot be read: {error.strerror or error}") from None


def _form(path: Path | str) -> Form | None:
    return _FORMS.get(Path(path).suffix.lower())


def parse_jobs(
    data: bytes, source: str, overrides: Sequence[str] = (), *, form: Form | None = None, strict: bool = False
) -> list[Job]:
    """As `read_jobs`, for the bytes of a file or of standard input. `source` is the name that messages use."""
    found = _found(data, source, form)
    jobs, bad = list[Job](), list[BadJob]()
    for number, fields in enumerate(found, 1):
        here = source if len(found) == 1 else f"{source}, job {number}"
        try:
            jobs.append(Job.from_wire(override(fields, overrides), strict=strict, source=here))
        except BadJob as wrong:
            bad.append(wrong)
    if bad:
        first, *others = bad
        raise BadJob(first.problems, first.job, first.source, others, first.rest) if others else first
    return jobs


def _found(data: bytes, source: str, form: Form | None) -> list[dict[str, JsonValue]]:
    if len(data) > MAX_FILE_BYTES:
        raise BadJobFile(source, f"it is larger than {MAX_FILE_BYTES} bytes, the most that a file of jobs may have")
    text = _decoded(data, source)
    form = form or ("json" if text.lstrip()[:1] in ("{", "[") else "yaml")
    return _entries(_documents(text, source, form), source)


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start].decode()
        line, column = line_and_column(before, len(before))
        raise BadJobFile(source, "this byte is not UTF-8; save the file as UTF-8", line, column) from None


def _documents(text: str, source: str, form: Form) -> list[JsonValue]:
    if form == "yaml":
        from anyjob.job.yamltext import read_yaml

        return read_yaml(text, source, MAX_FILE_BYTES)
    try:
        return [parse_json(text)]
    except BadJson as wrong:
        raise BadJobFile(source, wrong.says, wrong.line, wrong.column, wrong.excerpt) from None


def _entries(documents: list[JsonValue], source: str) -> list[dict[str, JsonValue]]:
    found: list[dict[str, JsonValue]] = []
    for document in documents:
        for entry in document if isinstance(document, list) else [document]:
            if not isinstance(entry, dict):
                raise BadJobFile(source, "a job is written as fields with values, for example JobType: shell")
            found.append(entry)
    if not found:
        raise BadJobFile(source, "it holds no job")
    return found
