"""The fields of a type: any value of any field is taken, or answered with what to write instead."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final, cast

from anyjob.job import BadJob, Job
from anyjob.samples import BadSample, Sample, Samples
from anyjob.spec.place import Place, layout
from anyjob.testing.cases.secrets import WANTS
from anyjob.testing.fault import Fault, check
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["FieldCases"]

_TEXTS: Final = ("", " ", "x", "x" * 100_000, "{", "[]", "null", "0", "#{", "../..", "-", "--help", "\n", "中\x7f")
_VALUES: Final[tuple[object, ...]] = (
    None, True, 0, -1, 1.5, 10**30, 1e308, *_TEXTS, [None], [""], [0], [[0]], {"": None}, {"a": {"b": [0]}},
)  # fmt: skip


class FieldCases(Suite):
    """A wrong job is refused when it is created, in words that name the field."""

    def test_bad_jobs_name_the_field(self, rig: Rig) -> None:
        """A wrong job is refused when it is created, with the field that is wrong and what to do."""
        model = rig.host().spec(rig.job_type)
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        bad = rig.samples.bad_jobs
        check(bad or not required, f"The spec requires {required}; name jobs without them in the samples' bad_jobs.")
        for sample in (*bad, self._unread(rig)):
            self._refused(rig, sample)

    def _unread(self, rig: Rig) -> BadSample:
        job = rig.job(rig.sample("succeeds"), xattrs={"noSuchKeyAnywhere": 1}).to_wire()
        return BadSample(
            {name: job[name] for name in job if name not in ("Name", "JobType")}, "XAttrs.noSuchKeyAnywhere"
        )

    def _refused(self, rig: Rig, bad: BadSample) -> None:
        try:
            rig.host().bind(Job.from_wire({"Name": "conformance", "JobType": rig.job_type, **bad.job}))
        except BadJob as refused:
            fields = [problem.field for problem in refused.problems]
            said = f"A job that is wrong in {bad.field} is refused for {fields}: {dict(bad.job)}"
            check(any(field == bad.field or field.startswith(f"{bad.field}.") for field in fields), said)
            for problem in refused.problems:
                check(problem.remedy.strip(), f"The problem of {problem.field} does not say what to do.")
        else:
            raise Fault(f"A job that is wrong in {bad.field} is taken: {dict(bad.job)}")

    def test_every_sample_can_be_created(self, rig: Rig) -> None:
        """Each sample is a good job of the type, and the same job when it comes back from the wire."""
        host = rig.host()
        for name in (field.name for field in fields(Samples) if field.name != "bad_jobs"):
            sample = cast("Sample | None", getattr(rig.samples, name))
            if sample is None:
                continue
            try:
                job = rig.job(sample, xattrs=WANTS if name == "shows_secret" else None)
                host.bind(job)
            except BadJob as refused:
                raise Fault(f"The sample {name!r} is refused: {refused}") from None
            back = Job.from_wire(json.loads(json.dumps(job.to_wire())))
            check(back == job, f"The job of the sample {name!r} changes on its way over the wire.")

    def test_any_value_is_answered(self, rig: Rig) -> None:
        """Whatever stands in a field of the spec, the job is taken or refused with that field: no validator fails."""
        host = rig.host()
        wire = rig.job(rig.sample("succeeds")).to_wire()
        for place in self._places(rig):
            for value in _VALUES if place.keys else _TEXTS:
                job = _with(wire, place, value)
                try:
                    host.bind(Job.from_wire(job))
                except BadJob as refused:
                    said = [problem.field for problem in refused.problems]
                    # One of two places that differ is named; the other stands in its remedy.
                    named = any(p.field.startswith(place.root) or place.field in p.remedy for p in refused.problems)
                    check(named, f"{place.field} = {_short(value)} is refused for {said}; name the field.")
                except Exception as error:
                    raise Fault(
                        f"{place.field} = {_short(value)} makes the spec fail: {error!r}; raise ValueError for a wrong "
                        "value, and nothing else."
                    ) from error

    def test_a_misspelt_key_is_answered_with_the_right_one(self, rig: Rig) -> None:
        """A key of XAttrs with two letters in the wrong order is refused, and the remedy names the right key."""
        host = rig.host()
        wire = rig.job(rig.sample("succeeds")).to_wire()
        known = {place.keys[0] for place in self._places(rig) if place.root == "XAttrs"}
        for key in sorted({"grace", "limits"} | {key for key in known if len(key) > 3}):
            wrong = key[:1] + key[2] + key[1] + key[3:]
            if wrong in known or wrong == key:
                continue
            try:
                host.bind(Job.from_wire(_with(wire, Place("XAttrs", (wrong,)), 1)))
            except BadJob as refused:
                remedies = [problem.remedy for problem in refused.problems if problem.field == f"XAttrs.{wrong}"]
                check(
                    any(key in remedy for remedy in remedies), f"XAttrs.{wrong} is answered {remedies}, without {key}."
                )
            else:
                raise Fault(f"XAttrs.{wrong} is taken, and nobody reads it; forbid keys that the spec does not know.")

    def _places(self, rig: Rig) -> Iterator[Place]:
        for places in layout(rig.host().spec(rig.job_type)).values():
            yield from places


def _with(wire: Mapping[str, object], place: Place, value: object) -> dict[str, object]:
    """The job with one value put into one place."""
    if not place.keys:
        return {**wire, place.root: value}
    given = wire.get(place.root) or "{}"
    whole: Any = json.loads(given) if isinstance(given, str) else copy.deepcopy(given)
    inner = whole
    for key in place.keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[place.keys[-1]] = value
    return {**wire, place.root: whole}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:40]}... ({len(text)} characters)"
