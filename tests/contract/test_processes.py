"""What the suite sees of a run's processes."""

from __future__ import annotations

import subprocess

from anyjob.testing.processes import alive


def test_a_process_that_becomes_another_program_is_seen_at_every_moment() -> None:
    """The kernel shows no environment while it does; with one look in eight missed, some of these were."""
    loop = 'exec sh -c "$LOOP"'
    surroundings = {"PATH": "/usr/bin:/bin", "LOOP": loop, "MARK": "anyjob-test-of-becoming"}
    with subprocess.Popen(["sh", "-c", loop], env=surroundings) as process:
        try:
            missed = sum(not alive("anyjob-test-of-becoming") for _ in range(300))
        finally:
            process.kill()
    assert not missed
    assert not alive("anyjob-test-of-becoming")


def test_who_has_no_environment_is_found_by_arguments() -> None:
    with subprocess.Popen(["sleep", "60.047111"], env={}) as process:
        try:
            assert [one.partition(":")[0] for one in alive("60.047111")] == [str(process.pid)]
        finally:
            process.kill()
