"""Numbers of instances: a queue that makes many in one moment gets no number twice."""

from __future__ import annotations

from anyjob.worker.instance import new_instance_id


def test_no_number_comes_twice_in_a_process() -> None:
    made = [new_instance_id() for _ in range(300_000)]
    assert len(set(made)) == len(made)
    assert all(number > 0 for number in made)
