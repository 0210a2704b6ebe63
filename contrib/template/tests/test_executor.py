"""What only this type promises: words stay words, and a job may call a code a success."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyjob.outcome import Cause
from anyjob.testing import Rig, Sample


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """The type in a real host and worker, with a state folder of its own."""
    with Rig(tmp_path, job_type="template") as rig:
        yield rig


def test_a_value_never_becomes_a_second_word_or_a_command(rig: Rig) -> None:
    sample = Sample({"Content": "printf '<%s>' #{schedulerx.jobParameters} '$HOME;'", "Parameters": "a b; 'date'"})
    assert rig.run(rig.job(sample)).log == b"<a b; 'date'><$HOME;>"


@pytest.mark.parametrize(("codes", "cause"), [([3, 4], Cause.SUCCEEDED), ([4], Cause.EXIT_CODE), ([], Cause.EXIT_CODE)])
def test_a_job_names_the_codes_that_are_a_success(rig: Rig, codes: list[int], cause: Cause) -> None:
    done = rig.run(rig.job(Sample({"Content": "sh -c 'exit 3'"}), xattrs={"okCodes": list(codes)}))
    assert (done.outcome.cause, done.outcome.code) == (cause, 3)
