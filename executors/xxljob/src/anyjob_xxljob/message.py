"""XXL-JOB's messages, in all dialects from 2.4 to 3.5, as one.

Source: XXL-JOB, ReturnT and HandleCallbackParam of each version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from anyjob.outcome import Json

__all__ = ["OK", "Answer", "BadMessage", "Callback", "callbacks", "read_answer", "read_object", "reply", "sound"]

OK: Final = 200
_LONGEST: Final = 65536
"""Characters of a callback's text that are kept; executors cut at 50 000."""
_MOST_LOG_ID: Final = (1 << 63) - 1


class BadMessage(ValueError):
    """A body that is no message. Its text says why."""


def sound(text: str) -> str:
    """The text without halves of surrogate pairs, which Java lets through and UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _loads(body: bytes) -> Any:
    try:
        # Not strict: a control character in somebody's exception text must not make a batch unreadable for ever.
        return json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"is no JSON: {str(error)[:200]}") from None


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises BadMessage."""
    said = _loads(body)
    if not isinstance(said, dict):
        raise BadMessage("is no JSON object")
    return cast("dict[str, Any]", said)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an executor answered: `code` 200 or why not. `payload` is `data` of 3.3 and later, `content` before."""

    code: int
    text: str
    payload: Any = None

    @property
    def ok(self) -> bool:
        """Whether the executor did what it was asked."""
        return self.code == OK


def read_answer(body: bytes) -> Answer:
    """An executor's answer. Raises BadMessage."""
    said = read_object(body)
    code = said.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise BadMessage("has no number `code`")
    payload = said.get("data")
    if payload is None:
        payload = said.get("content")
    text = said.get("msg")
    if not isinstance(text, str):
        text = payload if isinstance(payload, str) else ""
    return Answer(code, sound(text)[:_LONGEST], payload)


def reply(code: int = OK, text: str | None = None) -> bytes:
    """What an admin answers, so that executors of all versions understand it."""
    return json.dumps({"code": code, "msg": text, "content": None, "data": None}).encode()


@dataclass(frozen=True, slots=True)
class Callback:
    """The end of a run, as its executor tells it."""

    log_id: int
    code: int
    text: str

    def to_json(self) -> dict[str, Json]:
        """As it is delivered to the run that listens."""
        return {"logId": self.log_id, "code": self.code, "text": self.text}

    @classmethod
    def from_json(cls, said: Any) -> Callback:
        """What `to_json` gave."""
        return cls(said["logId"], said["code"], said["text"])


def callbacks(body: bytes) -> Iterator[Callback]:
    """The callbacks of one call: an array up to 3.4, an object around it in 3.5. An item that is none is left out: the
    executor would send the whole batch for ever.

    Raises BadMessage.
    """
    said = _loads(body)
    if isinstance(said, dict):
        said = cast("dict[str, Any]", said).get("callbackList")
    if not isinstance(said, list):
        raise BadMessage("is neither an array nor an object with `callbackList`")
    for item in cast("list[Any]", said):
        if not isinstance(item, dict):
            continue
        found = cast("dict[str, Any]", item)
        log_id, code, text = found.get("logId"), found.get("handleCode"), found.get("handleMsg")
        if _whole(log_id) and _whole(code) and 0 < cast("int", log_id) <= _MOST_LOG_ID:
            yield Callback(
                cast("int", log_id), cast("int", code), sound(text)[:_LONGEST] if isinstance(text, str) else ""
            )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
