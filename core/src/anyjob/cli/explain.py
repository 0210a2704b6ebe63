"""`anyjob explain`: what would run, where, as whom, and who keeps it in bounds."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

from anyjob.cli.options import AsJson, Config, File, JobName, Sets, State

if TYPE_CHECKING:
    from anyjob.cli.explanation import Explanation
    from anyjob.cli.page import Page
    from anyjob.modes import TaskPlan

__all__ = ["explain"]


def explain(
    file: File,
    sets: Sets = None,
    job: JobName = None,
    state: State = None,
    config: Config = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a job would do, and start nothing.

    {run} stands for the run's folder, [secret NAME] for a secret, which is not read.
    """
    from anyjob.cli.explanation import gather
    from anyjob.cli.inputs import settings_for, the_job
    from anyjob.cli.page import print_json
    from anyjob.cli.session import load_host

    settings = settings_for(config, state)
    host = load_host(settings)
    explanation = asyncio.run(gather(the_job(file, sets or [], job, host), host, settings))
    if as_json:
        print_json(explanation.to_json())
    else:
        _page(explanation).show()


def _page(made: Explanation) -> Page:
    from anyjob.cli.dryrun import RUN
    from anyjob.cli.explanation import KEEPERS
    from anyjob.cli.page import Page

    job, bound, common = made.job, made.bound, made.bound.common
    binding, capabilities = bound.binding, bound.capabilities
    page = Page()
    page.section("Cannot run here", [("fault", fault) for fault in made.faults])
    who = [("job type", job.job_type), ("plugin", f"{binding.plugin} of {binding.distribution} {binding.version}")]
    if binding.launcher is not None:
        launcher = binding.launcher
        who.append(("launcher", f"{launcher.name} of {launcher.distribution} {launcher.version}"))
    if made.user:
        who.append(("as user", made.user))
    page.section(f"Job {job.name!r}", who)
    if made.command is not None:
        command = made.command
        which = "" if len(made.plans) == 1 else f" of task {made.plans[0].task}"
        page.section(f"Command{which}", [("argv", shlex.join(command.argv)), ("cwd", command.cwd)])
        named = {name: content for name, content in command.files.items() if f"{RUN}/{name}" in command.argv}
        for name, content in named.items():
            page.section(f"File {RUN}/{name}", [("", line) for line in content.splitlines()])
        beside = [(name, f"{len(command.files[name])} characters") for name in command.files if name not in named]
        page.section("Files beside them", beside)  # the executor's own, the same for every job
        page.section("Environment", sorted(command.env.items()))
    for title, lines in made.preview.items():
        page.section(title, [("", line) for line in lines])
    page.section("Secrets", [(name, f"from [secrets.{setting}]") for name, setting in common.secrets.items()])
    deadline = f"{job.timeout} s, kept by {KEEPERS[capabilities.deadline]}" if job.timeout_kill_enable else "none"
    bounds = [(f"limit {name}", f"{value}, kept by {keeper}") for name, (value, keeper) in made.limits.items()]
    bounds += [("deadline", deadline), ("stop", _stop(made)), ("held by", made.held_by)]
    if made.local:
        bounds.append(("leftovers", common.leftovers))
    page.section("Bounds", bounds)
    tasks = [(f"task {plan.task}", _part(plan)) for plan in made.plans]
    attempts = made.plans[0].attempts + 1
    again = f"{attempts}, {made.plans[0].interval:g} s apart" if attempts > 1 else "1"
    page.section(f"Mode {job.execute_mode.value}", [*tasks, ("attempts", again)])
    page.section(
        "Capabilities",
        [
            ("outlives its worker", "yes" if capabilities.resumes else "no"),
            ("limits", ", ".join(sorted(capabilities.limits)) or "none"),
            ("phases", ", ".join(sorted(phase.value for phase in capabilities.phases))),
            ("maps", "yes" if capabilities.maps else "no"),
        ],
    )
    page.section(
        "Policies",
        [(change.policy, f"{change.what}: {change.before} -> {change.after}") for change in made.draft.changes],
    )
    return page


def _stop(made: Explanation) -> str:
    from anyjob.outcome import Strength

    grace, proof = made.bound.common.grace, made.bound.capabilities.proof
    if made.keeps("stopSignal"):
        how = f"{made.bound.common.stop_signal}, {grace:g} s of grace, then force"
    else:
        how = f"asked to end; after {grace:g} s of grace interrupted, as far as whoever runs it can"
    sure = f"{proof.value} once whoever runs it says that it is over, else {Strength.ASKED.value}"
    return f"{how}; proof {sure if proof is Strength.REPORTED else proof.value}"


def _part(plan: TaskPlan) -> str:
    from anyjob.executor.capabilities import Phase

    if plan.phase is not Phase.PROCESS:
        return f"{plan.phase.value}, {'before' if plan.phase is Phase.PRE else 'after'} the others"
    if plan.shard is None:
        return "the job"
    return f"shard {plan.shard.parameter!r}" if plan.shard.parameter else f"shard {plan.shard.id} of {plan.shard.total}"
