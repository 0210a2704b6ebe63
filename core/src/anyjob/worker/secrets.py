"""The secrets of a worker: resolved here, never sent by a server, never in argv."""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Event
from typing import cast

from anyjob.errors import SecretMissing
from anyjob.job import Job
from anyjob.outcome import Evidence, Json, Outcome
from anyjob.problem import Problem
from anyjob.secret import read_source
from anyjob.spec import CommonXAttrs
from anyjob.worker.settings import SecretSource
from anyjob.worker.shim.redact import forms

__all__ = ["MASK", "SecretStore", "mask_outcome", "masks"]

MASK = "[secret]"


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
        if refused := self._refused(job, name, setting):
            raise SecretMissing(name, f"{refused}.")
        return read_source(name, f"secrets.{setting}", self._sources[setting], given_up)

    def problems(self, job: Job, common: CommonXAttrs) -> list[Problem]:
        """Which secrets no run of the job would be given here: known before there is one. Asks no source."""
        told = {name: self._refused(job, name, setting) for name, setting in common.secrets.items()}
        return [
            Problem(field=f"XAttrs.secrets.{name}", value=common.secrets[name], remedy=f"cannot be had: {why}")
            for name, why in told.items()
            if why
        ]

    def _refused(self, job: Job, name: str, setting: str) -> str:
        """Why the job is not given it, empty when it is."""
        source = self._sources.get(setting)
        if source is None:
            return f"this worker has no [secrets.{setting}] in its settings; add it, or correct XAttrs.secrets.{name}"
        if "*" not in source.groups and job.owner not in source.groups:
            return f"[secrets.{setting}] is not for app group {job.owner!r}; add it to its groups, or '*' for all"
        return ""


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
        if isinstance(cast("object", value), (list, tuple)):  # a tuple is a list once it is JSON
            return [*map(deep, cast("list[Json]", value))]
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
