"""The conformance suite, run for somebody who need not know pytest."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import anyjob
from anyjob.cli.grades import GradedCase, Verdict
from anyjob.errors import AnyJobError, BadInput
from anyjob.testing import Fault, Rig
from anyjob.testing.suite import Suite

if TYPE_CHECKING:
    from anyjob.settings import Settings

__all__ = ["Grading", "NoSuchCase", "SuiteBroken"]

_LACKS: Final = "lacks: "
_SAID_LIMIT: Final = 2000
"""Characters of an exception's text that are kept."""

_TESTS: Final = """\
from anyjob.testing import ExecutorContract

class TestExecutor(ExecutorContract):
    job_type = {job_type!r}
"""

_TOLD_TO_PYTEST: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


class SuiteBroken(AnyJobError):
    """The suite itself could not be run: a defect of anyjob or of its installation."""

    def __init__(self, job_type: str, why: str) -> None:
        self.job_type, self.why = job_type, why
        super().__init__(f"The conformance suite could not be run for JobType {job_type!r}: {why}")


class NoSuchCase(BadInput):
    """No case's name has the words of `--only`."""

    def __init__(self, words: str) -> None:
        super().__init__(f"--only: no case has {words!r} in its name; leave it out to see them all")


class Grading:
    """Runs every case for one type. A pytest plugin in place of pytest's own reporter."""

    def __init__(
        self,
        job_type: str,
        settings: Settings,
        shown: Callable[[str], None],
        interrupted: Callable[[], None],
        only: str = "",
    ) -> None:
        """`shown` is called with one line before each case, `interrupted` once a KeyboardInterrupt ended the last.
        `only`: words that the names of cases must have."""
        self.cases: list[GradedCase] = []
        """Those that are over."""
        self.total = 0
        """How many there are, once they are known."""
        self.interrupted = False
        """Whether a KeyboardInterrupt ended the suite before its end."""
        self._job_type, self._settings, self._shown = job_type, settings, shown
        self._interrupted, self._only = interrupted, only
        self._broken = ""
        self._at_work: Path | None = None
        self._now: tuple[Verdict, str, str] = (Verdict.HOLDS, "", "")

    def run(self) -> list[GradedCase]:
        """The cases with their verdicts; those of them that ran, after a KeyboardInterrupt.

        What cases leave going is ended, their folders are removed. Raises SuiteBroken, NoSuchCase.
        """
        with tempfile.TemporaryDirectory(prefix="anyjob-check-", ignore_cleanup_errors=True) as folder:
            at = Path(folder)
            tests, settings, cases = at / "test_executor.py", at / "pytest.ini", at / "cases"
            tests.write_text(_TESTS.format(job_type=self._job_type))
            settings.write_text("[pytest]\n")
            # Nothing of the caller's folder counts: no settings of pytest, no conftest, no plugins, no cache.
            arguments = [str(tests), "-c", str(settings), "--rootdir", folder, "--basetemp", str(cases)]
            arguments += ["--import-mode=importlib", "--noconftest", "-p", "no:cacheprovider"]
            try:
                with _alone():
                    pytest.main(arguments, plugins=[self])
            except KeyboardInterrupt:
                self.pytest_keyboard_interrupt()
            finally:
                self._sweep(cases)
        if self._only and not self.total and not (self._broken or self.interrupted):
            raise NoSuchCase(self._only)
        if self._broken or not (self.cases or self.interrupted):
            raise SuiteBroken(self._job_type, self._broken or "no case was run")
        return self.cases

    def _sweep(self, cases: Path) -> None:
        """End what a case left going whose own tidying up was cut off."""
        left = {socket.parents[2] for socket in cases.glob("**/state/shim/sock")}
        if self._at_work is not None:
            # Its runs may be of a worker that was killed, and need not be in a shim.
            left |= {lock.parents[1] for lock in self._at_work.glob("**/state/lock")}
        for folder in left:
            rig = Rig(
                folder,
                job_type=self._job_type,
                plugin_settings=self._settings.plugins,
                settings=self._settings.executors.get(self._job_type, {}),
                launchers=self._settings.launchers,
                worker=self._settings.worker,
            )
            try:
                with rig:
                    rig.sweep()
            except TimeoutError:
                raise SuiteBroken(self._job_type, f"the shim of {folder} does not end") from None

    # ---------------------------------------------------------------- called by pytest

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """pytest's own reporter prints nothing: `shown` is told of each case instead."""
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leaves out the cases that were not asked for, gives the settings to the contracts, and orders the rest by
        group."""
        items[:] = [item for item in items if self._only in _described(item)[1]]
        self.total = len(items)
        groups: list[str] = []
        for contract in {_contract(item) for item in items}:
            contract.plugin_settings = self._settings.plugins
            contract.executor_settings = self._settings.executors.get(self._job_type, {})
            contract.launcher_settings = self._settings.launchers
            if self._settings.found is not None:
                contract.worker_settings = self._settings.worker
            groups += [group.__module__.rpartition(".")[2] for group in contract.__mro__]
        # As the contract lists its groups: what is wrong with the bindings is wrong with all that follows.
        items.sort(key=lambda item: groups.index(_described(item)[0]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Tells of a case before it begins, and keeps it when it is over."""
        group, name, rule = _described(item)
        failed = sum(case.verdict is Verdict.FAILS for case in self.cases)
        so_far = f", {failed} failed" if failed else ""
        self._shown(f"{len(self.cases) + 1} of {self.total}{so_far}  {group}: {name}")
        self._now = (Verdict.HOLDS, "", "")
        done = yield
        self._at_work = None
        verdict, said, where = self._now
        self.cases.append(GradedCase(group=group, name=name, rule=rule, verdict=verdict, said=said, where=where))
        return done

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Notes the folder of the case that is at work."""
        assert isinstance(item, pytest.Function)
        folder = item.funcargs.get("tmp_path")
        self._at_work = folder if isinstance(folder, Path) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[Any]) -> None:
        """Judges the case by what it raised, in its setting up, its call or its tidying up."""
        # The first fault of a case counts: what its tidying up finds may follow from it.
        if call.excinfo is not None and self._now[0] is not Verdict.FAILS:
            self._now = _judged(call.excinfo.value)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The contract could not be read: there is no grade."""
        if report.failed:
            self._broken = report.longreprtext

    def pytest_internalerror(self, excrepr: object) -> bool:
        """pytest itself failed: there is no grade. True: it need not print that too."""
        self._broken = str(excrepr)
        return True

    def pytest_keyboard_interrupt(self) -> None:
        """The case at work was the last."""
        self.interrupted = True
        self._interrupted()


