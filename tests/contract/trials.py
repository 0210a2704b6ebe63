"""What a trial of a wrong executor is: the case that is to catch it, and what that case must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.contract import test_command
from tests.contract.spawner import SAMPLES, SpawnExecutor, SpawnPlugin
from tests.contract.test_command import LineExecutor, LineSpec

from anyjob.plugins import ExecutorType, hookimpl
from anyjob.testing import ExecutorContract
from anyjob.testing.marks import Moment


@dataclass(frozen=True)
class Trial:
    """A wrong executor, the case that is to catch it, and what the case must say."""

    executor: type[SpawnExecutor]
    case: Callable[..., None]
    says: str
    moment: Moment | None = None
    patience: float = 30

    def run(self, world: Path) -> None:
        """Run the one case on the executor."""

        class Contract(ExecutorContract):
            plugin = SpawnPlugin(world, self.executor)
            samples = SAMPLES
            patience = self.patience

        with Contract.make_rig(world.parent / "rig") as rig:
            self.case(Contract(), rig, *([self.moment] if self.moment else []))


class LinePlugin:
    """Registers the type `line` with an executor and a spec to try."""

    def __init__(self, executor: type[LineExecutor], spec: type[LineSpec] = LineSpec) -> None:
        self._executor, self._spec = executor, spec

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="line", executor=self._executor, spec=self._spec)]


def run_line(
    executor: type[LineExecutor], case: Callable[..., None], folder: Path, spec: type[LineSpec] = LineSpec
) -> None:
    """Run the one case on a command executor."""

    class Contract(ExecutorContract):
        plugin = LinePlugin(executor, spec)
        samples = test_command.TestLine.samples

    with Contract.make_rig(folder) as rig:
        case(Contract(), rig)
