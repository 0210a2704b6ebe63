"""Observers hear of every event in their own thread; none can hurt a run or another observer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from anyjob.outcome import Cause, Outcome
from anyjob.plugins import InstanceChange, ObserverReport, Observers, PluginHost, hookimpl
from anyjob.plugins.hooks import Hooks
from anyjob.run import RunFacts
from anyjob.status import InstanceStatus

DONE = Outcome(cause=Cause.SUCCEEDED)
LIMIT = 20.0  # seconds: generous, only a broken test waits for it


class Watch:
    """Hears of starts and ends, and does with each event what it was given."""

    def __init__(self, act: Callable[[str], object] = lambda event: None) -> None:
        self.heard: list[str] = []
        self.threads: set[str] = set()
        self.act = act

    @hookimpl
    def anyjob_run_started(self, run: RunFacts) -> None:
        self._hear(f"started {run}")

    @hookimpl
    def anyjob_run_finished(self, outcome: Outcome, run: RunFacts) -> None:
        self._hear(f"finished {run} {outcome.cause}")

    def _hear(self, event: str) -> None:
        self.heard.append(event)
        self.threads.add(threading.current_thread().name)
        self.act(event)


class Changes:
    def __init__(self) -> None:
        self.heard: list[InstanceChange] = []

    @hookimpl
    def anyjob_instance_changed(self, change: InstanceChange) -> None:
        self.heard.append(change)


def run(name: str) -> RunFacts:
    return cast("RunFacts", name)


def observers(queue: int = 100, **plugins: object) -> Observers:
    hooks = Hooks()
    for name, plugin in plugins.items():
        hooks.register(name, plugin)
    return Observers(hooks, queue)


def test_events_are_heard_in_order_in_a_thread_of_the_plugin() -> None:
    one, two = Watch(), Watch()
    made = observers(one=one, two=two)
    for name in ("a", "b"):
        made.run_started(run(name))
        made.run_finished(run(name), DONE)
    assert made.close(LIMIT)
    heard = ["started a", "finished a succeeded", "started b", "finished b succeeded"]
    assert (one.heard, two.heard) == (heard, heard)
    assert (one.threads, two.threads) == ({"anyjob observer one"}, {"anyjob observer two"})


def test_no_observer_means_no_thread() -> None:
    before = set(threading.enumerate())
    silent, idle = observers(), observers(watch=Watch())
    silent.run_started(run("a"))
    assert set(threading.enumerate()) <= before
    assert silent.report() == []
    assert silent.close(LIMIT)
    assert idle.close(LIMIT)


def test_observer_that_raises_is_recorded_and_goes_on() -> None:
    def fail(event: str) -> None:
        if event == "started a":
            raise SystemExit("no disk")

    bad, good = Watch(fail), Watch()
    made = observers(bad=bad, good=good)
    made.run_started(run("a"))
    made.run_started(run("b"))
    assert made.close(LIMIT)
    assert bad.heard == good.heard == ["started a", "started b"]
    assert made.report() == [
        ObserverReport(plugin="bad", told=2, dropped=0, failed=1, last_failure="SystemExit: no disk"),
        ObserverReport(plugin="good", told=2, dropped=0, failed=0, last_failure=""),
    ]


def test_observer_that_hangs_loses_events_and_stalls_nobody() -> None:
    release, hanging = threading.Event(), threading.Event()

    def hang(event: str) -> None:
        hanging.set()
        assert release.wait(LIMIT)

    stuck, good = Watch(hang), Watch()
    made = observers(queue=3, good=good, stuck=stuck)
    try:
        made.run_started(run("0"))
        assert hanging.wait(LIMIT)
        for number in range(1, 11):
            made.run_started(run(str(number)))
            while len(good.heard) <= number:  # keeps the good one within its own queue
                threading.Event().wait(0.001)
        assert len(good.heard) == 11
        assert [(r.plugin, r.dropped) for r in made.report()] == [("good", 0), ("stuck", 7)]
        assert not made.close(0.05)
    finally:
        release.set()
    assert made.close(LIMIT)
    assert stuck.heard == ["started 0", "started 1", "started 2", "started 3"]


def test_events_after_the_end_are_counted_as_dropped() -> None:
    watch = Watch()
    made = observers(watch=watch)
    made.run_started(run("a"))
    assert made.close(LIMIT)
    made.run_started(run("b"))
    assert watch.heard == ["started a"]
    assert made.report()[0].dropped == 1


def test_changes_of_instances_are_told() -> None:
    watch = Changes()
    made = PluginHost({"watch": watch})
    change = InstanceChange(
        job_name="j", job_id=1, instance=2, before=InstanceStatus.WAITING, after=InstanceStatus.RUNNING, at=3
    )
    made.observers.instance_changed(change)
    assert made.observers.close(LIMIT)
    assert watch.heard == [change]


@pytest.mark.parametrize("hook", ["anyjob_run_started", "anyjob_run_finished"])
def test_observer_may_take_fewer_arguments(hook: str) -> None:
    heard: list[str] = []

    def told() -> None:
        heard.append(hook)

    shy = type("Shy", (), {hook: staticmethod(hookimpl(told))})()
    made = observers(shy=cast("Any", shy))
    made.run_started(run("a"))
    made.run_finished(run("a"), DONE)
    assert made.close(LIMIT)
    assert heard == [hook]
