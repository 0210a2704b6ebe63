"""The hooks that a plugin may implement, each with a complete example.

A plugin is a module named by an entry point:

    [project.entry-points.anyjob]
    sql = "anyjob_sql.plugin"

It must be light to import; what is heavy stands behind strings. An implementation may take fewer arguments than its
hook, never others. Implementations are called one by one, in the order of the plugins' names, so that a faulty one
harms itself alone; wrappers have nothing to wrap and are refused. A module may say `CONTRACT = 1`: the contract it was
written for, which is 1 where nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.outcome import Outcome
    from anyjob.plugins.draft import RunDraft
    from anyjob.plugins.types import CommandType, ExecutorType, InstanceChange, LauncherType
    from anyjob.problem import Problem
    from anyjob.run import RunFacts

__all__ = ["PROJECT", "HookSpecs", "hookimpl", "hookspec"]

PROJECT: Final = "anyjob"
hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)
"""Marks a function of a plugin as an implementation of the hook whose name it has."""


class HookSpecs(Protocol):
    """Every hook of anyjob."""

    @hookspec
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        """The job types that the plugin runs. Called once, when the host loads, in the loading thread.

            @hookimpl
            def anyjob_executors():
                yield ExecutorType(
                    job_type="sql", executor="anyjob_sql.executor:SqlExecutor", spec="anyjob_sql.spec:SqlSpec"
                )

        A JobType that two plugins offer is used from neither.
        """
        ...

    @hookspec
    def anyjob_launchers(self) -> Iterable[LauncherType]:
        """The launchers that the plugin brings. Called once, when the host loads, in the loading thread.

            @hookimpl
            def anyjob_launchers():
                yield LauncherType(
                    name="ssh", launcher="anyjob_ssh.launcher:SshLauncher", options="anyjob_ssh.options:SshOptions"
                )

        Core's own launcher `local` cannot be replaced.
        """
        ...

    @hookspec
    def anyjob_find_executor(self, job_type: str) -> ExecutorType | None:
        """The executor of a JobType that no plugin lists, so that one plugin can serve a family. None: not mine.

            @hookimpl
            def anyjob_find_executor(job_type):
                if job_type.startswith("sql-"):
                    return ExecutorType(
                        job_type=job_type, executor="anyjob_sql.executor:SqlExecutor", spec="anyjob_sql.spec:SqlSpec"
                    )

        Called when such a job is bound or dispatched, from any thread; the answer is kept. Two answers are a
        PluginConflict.
        """
        ...

    @hookspec
    def anyjob_check_job(self, job: Job) -> Iterable[Problem]:
        """A policy on jobs: what the operator does not allow.

        Called when a job is bound, from any thread; it must not block.

            @hookimpl
            def anyjob_check_job(job):
                if job.job_type == "shell" and "sudo" in job.content:
                    yield Problem(field="Content", value="sudo", remedy="is not allowed here; set XAttrs.user")

        One that raises closes the door: the job is refused, and the Problem names the policy.
        """
        ...

    @hookspec
    def anyjob_prepare_run(self, draft: RunDraft) -> None:
        """A policy on runs: cap limits, add labels or environment, refuse.

        Called before every run, on the worker's loop; it must not block.

            @hookimpl
            def anyjob_prepare_run(draft):
                draft.labels["team"] = "data"
                if draft.user == "root":
                    draft.refuse("no run is root's here; set XAttrs.user")

        Every change is recorded with the policy's name. One that raises refuses the run.
        """
        ...

    @hookspec
    def anyjob_run_started(self, run: RunFacts) -> None:
        """A run has started.

        Called after the fact, in the plugin's own observer thread; the events of a plugin keep their order.

            @hookimpl
            def anyjob_run_started(run):
                print(run.job.name, run.name)

        What an observer raises is counted, and one that is too slow loses events, also counted: `anyjob plugins` shows
        it of workers that live, and `anyjob run` at its end, which gives observers five seconds for what they have not
        been told.
        """
        ...

    @hookspec
    def anyjob_run_finished(self, run: RunFacts, outcome: Outcome) -> None:
        """A run is over. Called as `anyjob_run_started` is.

        @hookimpl
        def anyjob_run_finished(run, outcome):
            if not outcome.ok:
                print(run.job.name, outcome.cause, outcome.result)
        """
        ...

    @hookspec
    def anyjob_instance_changed(self, change: InstanceChange) -> None:
        """An instance came into another state. Called as `anyjob_run_started` is, where instances are kept.

        @hookimpl
        def anyjob_instance_changed(change):
            if change.after.finished:
                print(change.job_name, change.instance, change.after.label)
        """
        ...

    @hookspec
    def anyjob_commands(self) -> Iterable[CommandType]:
        """Commands that the plugin adds to the command line. Called once, by the command line only.

        @hookimpl
        def anyjob_commands():
            yield CommandType(name="serve", command="anyjob_server.cli:serve", help="Run the server.")
        """
        ...
