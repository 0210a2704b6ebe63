"""The secrets of a worker: resolved here, never sent by a server, never in argv."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Event

from anyjob.errors import SecretMissing
from anyjob.job import Job
from anyjob.outcome import Evidence, Json, Outcome
from anyjob.spec import CommonXAttrs
from anyjob.worker.apps.appsettings import Source
from anyjob.worker.settings import SecretSource
from anyjob.worker.shim.redact import forms

__all__ = ["MASK", "SecretStore", "mask_outcome", "masks", "read_source"]

MASK = "[secret]"
_COMMAND_SECONDS = 30
_LOOK = 0.1
"""Seconds between two looks at whether anybody still waits."""


class SecretStore:
    """Gives runs the secrets they list and their app group may use."""

    def __init__(self, sources: Mapping[str, SecretSource]) -> None:
        self._sources = sources

    def value(self, job: Job, common: CommonXAttrs, name: str, given_up: Event | None = None) -> str:
        """The value for the job's own name of it. Blocks while a command is asked, at most until `given_up` is set.

        Raises SecretMissing.
        """
        setting = common.secrets.get(name)
        if setting is None:
            raise SecretMissing(name, f"job {job.name!r} does not list it under XAttrs.secrets.")
        source = self._sources.get(setting)
        if source is None:
            raise SecretMissing(
                name,
                f"this worker has no [secrets.{setting}] in its settings; add it, or correct XAttrs.secrets.{name}.",
            )
        if "*" not in source.groups and job.group_id not in source.groups:
            raise SecretMissing(
                name,
                f"[secrets.{setting}] is not for app group {job.group_id!r}; add it to its groups, or '*' for all.",
            )
        return read_source(name, f"secrets.{setting}", source, given_up)


def read_source(name: str, setting: str, source: Source, given_up: Event | None = None) -> str:
    """What the source of `[setting]` holds. Blocks while a command is asked. Raises SecretMissing."""
    try:
        if source.file is not None:
            return source.file.read_text().rstrip("\r\n")
        if source.env is not None:
            return os.environ[source.env]
        assert source.command is not None
        return _asked(source.command, given_up or Event()).rstrip("\r\n")
    except KeyError:
        raise SecretMissing(
            name, f"[{setting}] names the variable {source.env}, which the worker does not have."
        ) from None
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError) as error:
        # The error's own text may quote what the command printed.
        raise SecretMissing(name, f"[{setting}] cannot be read: {type(error).__name__}.") from None


def _asked(command: Sequence[str], given_up: Event) -> str:
    """What the command prints. Raises OSError, UnicodeDecodeError or SubprocessError; nothing of it is left then."""
    until = time.monotonic() + _COMMAND_SECONDS
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while True:
            try:
                out, _ = process.communicate(timeout=_LOOK)
            except subprocess.TimeoutExpired:
                if given_up.is_set() or time.monotonic() >= until:
                    # Not reaped yet, so the number is still its own; what it has started may hold the pipe open.
                    os.killpg(process.pid, signal.SIGKILL)
                    raise
            else:
                break
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return out.decode()


def masks(secrets: Mapping[str, str]) -> list[str]:
    """Every spelling in which a secret may turn up in text, longest first: those that logs are searched for."""
    found = {form for value in secrets.values() if value for form in forms(os.fsencode(value))}
    return sorted((os.fsdecode(form) for form in found), key=len, reverse=True)


def mask_outcome(outcome: Outcome, forms: list[str]) -> Outcome:
    """The outcome with every secret replaced by MASK, in result, outputs and evidence."""

    def clean(text: str) -> str:
        for form in forms:
            text = text.replace(form, MASK)
        return text

    def deep(value: Json) -> Json:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list):
            return [deep(item) for item in value]
        if isinstance(value, dict):
            return {clean(key): deep(item) for key, item in value.items()}
        return value

    return Outcome(
        cause=outcome.cause,
        code=outcome.code,
        result=clean(outcome.result),
        outputs={clean(key): deep(value) for key, value in outcome.outputs.items()},
        evidence=[Evidence(source=item.source, text=clean(item.text)) for item in outcome.evidence],
        stop=outcome.stop,
        retry=outcome.retry,
        ended=outcome.ended,
    )
