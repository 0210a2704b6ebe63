"""A command executor of ten lines, as a stranger would write it, and the suite run on it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from anyjob.executor import Command, CommandExecutor
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.run import Run
from anyjob.samples import BadSample, Sample
from anyjob.spec import At, Spec
from anyjob.testing import ExecutorContract
from anyjob_shell.samples import SAMPLES


# --- the executor
class LineSpec(Spec):
    line: Annotated[str, At("Content")]


class LineExecutor(CommandExecutor[LineSpec]):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", run.fill(spec.line), "line"])


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    return [ExecutorType(job_type="line", executor=LineExecutor, spec=LineSpec)]


# --- its samples: what a shell can do
class TestLine(ExecutorContract):
    plugin = sys.modules[__name__]
    samples = replace(
        SAMPLES,
        prints_shard=Sample({"Content": 'echo "$ANYJOB_SHARD_ID $ANYJOB_SHARD_PARAMETER $ANYJOB_SHARD_TOTAL"'}),
        missing_dependency=Sample({"Content": "echo", "XAttrs": {"env": {"PATH": "/nowhere"}}}, names="sh"),
        bad_jobs=[BadSample({}, "Content"), BadSample({"Content": "echo", "XAttrs": {"cmd": 1}}, "XAttrs.cmd")],
    )
