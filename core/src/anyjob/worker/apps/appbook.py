"""Which application a run was given to, and who has dialled in: durable, so that the next worker asks the right one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anyjob.worker.book import Write

__all__ = ["AppBook", "Given", "KnownApp"]

_UNTOLD = 4096
"""Runs that were let go while their application was away: of more the oldest are forgotten, and it keeps them."""


@dataclass(slots=True, kw_only=True)
class KnownApp:
    """An application that has dialled in. `key` tells it from all others; `resident`: the name of the process that this
    worker started for it, empty for a user's own."""

    key: str
    job_type: str
    group: str
    resident: str
    name: str
    names: tuple[str, ...]

    def line(self) -> dict[str, Any]:
        """It, as a line of the ledger."""
        return {
            "m": "app",
            "app": self.key,
            "type": self.job_type,
            "group": self.group,
            "resident": self.resident,
            "name": self.name,
            "names": list(self.names),
        }


@dataclass(slots=True, kw_only=True)
class Given:
    """A run and the application that it was given to. `let_go`: its outcome is durable, and the application does not
    know that yet; `stop`: nor that it was to stop."""

    app: str
    let_go: bool = False
    stop: bool = False


class AppBook:
    """Implements `LedgerPart`. Every line is written before what it says is acted on."""

    kinds = frozenset({"app", "app_gone", "given", "let_go", "taken_back"})

    def __init__(self) -> None:
        self.write: Write
        self.apps: dict[str, KnownApp] = {}
        self.given: dict[str, Given] = {}

    def came(self, app: KnownApp) -> None:
        """It has dialled in, or serves other names now."""
        if self.apps.get(app.key) != app:
            self.write(app.line())
            self.apps[app.key] = app

    def gone(self, key: str) -> None:
        """It is not expected any more."""
        if self.apps.pop(key, None) is not None:
            self.write({"m": "app_gone", "app": key})

    def give(self, run: str, app: str) -> None:
        """The run is about to be started there. Raises OSError; then it must not be."""
        self.write({"m": "given", "run": run, "app": app})
        self.given[run] = Given(app=app)

    def let_go(self, run: str, *, stop: bool) -> None:
        """The run is over for this worker; its application is told when it is connected again."""
        entry = self.given[run]
        if not entry.let_go:
            self.write({"m": "let_go", "run": run, "stop": stop})
            entry.let_go, entry.stop = True, stop
            untold = [name for name, one in self.given.items() if one.let_go]
            for name in untold[:-_UNTOLD]:
                self.take_back(name)

    def take_back(self, run: str) -> None:
        """The application holds the run no longer, or never did."""
        if self.given.pop(run, None) is not None:
            self.write({"m": "taken_back", "run": run})

    def replay(self, line: Mapping[str, Any]) -> None:
        match line["m"]:
            case "app":
                self.apps[line["app"]] = KnownApp(
                    key=line["app"],
                    job_type=line["type"],
                    group=line["group"],
                    resident=line["resident"],
                    name=line["name"],
                    names=tuple(line["names"]),
                )
            case "app_gone":
                self.apps.pop(line["app"], None)
            case "given":
                self.given[line["run"]] = Given(app=line["app"])
            case "let_go":
                self.given[line["run"]].let_go, self.given[line["run"]].stop = True, line["stop"]
            case _:
                self.given.pop(line["run"], None)

    def lines(self) -> Iterable[Mapping[str, Any]]:
        for app in self.apps.values():
            yield app.line()
        for run, entry in self.given.items():
            yield {"m": "given", "run": run, "app": entry.app}
            if entry.let_go:
                yield {"m": "let_go", "run": run, "stop": entry.stop}