def _contract(item: pytest.Item) -> type[Suite]:
    """The class of a case."""
    assert isinstance(item, pytest.Function)
    assert item.cls is not None
    assert issubclass(item.cls, Suite)
    return item.cls


def _described(item: pytest.Item) -> tuple[str, str, str]:
    """Group, name and rule of a case, as words."""
    function: Any = getattr(_contract(item), item.name.partition("[")[0])
    name = item.name.removeprefix("test_").replace("_", " ").replace("[", " [", 1)
    return str(function.__module__).rpartition(".")[2], name, " ".join(str(function.__doc__ or "").split())


def _judged(error: BaseException) -> tuple[Verdict, str, str]:
    """Verdict, what is said, and where it was raised."""
    if isinstance(error, pytest.skip.Exception):
        why = str(error.msg)
        if why.startswith(_LACKS):
            return Verdict.LACKS, why.removeprefix(_LACKS), ""
        return Verdict.FAILS, f"The case was skipped, and only what is declared lacking may be: {why}", ""
    if isinstance(error, Fault):
        return Verdict.FAILS, str(error), ""
    return Verdict.FAILS, f"{type(error).__name__}: {error}"[:_SAID_LIMIT], _where(error)


def _where(error: BaseException) -> str:
    """The innermost line that raised; one of the executor's rather than of anyjob or of Python's own library."""
    ours, library = str(Path(anyjob.__file__).parent), str(Path(os.__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    while frames and not frames[0].filename.startswith(ours):
        del frames[0]  # pytest's, which called the case
    theirs = [
        frame
        for frame in frames
        if not frame.filename.startswith(ours)
        and ("site-packages" in frame.filename or not frame.filename.startswith(library))
    ]
    for frame in reversed(theirs or frames):
        return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return ""


@contextmanager
def _alone() -> Generator[None]:
    """What the caller set for pytest does not count, and no plugin of pytest is taken because it is installed."""
    kept = {name: os.environ.pop(name) for name in _TOLD_TO_PYTEST if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(kept)
