"""The request of a run: made of its spec, with everything filled in."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urldefrag, urlencode

from requests import PreparedRequest, Request

from anyjob.egress import Target, read_url
from anyjob.errors import AnyJobError
from anyjob.outcome import Json
from anyjob.problem import WrongValue
from anyjob.run import RunFacts
from anyjob.version import VERSION
from anyjob_http.checks import SECRET, charset, one_line
from anyjob_http.identity import identity_headers
from anyjob_http.spec import HttpSpec

if TYPE_CHECKING:
    from requests.structures import CaseInsensitiveDict

__all__ = ["BadRequest", "HttpRequest", "build"]

_FORM: Final = "application/x-www-form-urlencoded"
_WITH_FORM: Final = frozenset({"POST", "PUT", "PATCH"})
_IN_FORMS: Final = "%&=+;,/?:@!$'()*~-._[]"
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
"""Methods that say no length where there is no body."""
_PRIVATE: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


class BadRequest(AnyJobError):
    """What the job says, filled in, makes no request."""

    def __init__(self, job: str, part: str, says: str) -> None:
        self.job, self.part, self.says = job, part, says
        super().__init__(f"Job {job!r}: {part} {says}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. `private` names the headers, in lower case, that are not for another host; `private_body` says
    that the body holds a secret."""

    method: str
    url: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None = None
    private: frozenset[str] = frozenset()
    private_body: bool = False

    def prepared(self) -> PreparedRequest:
        """As requests sends it."""
        made = PreparedRequest()
        made.method, made.url = self.method, _written(self.url)
        # As bytes: http.client would write text as latin-1, and fail for what that does not hold.
        headers: dict[str, str | bytes] = {name: _bytes(value) for name, value in self.headers.items()}
        if self.body is not None or self.method not in _WITHOUT_BODY:
            headers["Content-Length"] = str(len(self.body or b""))
        # A plain dictionary: names are in it once, and one that ignores case costs more than all else in here.
        made.headers = cast("CaseInsensitiveDict[str]", headers)
        made.body = self.body
        return made

    def elsewhere(self, url: str, target: Target, *, method: str, body: bytes | None) -> HttpRequest:
        """The same for another URL. To another origin go no credentials and no secrets."""
        gone = set(self.private) if target != self.target else set[str]()
        if body is None:
            gone |= {"content-type"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in gone}
        return replace(self, method=method, url=url, target=target, headers=headers, body=body)


def _bytes(value: str) -> str | bytes:
    return value if value.isascii() else value.encode()


@lru_cache(maxsize=1024)
def _written(url: str) -> str:
    """The URL as it goes over the line: its host in ASCII, its path quoted. Raises what requests does."""
    made = Request("GET", url).prepare()
    assert isinstance(made.url, str)
    return made.url


class _Filler:
    """Fills placeholders and secrets of one text at a time, and knows whether there was a secret."""

    def __init__(self, run: RunFacts) -> None:
        self._run = run
        self.secret = False

    def __call__(self, text: str) -> str:
        if "#{" not in text:
            return text
        # Piece by piece: what a placeholder pastes is never looked into for secrets, nor a secret for placeholders.
        pieces = SECRET.split(text)
        self.secret = self.secret or len(pieces) > 1
        return "".join(
            self._run.secret(piece) if number % 2 else self._run.fill(piece) for number, piece in enumerate(pieces)
        )

    def deep(self, value: Json) -> Json:
        """JSON with its texts filled: inside their quotes, so that no text becomes another value."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.deep(item) for item in value]
        if isinstance(value, dict):
            return {key: self.deep(item) for key, item in value.items()}
        return value


def build(run: RunFacts, spec: HttpSpec) -> HttpRequest:
    """The request. Raises BadRequest, SecretMissing, or what `run.fill` raises."""
    headers: dict[str, str] = {"User-Agent": f"anyjob/{VERSION}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    if spec.identity:
        headers |= identity_headers(run)
    if spec.idempotency_key:
        headers[spec.idempotency_key] = run.key
    private = set(_PRIVATE)
    for name, text in _own_headers(spec).items():
        filler = _Filler(run)
        _put(headers, name, _line(run, f"header {name}", filler(text)))
        if filler.secret:
            private.add(name.lower())
    if spec.basic is not None:
        filler = _Filler(run)
        user, password = filler(spec.basic.user), filler(spec.basic.password)
        if ":" in user:
            raise BadRequest(run.job.name, "basic.user, filled in,", "holds a colon; take it out")
        _put(headers, "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    of_body = _Filler(run)
    body, content_type = _body(run, spec, of_body)
    if content_type is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    url = _url(run, spec, of_body)
    try:
        target = read_url(url)
    except WrongValue as wrong:
        raise BadRequest(run.job.name, "the URL, filled in,", wrong.remedy) from None
    return HttpRequest(
        method=spec.method,
        url=url,
        target=target,
        headers=headers,
        body=body,
        private=frozenset(private),
        private_body=of_body.secret and body is not None,
    )


def _own_headers(spec: HttpSpec) -> dict[str, str]:
    headers = dict(spec.headers)
    if spec.cookie is not None:
        _put(headers, "Cookie", spec.cookie)
    return headers


def _put(headers: dict[str, str], name: str, value: str) -> None:
    """Set a header whatever the case in which it stands there already."""
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def _line(run: RunFacts, part: str, text: str) -> str:
    try:
        return one_line(text)
    except ValueError:
        # The value is not repeated: it may hold a secret.
        raise BadRequest(run.job.name, f"{part}, filled in,", "holds a control character; take it out") from None


def _url(run: RunFacts, spec: HttpSpec, fill: _Filler) -> str:
    url = urldefrag(run.fill(spec.url))[0]
    if not spec.query:
        return url
    pairs: list[tuple[str, str]] = []
    for name, value in spec.query.items():
        pairs += [(name, fill(_plain(one))) for one in (value if isinstance(value, list) else [value])]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def _plain(value: str | float | bool) -> str:  # noqa: FBT001 - a value, not a switch
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(run: RunFacts, spec: HttpSpec, fill: _Filler) -> tuple[bytes | None, str | None]:
    """The bytes, and their type."""
    if spec.body_json is not None:
        text = json.dumps(cast("object", fill.deep(spec.body_json)), ensure_ascii=False)
        kind = spec.content_type or "application/json"
    elif spec.body is not None:
        text, kind = fill(spec.body), spec.content_type or "text/plain; charset=utf-8"
    elif spec.method in _WITH_FORM:
        text, kind = fill(run.parameters), spec.content_type or _FORM
        if kind.lower().startswith(_FORM):
            # Written by hand as key1=value1&key2=value2: what a form cannot hold is encoded, what is encoded stays.
            text = quote(text, safe=_IN_FORMS)
    else:
        return None, None
    try:
        return text.encode(charset(kind) or "utf-8"), kind
    except UnicodeEncodeError as error:
        odd = text[error.start]
        raise BadRequest(run.job.name, "the body", f"holds {odd!r}, which {charset(kind)} cannot write") from None
