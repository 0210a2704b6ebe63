"""The names of `#{schedulerx.*}`, and what can be told of them when a job is made.

The names are SchedulerX's (its page on script variables); jobId, jobName, instanceId, instanceParameters and
upstreamData are ours, in the same syntax. A name that is like none of them is nobody's mistake, and stays as it is.

Source: SchedulerX user guide, script variables, the names of system variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anyjob.job import Job
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem
from anyjob.samples import PLACEHOLDERS
from anyjob.spec.model import Spec
from anyjob.spec.script import ScriptSpec

__all__ = ["FOREIGN", "NAMES", "PLACEHOLDER", "placeholder_problems"]

PLACEHOLDER: Final = re.compile(r"#\{schedulerx\.([A-Za-z]+)\}")
FOREIGN: Final = {"instanceParameters": "ANYJOB_INSTANCE_PARAMETERS", "upstreamData": "ANYJOB_UPSTREAM"}
"""Those whose text comes from whoever fires the run, each with the variable to read it from instead."""
NAMES: Final = (*PLACEHOLDERS, *FOREIGN)


def placeholder_problems(job: Job, spec: Spec | None, *, paste: bool) -> Iterator[Problem]:
    """What is wrong with the placeholders in a job's Content: a name that is nearly one, and in a script text that no
    run would paste. `paste`: the owner allows that."""
    for name in dict.fromkeys(PLACEHOLDER.findall(job.content)):
        text = f"#{{schedulerx.{name}}}"
        if name not in NAMES:
            hint = did_you_mean(name, NAMES)
            if hint:
                yield Problem(field="Content", value=text, remedy=f"is filled by nobody; {hint}")
        elif name in FOREIGN and isinstance(spec, ScriptSpec) and not paste:
            remedy = (
                "would paste text of whoever fires a run into the job's code; read it from the environment variable"
                f" {FOREIGN[name]}, or set XAttrs.paste to true"
            )
            yield Problem(field="Content", value=text, remedy=remedy)
