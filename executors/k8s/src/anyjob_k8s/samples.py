"""Jobs for the conformance suite."""

from __future__ import annotations

from anyjob.samples import Sample, Samples


def samples() -> Samples:
    return Samples(succeeds=Sample({}), fails=Sample({}), sleeps=Sample({}))
