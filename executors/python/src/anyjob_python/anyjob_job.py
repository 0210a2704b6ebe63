"""What a script knows of its run, and what it can say: `import anyjob_job`, with nothing installed.

    import anyjob_job

    for number, line in enumerate(lines, 1):
        work(line, anyjob_job.parameters)
        anyjob_job.progress(number, len(lines))
    anyjob_job.result({"lines": len(lines)})

The file lies beside the script of every python job. It needs the standard library of Python 3.8 or later alone, and
reads everything when it is asked for. Outside of a job each name raises NotInJob.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # without the module typing, which costs more to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

__all__ = [
    "NotInJob",
    "SecretMissing",
    "Shard",
    "attempt",
    "deadline",
    "instance_parameters",
    "key",
    "map",
    "parameters",
    "phase",
    "progress",
    "result",
    "results",
    "run",
    "secret",
    "shard",
    "task",
    "upstream",
]

parameters: str
"""The job's Parameters."""
instance_parameters: str
"""What whoever fired this instance gave it; empty where they gave nothing."""
shard: Shard | None
"""Which part of a sharding instance this run is; None in other modes."""
attempt: int
"""The count of tries, 0 for the first."""
task: Any
"""What a map put into this task; None for other tasks."""
upstream: Any
"""Results of the jobs that ran before this one; None where there are none."""
deadline: float | None
"""Epoch seconds at which the run is stopped; None: it may take as long as it likes."""
run: str
"""The name of this start; no other start of anything has it."""
key: str
"""The same for every start of this attempt: for a remote side that must do a thing once."""
phase: str
"""PROCESS, or PRE, POST, REDUCE for the runs around them."""


class NotInJob(RuntimeError):
    """Something was asked for that this process has not been told: it is no anyjob run, or none of that kind."""

    def __init__(self, what: str, variable: str, why: str = "") -> None:
        self.what, self.variable = what, variable
        why = why or "this is no run of anyjob. Run it as a job, or set the variable to try the script by itself"
        super().__init__(f"anyjob_job.{what}: {variable} is not set: {why}.")


class SecretMissing(LookupError):
    """The job does not list the secret under XAttrs.secrets."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        text = "anyjob_job.secret: this run has no secret {!r}; it has: {}. List it under XAttrs.secrets of the job."
        super().__init__(text.format(name, ", ".join(known) or "none"))


class Shard:
    """One part of a sharding instance: `id` and `parameter` from the job's Parameters, `total` parts in all (None where
    that is not known)."""

    __slots__ = ("id", "parameter", "total")

    def __init__(self, id: int, parameter: str, total: int | None) -> None:  # noqa: A002 - the job's own word
        self.id, self.parameter, self.total = id, parameter, total

    def __repr__(self) -> str:
        return f"Shard(id={self.id!r}, parameter={self.parameter!r}, total={self.total!r})"


def progress(done: int, total: int) -> None:
    """Say that `done` of `total` is done. Shown while the run goes on; call it as often as you like."""
    if isinstance(done, bool) or not isinstance(done, int) or not isinstance(total, int) or done < 0 or total < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"anyjob_job.progress: {done!r} of {total!r}; both are whole numbers from 0")
    _append("progress", "ANYJOB_PROGRESS", f"{done} {total}\n")


def result(value: Mapping[str, Any]) -> None:
    """Return a JSON object: it becomes the outputs of the run. Said again, the last one counts.

    Raises TypeError or ValueError for what JSON cannot hold; an earlier result stays then.
    """
    import json

    path = _told("result", "ANYJOB_RESULT")
    if not hasattr(value, "items"):
        raise TypeError(f"anyjob_job.result: {type(value).__name__} is no object; give a dict")
    text = json.dumps(dict(value), allow_nan=False)
    new = f"{path}.{os.getpid()}"
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(new, path)


def map(items: Iterable[Any], name: str, key: str) -> None:  # noqa: A001 - the word of the trade
    """Add tasks named `name`, one for each of `items`, which JSON must be able to hold.

    Repeating a `key` within the run does nothing, so a script that is started again may map again.
    """
    import json

    line = json.dumps({"name": name, "key": key, "items": list(items)}, allow_nan=False)
    _append("map", "ANYJOB_MAP", line + "\n")


def results() -> Iterator[Any]:
    """In a reduce: the results of all tasks, one after the other."""
    import json

    path = _told("results", "ANYJOB_RESULTS", "only a reduce has results")
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def secret(name: str) -> str:
    """The value of a secret that the job lists under XAttrs.secrets. Raises SecretMissing."""
    folder = _told("secret", "ANYJOB_SECRETS")
    known = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    if name not in known:
        raise SecretMissing(name, known)
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return file.read()


def _told(what: str, variable: str, why: str = "") -> str:
    value = os.environ.get(variable)
    if value is None:
        raise NotInJob(what, variable, why if "ANYJOB_RUN" in os.environ else "")
    return value


def _append(what: str, variable: str, line: str) -> None:
    """A whole line in one write: several processes of a run may write at once."""
    file = os.open(_told(what, variable), os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        data = line.encode("utf-8")
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


def _text(variable: str) -> Callable[[str], Any]:
    return lambda what: _told(what, variable)


def _number(variable: str) -> Callable[[str], Any]:
    return lambda what: int(_told(what, variable))


def _json(variable: str) -> Callable[[str], Any]:
    def read(what: str) -> Any:
        import json

        text = _maybe(what, variable)
        return None if text is None else json.loads(text)

    return read


def _maybe(what: str, variable: str) -> str | None:
    """What is set for some runs only."""
    _told(what, "ANYJOB_RUN")
    return os.environ.get(variable)


def _shard(what: str) -> Shard | None:
    number = _maybe(what, "ANYJOB_SHARD_ID")
    if number is None:
        return None
    total = os.environ.get("ANYJOB_SHARD_TOTAL")
    return Shard(int(number), os.environ.get("ANYJOB_SHARD_PARAMETER", ""), int(total) if total else None)


def _deadline(what: str) -> float | None:
    text = _maybe(what, "ANYJOB_DEADLINE")
    return None if text is None else int(text) / 1000


_FACTS = {
    "parameters": _text("ANYJOB_PARAMETERS"),
    "instance_parameters": _text("ANYJOB_INSTANCE_PARAMETERS"),
    "shard": _shard,
    "attempt": _number("ANYJOB_ATTEMPT"),
    "task": _json("ANYJOB_TASK"),
    "upstream": _json("ANYJOB_UPSTREAM"),
    "deadline": _deadline,
    "run": _text("ANYJOB_RUN"),
    "key": _text("ANYJOB_KEY"),
    "phase": _text("ANYJOB_PHASE"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _FACTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _FACTS[name](name)
