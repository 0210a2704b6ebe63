"""Stands between workers and a real executor, which has one admin and says a callback again only every 30 seconds: the
conformance suite has workers that die, and two at one time."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, cast

from anyjob_xxljob.fake import FakeExecutor

__all__ = ["Relay"]


class Relay(FakeExecutor):
    """Hands on what is asked to the executor at `behind`, and its callbacks to every admin until that takes them."""

    def __init__(self, admins: Iterable[str], token: str) -> None:
        super().__init__({}, admins=admins, token=token, registers=False)
        self.behind = ""
        self.names: dict[str, str] = {}
        """Names of runs, by log ids: a handler does not know them."""

    def act(self, path: str, asked: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if path == "api/callback":
            with self.lock:
                for item in cast("list[dict[str, Any]]", asked):
                    for waiting in self.waiting.values():
                        waiting.append((self.now(), item))
            return {"code": 200}
        if path.startswith("api/"):
            self.behind = asked["registryValue"].rstrip("/")
            return {"code": 200}
        if path == "run":
            self.names[str(asked["logId"])] = headers["x-anyjob-run"]
        request = urllib.request.Request(f"{self.behind}/{path}", data=json.dumps(asked).encode())
        request.add_header("XXL-JOB-ACCESS-TOKEN", headers.get("xxl-job-access-token", ""))
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def named(self, lines: Iterable[str]) -> list[str]:
        """Lines that begin with a log id, with the run's name in its place."""
        parts = [line.partition(" ") for line in lines]
        return [f"{self.names.get(number, number)} {rest}" for number, _, rest in parts]
