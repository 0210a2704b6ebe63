"""What an operator sets for the server: the part [server] of the settings file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from anyjob.settings import Settings
from anyjob.spec.commonxattrs import SizeOrNone

__all__ = ["ServerSettings"]


class ServerSettings(BaseModel):
    """The part [server].

    `database`: a URL (`postgresql://USER@HOST/NAME`), never shown because a password may be in it; without one SQLite
    in the state folder. Below `free_disk` bytes free beside SQLite's file no new work is taken. `history`: ended
    instances of a job that are kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: SecretStr | None = None
    free_disk: SizeOrNone = 64 << 20
    history: Annotated[int, Field(ge=1)] = 300

    @classmethod
    def of(cls, settings: Settings) -> ServerSettings:
        """The part of a settings file. Raises BadSettings."""
        return settings.part("server", cls)
