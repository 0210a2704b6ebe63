"""`anyjob java-api`: what java jobs are compiled against."""

from __future__ import annotations

import sys

__all__ = ["api"]


def api() -> None:
    """Show the jar of the package anyjob.job, against which java jobs are compiled.

    Jobs need not carry it: every JVM of a java job has it.
    """
    from anyjob_java.ours import ours

    sys.stdout.write(f"{ours().api}\n")
