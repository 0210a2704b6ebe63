"""What an http job reads out of a job.

Sources: SchedulerX user guide, HTTP jobs, the fields of a job; SchedulerX worker for Java, the properties of an http
job's content; RFC 9110, 9.2.1 (safe methods).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from anyjob.outcome import Json
from anyjob.spec import At, Spec
from anyjob_http.checks import (
    charset_of,
    header_name,
    header_value,
    one_line,
    pattern_of,
    statuses_of,
    token,
    url_of,
    user_name,
)

__all__ = ["REPEATABLE", "Basic", "HttpSpec", "Mode", "Poll", "Tls"]

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods without side effects (RFC 9110, 9.2.1)."""
_IDEMPOTENT: Final = REPEATABLE | {"PUT", "DELETE"}

_HEADERS: Final = {
    "basic": ("basic", "Authorization"),
    "cookie": ("cookie", "Cookie"),
    "content_type": ("contentType", "Content-Type"),
}
"""Fields that set a header, by the names that jobs give them."""

Mode = Literal["status", "text", "json", "regex"]
_MODES: Final[Mapping[str, Mode]] = {"0": "status", "1": "text", "2": "json"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(_Part):
    """TLS options of one job."""

    verify: Annotated[bool, Field(description="false: do not check the certificate, where the settings allow it")] = (
        True
    )
    ca: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(description="a file of CA certificates, on the worker, in `[executors.http] files`"),
    ] = None
    cert: Annotated[
        Annotated[str, Field(min_length=1)] | None, Field(description="the client's own certificate, likewise")
    ] = None
    key: Annotated[Annotated[str, Field(min_length=1)] | None, Field(description="its key; one file may hold both")] = (
        None
    )


class Basic(_Part):
    """User and password of HTTP Basic authentication; write the password as `#{secret.NAME}`."""

    user: Annotated[str, AfterValidator(user_name), Field(description="without a colon")]
    password: Annotated[str, AfterValidator(one_line), Field(description="write it as `#{secret.NAME}`")]


class Poll(_Part):
    """How to follow a call that was answered by 202. A look that is answered by 202 means: still going."""

    url: Annotated[
        str,
        Field(min_length=1),
        Field(
            description="where the state stands: `Location` or another header, or a path into the JSON "
            "answer (`$.links.self`)"
        ),
    ] = "Location"
    interval: Annotated[
        float,
        Field(ge=0.05, le=86_400),
        Field(description="seconds between two looks, unless Retry-After says otherwise"),
    ] = 5
    key: Annotated[str | None, Field(description="a key, or path, of a JSON answer 200")] = None
    going: Annotated[tuple[str, ...], Field(description="values there that mean: still going")] = ()


def _mode(value: object) -> object:
    return _MODES.get(str(value), value)


def _no_poll(value: object) -> object:
    """`true` is short for all defaults, `false` for none."""
    return {} if value is True else None if value is False else value


def _idempotency(value: object) -> object:
    return "Idempotency-Key" if value is True else None if value is False else value


_Text = str | int | float | bool


