"""`anyjob plugins`: what is installed, what became of it, and whether it works here."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from anyjob.cli.options import AsJson, Config, State
from anyjob.cli.said import said_of_observer

if TYPE_CHECKING:
    from pathlib import Path

    from anyjob.executor.services import SeenApp
    from anyjob.outcome import Json
    from anyjob.plugins import ExecutorType, ObserverReport, Offer, PluginHost

__all__ = ["plugins"]

_NAMES: Final = 5


def plugins(config: Config = None, state: State = None, *, as_json: AsJson = False) -> None:
    """Show what is installed and whether it works here.

    Every plugin with what became of it, what it brings, and the health of its job types and launchers.
    """
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.session import load_host
    from anyjob.cli.wellness import ask_health
    from anyjob.plugins import CONTRACT

    host = load_host(settings_for(config, state))
    types, launchers = asyncio.run(ask_health(host))
    for name, said in types.items():
        said["capabilities"] = _capabilities(host, name)
    folders = _folders(state)
    apps, observers = _apps(folders), _observers(folders)
    commands = [offer.kind.name for offer in host.commands()]
    reports = host.report()  # last: making executors and commands may have shown more
    if as_json:
        print_json(
            {
                "plugins": [
                    {
                        "name": one.name,
                        "distribution": one.distribution,
                        "version": one.version,
                        "state": one.state.value,
                        "why": one.why,
                        "types": list(one.types),
                        "launchers": list(one.launchers),
                        "hooks": list(one.hooks),
                        "notices": list(one.notices),
                    }
                    for one in reports
                ],
                "contract": CONTRACT,
                "types": types,
                "launchers": launchers,
                "applications": [{"job_type": kind, **asdict(app)} for kind, app in apps],
                "observers": [{"folder": str(folder), **asdict(one)} for folder, one in observers],
                "commands": [*commands],
            }
        )
        return
    page = Page()
    for one in reports:
        rows = [("state", f"{one.state.value}{f': {one.why}' if one.why else ''}")]
        rows += [
            ("job types", ", ".join(one.types)),
            ("launchers", ", ".join(one.launchers)),
            ("hooks", ", ".join(one.hooks)),
            ("contract", f"{CONTRACT}: plugins for this number or an older one" if one.name == "core" else ""),
            *(("notice", notice) for notice in one.notices),
        ]
        page.section(f"{one.name} ({one.distribution} {one.version})", [row for row in rows if row[1]])
    page.section("Job types", [(name, _health(said), _promises(said)) for name, said in types.items()])
    page.section("Applications", [(kind, app.name or app.id, _app(app)) for kind, app in apps])
    page.section("Observers", [(one.plugin, str(folder), said_of_observer(one)) for folder, one in observers])
    page.section("Launchers", [(name, _health(said)) for name, said in launchers.items()])
    page.show()


def _folders(state: Path | None) -> list[Path]:
    """Whose worker is asked: the one on the state folder; without one, those of this user's commands."""
    from anyjob.cli import folders

    return [folders.of_worker(state)] if state is not None else folders.own_folders()


def _apps(folders: list[Path]) -> list[tuple[str, SeenApp]]:
    """Who is connected to the workers that live there."""
    from anyjob.worker.apps.seenfile import read_seen

    return [(kind, app) for folder in folders for kind, apps in sorted(read_seen(folder).items()) for app in apps]


def _observers(folders: list[Path]) -> list[tuple[Path, ObserverReport]]:
    """How the observers do of the workers that live there."""
    from anyjob.worker.observed import read_observed

    return [(folder, one) for folder in folders for one in read_observed(folder)]


def _app(app: SeenApp) -> str:
    said = "shared process" if app.resident else f"of app group {app.group}"
    names = ", ".join(app.names[:_NAMES]) + (f" and {len(app.names) - _NAMES} more" if len(app.names) > _NAMES else "")
    words = [said, *([app.software] if app.software else []), "connected" if app.connected else "lost"]
    return "; ".join([*words, f"{app.runs} runs", *([f"serves {names}"] if names else [])])


def _capabilities(host: PluginHost, name: str) -> Json:
    """What the type promises for its own sample job; None where it ships none that can be read."""
    from anyjob.cli.explanation import capabilities_json
    from anyjob.job import Job
    from anyjob.samples import Samples

    samples = _samples(next(offer for offer in host.types() if offer.kind.job_type == name))
    if not isinstance(samples, Samples) or samples.succeeds is None:
        return None
    try:
        job = Job.from_wire({"Name": "sample", "JobType": name, **samples.succeeds.job})
        return capabilities_json(host.dispatch(job).capabilities)
    except (Exception, SystemExit):  # noqa: BLE001 - a plugin's code may raise anything; health says what is wrong with it
        return None


def _samples(offer: Offer[ExecutorType]) -> object:
    """What the type's `samples` name. Where that is nothing, the plugin is broken: nobody can prove the type."""
    from anyjob.plugins.plugin import failure
    from anyjob.plugins.report import PluginState
    from anyjob.plugins.types import resolve
    from anyjob.samples import Samples

    kind = offer.kind
    if kind.samples is None:
        return None
    where = f"the samples {kind.samples!r} of JobType {kind.job_type!r}"
    try:
        found: object = resolve(kind.samples)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing runs the plugin's code
        offer.plugin.fail(PluginState.BROKEN, f"{where} could not be imported: {failure(error)}; its jobs run")
        return None
    if not isinstance(found, Samples) and not callable(found):
        what = type(found).__name__
        offer.plugin.fail(PluginState.BROKEN, f"{where} are no Samples and no function: {what}; its jobs run")
    return found


def _health(said: dict[str, Any]) -> str:
    return f"{said['health']}: {said['why']}" if said["why"] else str(said["health"])


def _promises(said: dict[str, Any]) -> str:
    promised = said["capabilities"]
    if promised is None:
        return "capabilities depend on the job: see anyjob explain"
    words = [f"proof {promised['proof']}", f"deadline kept by {promised['deadline']}"]
    words.append("outlives its worker" if promised["resumes"] else "ends with its worker")
    words.append(f"limits {', '.join(promised['limits']) or 'none'}")
    return "; ".join([*words, *(["maps"] if promised["maps"] else [])])
