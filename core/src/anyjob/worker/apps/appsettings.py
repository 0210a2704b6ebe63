"""What an operator sets for applications: the part [worker.apps]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from anyjob.job.owner import written
from anyjob.listenaddress import ListenAddress
from anyjob.secret import Source, weakness

__all__ = ["AppsSettings"]


def _address(value: str) -> str:
    ListenAddress.parse(value)
    return value


def _token(value: SecretStr) -> SecretStr:
    weak = weakness(value.get_secret_value())
    if weak:
        raise ValueError(f"{weak}; write a long random one, or make a key: anyjob key create --app GROUP")
    return value


class AppsSettings(BaseModel):
    """The part [worker.apps]: applications that dial in, and processes that many runs share.

    `listen`: addresses, `tcp:HOST:PORT` or `unix:/PATH`; without any no application can dial in. `insecure`: they may
    be reachable from other machines, although what is said there is not encrypted. `reconnect`: seconds in which a lost
    application must be back before its runs are `unknown`. `idle`: seconds without a run after which a shared process
    is ended. `tokens`: app group to its token, or to where it comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    listen: list[Annotated[str, AfterValidator(_address)]] = []
    insecure: bool = False
    reconnect: Annotated[float, Field(gt=0, le=86400)] = 30
    idle: Annotated[float, Field(gt=0)] = 300
    tokens: Mapping[Annotated[str, AfterValidator(written)], Source | Annotated[SecretStr, AfterValidator(_token)]] = {}

    @model_validator(mode="after")
    def _open(self) -> Self:
        reachable = [text for text in self.listen if not ListenAddress.parse(text).local]
        if reachable and not self.insecure:
            raise ValueError(
                f"would listen on {', '.join(reachable)}, which other machines can reach, and nothing there is "
                "encrypted; listen on a loopback address or a Unix socket, or write insecure = true"
            )
        return self

    @property
    def addresses(self) -> list[ListenAddress]:
        """Those of `listen`, read."""
        return [ListenAddress.parse(text) for text in self.listen]
