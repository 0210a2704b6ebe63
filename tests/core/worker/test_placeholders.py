"""The names that are known when a job is made are those that a run fills."""

from __future__ import annotations

from anyjob.spec.placeholders import FOREIGN, NAMES
from anyjob.worker import placeholders


def test_all_names_are_filled_and_no_others() -> None:
    assert set(placeholders._OWNERS) == set(NAMES)  # pyright: ignore[reportPrivateUsage]
    assert set(FOREIGN) < set(NAMES)