class HttpSpec(Spec):
    """Content is a JSON object, with SchedulerX's names and further ones. Parameters are the form that a POST sends.

    `#{schedulerx.*}` placeholders are filled in URL, query, headers, cookie and body, `#{secret.NAME}` everywhere but
    in the URL.
    """

    url: Annotated[str, Field(min_length=1, description="the URL to call"), AfterValidator(url_of), At("Content.$.url")]
    method: Annotated[str, Field(description="the HTTP method"), BeforeValidator(token), At("Content.$.method")] = "GET"
    timeout: Annotated[
        float | None,
        Field(
            gt=0,
            le=31_536_000,
            description="seconds for one call, from the first look-up of the name to the last byte, "
            "redirects included; default: the worker's setting, 60",
        ),
        At("Content.$.timeout"),
    ] = None
    headers: Annotated[
        dict[Annotated[str, AfterValidator(header_name)], Annotated[str, AfterValidator(header_value)]],
        Field(description="headers of the request"),
        At("Content.$.headers"),
    ] = Field(default_factory=dict[str, str])
    cookie: Annotated[
        str | None,
        Field(description="the Cookie header; no Set-Cookie is ever kept"),
        AfterValidator(header_value),
        At("Content.$.cookie"),
    ] = None
    basic: Annotated[
        Basic | None, Field(description="user and password of HTTP Basic authentication"), At("Content.$.basic")
    ] = None
    query: Annotated[
        dict[str, _Text | list[_Text]],
        Field(description="what is added to the URL's own query"),
        At("Content.$.query"),
    ] = Field(default_factory=dict[str, Any])
    body_json: Annotated[Json, Field(description="the body, sent as JSON"), At("Content.$.json")] = None
    body: Annotated[
        str | None,
        Field(
            description="the body as it stands; without either, Parameters are the body of POST, PUT and "
            "PATCH: as a form, what a form cannot hold percent-encoded"
        ),
        At("Content.$.body"),
    ] = None
    content_type: Annotated[
        str | None,
        Field(description="the Content-Type of the body; its charset is the one that the body is written in"),
        AfterValidator(charset_of),
        At("Content.$.contentType"),
    ] = None
    status: Annotated[
        str,
        Field(
            description='statuses that are success, `"2xx"`, `200`, `[200, 204]`, `"200-299,304"`: looked at '
            "in every mode"
        ),
        BeforeValidator(statuses_of),
        At("Content.$.respCode", ("Content.$.status",)),
    ] = "2xx"
    key: Annotated[
        str | None,
        Field(min_length=1, description="a key of the JSON answer, or a path (`data.items[0].state`)"),
        At("Content.$.respKey"),
    ] = None
    value: Annotated[
        _Text | list[_Text] | None,
        Field(description='what stands there on success, one or several, compared as texts: `true` is `"true"`'),
        At("Content.$.respValue"),
    ] = None
    text: Annotated[str | None, Field(description="the whole answer on success, exactly"), At("Content.$.respStr")] = (
        None
    )
    regex: Annotated[
        str | None,
        Field(
            description="a pattern (Python's) found in the answer on success; it is tried in a small process "
            "of its own, within the call's time"
        ),
        AfterValidator(pattern_of),
        At("Content.$.respRegex"),
    ] = None
    mode: Annotated[
        Mode | None,
        Field(
            description="by what success is told, also `0`, `1`, `2` for status, text, json; default: by "
            "which of the keys above is there",
            validate_default=True,
        ),
        BeforeValidator(_mode),
        At("Content.$.respParseMode"),
    ] = None
    result: Annotated[
        str | None,
        Field(
            min_length=1,
            description="the key, or path, of the JSON answer whose value is the result; else, and where "
            "nothing stands there, the answer's beginning",
        ),
        At("Content.$.resultKey"),
    ] = None
    redirects: Annotated[
        Literal["never", "safe", "all"],
        Field(description="which redirects are followed; safe: those of GET and HEAD, and 303"),
        At("Content.$.redirects"),
    ] = "safe"
    max_redirects: Annotated[
        int, Field(ge=0, le=50, description="redirects followed at most"), At("Content.$.maxRedirects")
    ] = 5
    tls: Annotated[Tls, Field(description="TLS options"), At("Content.$.tls")] = Tls()
    poll: Annotated[
        Poll | None,
        Field(description="follow an answer 202 to its end; `true` is short for all defaults"),
        BeforeValidator(_no_poll),
        At("Content.$.poll"),
    ] = None
    idempotency_key: Annotated[
        str | None,
        Field(
            description="a header that carries the run's key, the same for every start of an attempt; `true` "
            "is Idempotency-Key"
        ),
        BeforeValidator(_idempotency),
        AfterValidator(header_name),
        At("Content.$.idempotencyKey"),
    ] = None
    repeatable: Annotated[
        bool | None,
        Field(
            description="whether the request may be sent again after a crash; default: GET, HEAD, OPTIONS. "
            "`true` for a POST needs idempotencyKey",
            validate_default=True,
        ),
        At("Content.$.repeatable"),
    ] = None
    identity: Annotated[
        bool, Field(description="whether X-Anyjob headers say which job calls"), At("Content.$.identity")
    ] = True
    execution_mode: Annotated[
        Literal[0, 1, "0", "1"],
        Field(description="SchedulerX's agent or serverless mode; means nothing here"),
        At("Content.$.httpJobExecutionMode"),
    ] = 0

    @field_validator("headers")
    @classmethod
    def _one_of_each_name(cls, value: dict[str, str]) -> dict[str, str]:
        seen: dict[str, str] = {}
        for name in value:
            if (other := seen.setdefault(name.lower(), name)) != name:
                raise ValueError(f"holds {other} and {name}, which are one header; keep one of the two")
        return value

    @field_validator("basic", "cookie", "content_type", "idempotency_key")
    @classmethod
    def _one_way_to_a_header(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            return None
        field = cast("str", info.field_name)
        name = _HEADERS[field][1] if field in _HEADERS else str(value)
        ways = {one.lower(): f"headers.{one}" for one in info.data.get("headers", {})}
        ways |= {sets.lower(): key for one, (key, sets) in _HEADERS.items() if info.data.get(one) is not None}
        if name.lower() in ways:
            raise ValueError(f"stands beside {ways[name.lower()]}, which sets the same header; keep one of the two")
        return value

    @field_validator("body")
    @classmethod
    def _one_body(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("body_json") is not None:
            raise ValueError("stands beside json; keep one of the two bodies")
        return value

    @field_validator("mode")
    @classmethod
    def _mode_has_its_rule(cls, value: Mode | None, info: ValidationInfo) -> Mode:
        key, text, regex = (info.data.get(name) for name in ("key", "text", "regex"))
        if value is None:
            return "json" if key is not None else "text" if text is not None else "regex" if regex else "status"
        missing = {"json": ("respKey", key), "text": ("respStr", text), "regex": ("respRegex", regex)}.get(value)
        if missing is not None and missing[1] is None:
            raise ValueError(f"needs {missing[0]}; write it too")
        return value

    @field_validator("repeatable")
    @classmethod
    def _repeats_safely(cls, value: bool | None, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it so
        method = cast("str", info.data.get("method", "GET"))
        if value is None:
            return method in REPEATABLE
        if value and method not in _IDEMPOTENT and not info.data.get("idempotency_key"):
            raise ValueError(f"needs idempotencyKey for a {method}, or the second request would do the work twice")
        return value

    @field_validator("value")
    @classmethod
    def _value_of_a_key(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("key", "wrong") is None:
            raise ValueError("needs respKey; write it too")
        return value
