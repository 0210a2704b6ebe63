"""What an xxljob job reads out of a job.

The vendor publishes no format of Content beyond the key `jobHandler`; the others are anyjob's own.

Sources: SchedulerX worker for Java, the property jobHandler of an xxljob job's content; SchedulerX user guide, XXL-JOB
jobs, handlers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from anyjob.egress import read_url
from anyjob.problem import WrongValue
from anyjob.spec import At, Spec

__all__ = ["MOST_ADDRESSES", "Block", "Glue", "Route", "XxlJobSpec", "address_of"]

MOST_ADDRESSES: Final = 60
"""Addresses of one run: what must be known of all of them has to fit into one checkpoint."""
_LONGEST_ADDRESS: Final = 200


class Route(StrEnum):
    """To which of several executors a run goes (XXL-JOB's ExecutorRouteStrategyEnum)."""

    FIRST = "FIRST"
    LAST = "LAST"
    ROUND = "ROUND"
    RANDOM = "RANDOM"
    CONSISTENT_HASH = "CONSISTENT_HASH"
    LEAST_FREQUENTLY_USED = "LEAST_FREQUENTLY_USED"
    LEAST_RECENTLY_USED = "LEAST_RECENTLY_USED"
    FAILOVER = "FAILOVER"
    BUSYOVER = "BUSYOVER"
    SHARDING_BROADCAST = "SHARDING_BROADCAST"


class Block(StrEnum):
    """What happens to a run of a job that still runs on the same executor (XXL-JOB's ExecutorBlockStrategyEnum)."""

    SERIAL_EXECUTION = "SERIAL_EXECUTION"
    DISCARD_LATER = "DISCARD_LATER"
    COVER_EARLY = "COVER_EARLY"


class Glue(StrEnum):
    """What the executor runs: a handler of its own, or a text that it is sent (XXL-JOB's GlueTypeEnum)."""

    BEAN = "BEAN"
    GROOVY = "GLUE_GROOVY"
    SHELL = "GLUE_SHELL"
    PYTHON = "GLUE_PYTHON"
    PYTHON2 = "GLUE_PYTHON2"
    PHP = "GLUE_PHP"
    NODEJS = "GLUE_NODEJS"
    POWERSHELL = "GLUE_POWERSHELL"


def address_of(text: str) -> str:
    """The address of an executor, without a slash at its end. Raises ValueError."""
    try:
        target = read_url(text)
    except WrongValue as wrong:
        raise ValueError(wrong.remedy) from None
    if "?" in text or "#" in text:
        raise ValueError("has a query or fragment, and an executor's address has none; take it out")
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError(f"has {len(text)} characters; at most {_LONGEST_ADDRESS} are taken")
    path = text.split("://", 1)[1].partition("/")[2].strip("/")
    return f"{target}/{path}".rstrip("/")


def _addresses(value: object) -> object:
    """As XXL-JOB has them: one text with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    for address in value:
        if value.count(address) > 1:
            raise ValueError(f"names {address} twice; take one out")
    return value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _missing() -> PydanticCustomError:
    """A field that another one needs, as pydantic says it of a field that every job needs."""
    return PydanticCustomError("missing", "Field required")


class XxlJobSpec(Spec):
    """A handler, or a script, of the executors of an app or at given addresses."""

    group: Annotated[str, At("GroupId")] = ""
    glue_type: Annotated[
        Glue,
        At("Content.$.glueType"),
        BeforeValidator(_upper),
        Field(description="BEAN, a handler; else the kind of script, of those that the worker's settings allow"),
    ] = Glue.BEAN
    glue_source: Annotated[
        str,
        At("Content.$.glueSource"),
        Field(validate_default=True, max_length=1 << 20, description="the text of the script"),
    ] = ""
    job_handler: Annotated[
        str,
        At("Content.$.jobHandler", ("ClassName",)),
        Field(validate_default=True, max_length=500, description="the name in @XxlJob"),
    ] = ""
    app_name: Annotated[
        str,
        At("Content.$.appName"),
        Field(
            max_length=255,
            description="the appname under which executors register; one of appName and addresses is needed",
        ),
    ] = ""
    addresses: Annotated[
        tuple[Annotated[str, AfterValidator(address_of)], ...],
        At("Content.$.addresses"),
        BeforeValidator(_addresses),
        AfterValidator(_distinct),
        Field(
            validate_default=True,
            description="addresses of executors, also as one text with commas: `http://10.0.0.5:9999`; they "
            "need not be registered",
        ),
    ] = ()
    route: Annotated[
        Route, At("Content.$.routeStrategy"), BeforeValidator(_upper), Field(description="which executor takes a run")
    ] = Route.ROUND
    block: Annotated[
        Block | None,
        At("Content.$.blockStrategy"),
        BeforeValidator(_upper),
        Field(
            description="what a run does while an earlier one of the job goes on at the same executor: "
            "SERIAL_EXECUTION waits, DISCARD_LATER ends as `rejected`, COVER_EARLY has the "
            "earlier one killed, which ends as `rejected`; without it they run beside each other"
        ),
    ] = None
    log: Annotated[bool, At("Content.$.log"), Field(description="false: the run's log is not fetched")] = True

    @field_validator("glue_source")
    @classmethod
    def _of_its_kind(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("glue_type")
        if kind is Glue.BEAN and value:
            raise ValueError("is a script, and glueType BEAN runs a handler; write the kind of script, as GLUE_SHELL")
        if kind not in (Glue.BEAN, None) and not value:
            raise _missing()
        return value

    @field_validator("job_handler")
    @classmethod
    def _is_named(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("glue_type")
        if kind is Glue.BEAN and not value:
            raise _missing()
        if value and not value.strip():
            raise ValueError("is blank; write the name that stands in @XxlJob")
        if kind not in (Glue.BEAN, None) and value:
            raise ValueError(f"stands beside glueType {kind}, which runs a script; take one of the two out")
        return value

    @field_validator("addresses")
    @classmethod
    def _somewhere(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        app_name = info.data.get("app_name")
        if value and app_name:
            raise ValueError("stands beside appName; keep one of the two")
        if not value and app_name == "":
            raise _missing()
        if len(value) > MOST_ADDRESSES:
            raise ValueError(f"names {len(value)} executors; a run takes at most {MOST_ADDRESSES}")
        return value
