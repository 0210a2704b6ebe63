"""An answer of the service: JSON, or something that is none.

Sources: Alibaba Cloud API, error codes, the form of an error; DataWorks API 2020-05-18, "Success", "ErrorCode",
"ErrorMessage".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.outcome import Json
from anyjob.problem import short, shown
from anyjob_dataworks.faults import CallFault, Trouble, trouble_of

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Answer", "read_answer"]

_PIECE: Final = 65536
_LONGEST_WAIT: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came. `body` None: it is no JSON object, and `raw` is its beginning. `cut`: the text that was asked for is
    longer than what is read, and its beginning is there. `after`: seconds after which the service wants to be asked
    again, where it says so."""

    status: int
    body: Mapping[str, Json] | None
    raw: str
    cut: bool
    after: float | None

    def object(self, *keys: str) -> Mapping[str, Any]:
        """The object under the keys; an empty one where there is none."""
        here: object = self.body
        for key in keys:
            here = cast("Mapping[str, object]", here).get(key) if isinstance(here, Mapping) else None
        return cast("Mapping[str, Any]", here) if isinstance(here, Mapping) else {}

    def objects(self, *keys: str) -> list[Mapping[str, Any]]:
        """The objects of the list under the keys."""
        found = self.object(*keys[:-1]).get(keys[-1])
        if not isinstance(found, list):
            return []
        return [cast("Mapping[str, Any]", item) for item in cast("list[object]", found) if isinstance(item, Mapping)]

    def text(self, key: str) -> str:
        """The text under a key."""
        found = self.object().get(key)
        return found if isinstance(found, str) else ""

    def fault(self, action: str, hide: Callable[[str], str], skew: float | None) -> CallFault | None:
        """Why it is no answer to what was asked; None: it is one. `hide` takes secrets out of what it says."""

        def broken(why: str) -> CallFault:
            return CallFault(Trouble.BROKEN, action, hide(why), status=self.status)

        if self.body is None:
            return broken(f"the answer {self.status} is no JSON object: {short(self.raw, 200)!r}")
        said = self.object()
        status, code = self.status, str(said.get("Code") or said.get("code") or "")
        message = str(said.get("Message") or said.get("message") or "")
        if 200 <= status < 300:
            if said.get("Success") is not False:
                return None
            # Some operations say no within an answer 200.
            code, message = str(said.get("ErrorCode") or ""), str(said.get("ErrorMessage") or "")
            inner = said.get("HttpStatusCode")
            status = inner if isinstance(inner, int) and inner >= 400 else 500
        elif status < 400:
            return broken(f"the answer {status} leads elsewhere; the endpoint is not the service's")
        denied = said.get("AccessDeniedDetail")
        text = f"{status} {code}: {message}".strip()
        if denied:
            text += f" ({short(shown(denied), 300)})"
        if said.get("RequestId"):
            text += f" (request {said['RequestId']})"
        return CallFault(
            trouble_of(status, code, message),
            action,
            hide(text),
            code=code,
            status=status,
            after=self.after,
            skew=skew,
        )


def read_answer(response: Response, text: str, most: int) -> Answer:
    """Read at most `most` bytes. `text`: the key of a text that may be cut off. Raises what requests raises."""
    pieces: list[bytes] = []
    size = 0
    cut = False
    for piece in response.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            cut = True
            break
    data = b"".join(pieces)
    body: object = None
    if cut and text:
        body = _beginning(data[:most], text)
    elif not cut:
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            pass
    return Answer(
        status=response.status_code,
        body=cast("Mapping[str, Json]", body) if isinstance(body, dict) else None,
        raw="" if isinstance(body, dict) else data[:800].decode(errors="replace"),
        cut=cut,
        after=_after(response),
    )


def _beginning(data: bytes, key: str) -> dict[str, str] | None:
    """The beginning of the text under `key`, of JSON that breaks off within it."""
    said = data.decode(errors="ignore")
    found = re.search(rf'"{re.escape(key)}"\s*:\s*"', said)
    if found is None:
        return None
    value = said[found.end() :]
    for back in range(12):  # an escape, or a pair of them, may be cut in two
        try:
            return {key: json.loads(f'"{value[: len(value) - back]}"')}
        except ValueError:
            continue
    return None


def _after(response: Response) -> float | None:
    for name in ("x-acs-retry-after", "Retry-After"):
        try:
            return min(max(float(response.headers[name]), 0.0), _LONGEST_WAIT)
        except (KeyError, ValueError):
            continue
    return None
