"""What an engine answers when it does not do what it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyjob.errors import AnyJobError

if TYPE_CHECKING:
    from anyjob_docker.address import Address

__all__ = ["EngineAway", "EngineRefused"]


class EngineAway(AnyJobError):
    """The engine cannot be reached. `sent`: it may have got the request all the same. `missing`: there is none."""

    def __init__(self, address: Address, why: str, remedy: str, *, sent: bool, missing: bool = False) -> None:
        self.address, self.sent, self.missing = address, sent, missing
        super().__init__(f"The Docker engine at {address.url} (named by {address.said_by}) {why}. {remedy}")


class EngineRefused(AnyJobError):
    """The engine has answered with an error: an HTTP status, and its own words."""

    def __init__(self, status: int, said: str) -> None:
        self.status, self.said = status, said
        super().__init__(f"The Docker engine answered {status}: {said}")
