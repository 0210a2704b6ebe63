"""What an operator sets for xxljob jobs: the table `[executors.xxljob]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from anyjob.job import Owner
from anyjob.listenaddress import ListenAddress
from anyjob.secret import Source, weakness
from anyjob.spec import Size
from anyjob_xxljob.spec import Glue

__all__ = ["LISTEN", "XxlJobSettings", "listening"]

LISTEN: Final = "127.0.0.1:7781"


def listening(text: str) -> ListenAddress:
    """`HOST:PORT`. Raises ValueError."""
    try:
        return ListenAddress.parse(f"tcp:{text}")
    except ValueError:
        raise ValueError("is no address; write HOST:PORT") from None


def _listen(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _address(text: str) -> str:
    listening(text)
    return text


def _prefix(text: str) -> str:
    path = "/" + text.strip("/") if text.strip("/") else ""
    if not path.isascii() or not path.isprintable() or any(c in path for c in " ?#%\\") or "//" in path:
        raise ValueError("is no path; write one like /jobs/xxl-job-admin")
    return path


def _token(value: SecretStr) -> SecretStr:
    weak = weakness(value.get_secret_value())
    if weak:
        raise ValueError(f"{weak}; write a long random one")
    return value


_Token = Source | Annotated[SecretStr, AfterValidator(_token)]


class XxlJobSettings(BaseModel):
    """What an operator sets for xxljob jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    listen: Annotated[
        tuple[Annotated[str, AfterValidator(_address)], ...],
        BeforeValidator(_listen),
        Field(min_length=1),
        Field(description="where executors register and call back; of several addresses the first that is free"),
    ] = (LISTEN,)
    insecure: Annotated[
        bool, Field(description="it may be reachable from other machines, although nothing there is encrypted")
    ] = False
    prefix: Annotated[
        str,
        AfterValidator(_prefix),
        Field(description="a further path under which the API stands, beside the root and /xxl-job-admin"),
    ] = ""
    token: Annotated[
        _Token | None,
        Field(
            description="the access token of all executors, or where it comes from: `{file = ...}`, `{env = ...}` "
            "or `{command = [...]}`"
        ),
    ] = None
    tokens: Annotated[
        Mapping[Owner, _Token],
        Field(
            description="one for each app group (`GROUP` or `NAMESPACE/GROUP`), whose jobs then run only in executors "
            "that have it"
        ),
    ] = Field(default_factory=dict[str, _Token])
    wait: Annotated[
        float,
        Field(ge=0, le=3600),
        Field(
            description="seconds in which executors may still register before a run is `dependency_missing`; they "
            "say that they are there every 30 s"
        ),
    ] = 35
    expire: Annotated[
        float,
        Field(gt=0, le=86400),
        Field(description="seconds after which one that has not said so is not registered any more"),
    ] = 90
    lost: Annotated[
        float,
        Field(gt=0, le=86400),
        Field(description="seconds without any sign of an executor, or of a run on it, after which a run is given up"),
    ] = 90
    timeout: Annotated[float, Field(gt=0, le=60), Field(description="seconds for one call")] = 3
    poll: Annotated[
        float,
        Field(gt=0, le=3600),
        Field(description="seconds between two looks at a log, at first; ten times that later"),
    ] = 1
    log: Annotated[Size, Field(description="bytes of a log that are fetched")] = 64 << 20
    body: Annotated[Size, Field(description="bytes of a callback that are taken")] = 64 << 20
    glue: Annotated[
        frozenset[Glue],
        Field(
            description="kinds of scripts that jobs may send: whoever may create such a job executes code on "
            "every executor"
        ),
    ] = frozenset()

    @model_validator(mode="after")
    def _open(self) -> Self:
        reachable = [text for text in self.listen if not listening(text).local]
        if reachable and not self.insecure:
            raise ValueError(
                f"would listen on {', '.join(reachable)}, which other machines can reach, and nothing there is"
                " encrypted; listen on a loopback address, or write insecure = true"
            )
        return self
