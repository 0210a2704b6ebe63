"""What `prepare.py` left behind where requirements could not be installed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from packaging.requirements import Requirement

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.problem import Problem, short
from anyjob_python.prepare import FAILED, SAID

__all__ = ["refusal"]

_NOISE = re.compile(r"(Using Python |Using CPython |hint:|\s*$)")
_LONGEST = 400


def refusal(exit: Exit, requirements: Sequence[str]) -> Outcome | None:  # noqa: A002 - the word of the trade
    """The outcome of a run that never came to its script; None: it did."""
    said = exit.outputs.get(SAID)
    if exit.code != FAILED or exit.cause is not None or not isinstance(said, Mapping):
        return None
    why, words = (str(cast("Mapping[str, object]", said).get(name, "")) for name in ("why", "said"))
    lines = [line.strip() for line in words.splitlines() if not _NOISE.match(line)]
    brief = " ".join(line.removeprefix("error: ").removeprefix("cause: ") for line in lines)
    named = [text for text in requirements if _names(text, words)] or requirements
    remedy = f"cannot be installed: {why}" + (f": {short(brief, _LONGEST)}" if brief else "")
    problem = Problem(field="XAttrs.requirements", value=", ".join(named), remedy=remedy)
    evidence = [Evidence(source="uv", text=words or why), *exit.evidence]
    return Outcome(
        cause=Cause.DEPENDENCY_MISSING, result=str(problem), evidence=evidence, stop=exit.stop, ended=exit.ended
    )


def _names(requirement: str, words: str) -> bool:
    """Whether the words speak of the requirement's package."""
    name = re.escape(Requirement(requirement).name).replace(r"\-", "[-_.]+")
    return re.search(rf"(?<![\w.-]){name}(?![\w-])", words, re.IGNORECASE) is not None
