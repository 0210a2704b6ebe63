"""What an operator sets for the server: the part [server] of the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from anyjob.job import Owner
from anyjob.settings import Settings
from anyjob.spec import Size, SizeOrNone
from anyjob_server.timing.settings import TimeSettings

__all__ = ["AlertSettings", "LogSettings", "ServerSettings", "with_options"]


class LogSettings(BaseModel):
    """The part [server.logs]. Logs of ended instances go when they are older than `days`, and while all have more than
    `size` bytes the oldest."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    days: Annotated[int, Field(ge=1, le=36_500)] = 14
    size: Size = 10 << 30


class AlertSettings(BaseModel):
    """The part [server.alerts]. Alerts that nobody has sent are dropped when they are older than `days`, and of more
    than `most` the oldest."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    days: Annotated[int, Field(ge=1, le=36_500)] = 14
    most: Annotated[int, Field(ge=1)] = 10_000


class ServerSettings(TimeSettings):
    """The part [server]: what TimeSettings says, and more.

    `listen`: HOST:PORT; beyond this machine it needs `tls_cert` and `tls_key`, PEM files, or `insecure`.
    `database`: a URL (`postgresql://USER@HOST/NAME`), never shown because a password may be in it; without one SQLite
    in the state folder. Below `free_disk` bytes free beside SQLite's file no new work is taken. `history`: ended
    instances of a job that are kept. `users`: as whom the jobs of an app group run where the server is root
    (`trust.groupusers`). `slots`: instances that may run at one time in all; None: any number. `hold`: nothing new
    begins, as before a move to another machine.
    """

    listen: str = "127.0.0.1:7780"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False
    database: SecretStr | None = None
    free_disk: SizeOrNone = 64 << 20
    history: Annotated[int, Field(ge=1)] = 300
    slots: Annotated[int, Field(ge=1)] | None = None
    hold: bool = False
    logs: LogSettings = LogSettings()
    alerts: AlertSettings = AlertSettings()
    users: Mapping[Owner, str] = {}

    @classmethod
    def of(cls, settings: Settings) -> ServerSettings:
        """The part of a settings file. Raises BadSettings."""
        return settings.part("server", cls)


def with_options(settings: Settings, given: Mapping[str, object]) -> Settings:
    """The settings with what the command line said of [server] in them, by the names of the fields; None: nothing."""
    said = {
        name: str(value) if isinstance(value, Path) else value for name, value in given.items() if value is not None
    }
    written = cast("Mapping[str, object]", settings.written.get("server", {}))
    return replace(settings, written={**settings.written, "server": {**written, **said}})
