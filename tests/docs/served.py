"""A page's settings in use: `anyjob serve` has a block as its file, and the page's jobs are made and fired there."""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from tests.plugins.server.serving import Serving

from anyjob.problem import WrongValue
from anyjob.size import parse_size
from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadRequest
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.target import Target

__all__ = ["End", "Served", "serving"]

_PATIENCE = 120.0
"""Seconds after which an end that never comes is a failure."""

_USUAL = re.compile(r"anyjob: jobs run by app group:|\S+ \S+ INFO ")
"""How lines begin that warn of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an instance ended: `raw` is its JobInstanceDetail, `log` its lines."""

    raw: Mapping[str, Any]
    log: list[str]

    @property
    def cause(self) -> str:
        return self.raw["Cause"]

    @property
    def result(self) -> str:
        return self.raw["Result"]


class Served:
    """A server that is up."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self._groups, self._names = {("default", "default")}, list[str]()

    def client(self, group: str = "default", namespace: str = "default") -> Client:
        """In an app group, which is made if it is not there yet; its namespace is."""
        serving = self.serving
        place = Target(url=serving.url, key=serving.key, secret=serving.secret, namespace=namespace, group=group)
        made = Client(place)
        if (namespace, group) not in self._groups:
            made.call("CreateAppGroup", {"AppName": group})
            self._groups.add((namespace, group))
        return made

    def fire(self, *texts: str, **fields: Any) -> list[End]:
        """Make jobs as a page has them, fire them at one time, and see their ends, in the same order.

        Args:
            *texts: YAML, or the JSON that a program sends.
            **fields: What takes the place of theirs, as the `GroupId`, which a program says beside the block.

        Raises:
            BadRequest: CreateJob refuses one of them.
        """
        made = [self.make(text, **fields) for text in texts]
        fired = [(client, job, client.execute(job)) for client, job in made]
        return [self._ended(*one) for one in fired]

    def make(self, text: str, **fields: Any) -> tuple[Client, int]:
        """Make one of them, by CreateJob: its id, and the client of its app group."""
        job = {**cast("dict[str, Any]", yaml.safe_load(text)), **fields}
        # Two jobs of a page may have one name.
        name, count = job["Name"], self._names.count(job["Name"])
        self._names.append(name)
        sent = JobFile(source="the page", fields={**job, "Name": f"{name}-{count}" if count else name}).to_create()
        client = self.client(job.get("GroupId", "default"), job.get("Namespace", "default"))
        return client, int(client.call("CreateJob", sent)["JobId"])

    def _ended(self, client: Client, job: int, instance: int) -> End:
        until = time.monotonic() + _PATIENCE
        with client:
            while not client.instance(instance).status.finished:
                assert time.monotonic() < until, self.serving.log
                time.sleep(0.05)
            raw = client.call("GetJobInstance", {"JobInstanceId": instance})["JobInstanceDetail"]
            said = {"JobId": job, "JobInstanceId": str(instance), "Reverse": False, "Line": 200}
            return End(raw=raw, log=client.call("GetLog", said).get("Logs") or [])

    def refusal(self, text: str, **fields: Any) -> str:
        """Why CreateJob does not take a job."""
        try:
            self.make(text, **fields)
        except BadRequest as refused:
            return refused.message
        raise AssertionError(f"it is taken:\n{text}")


@contextmanager
def serving(
    folder: Path, block: str, *, replace: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
) -> Generator[Served]:
    """A server with a page's settings block as its file, for the length of a `with`.

    What the block says is in force: `anyjob config` shows each of its values, from that file; and nothing is warned
    of. As root, jobs run as root unless the block says otherwise: no other user comes through a test's folders.

    Args:
        folder: A new one, for all that the server keeps.
        block: The text of the page.
        replace: What is different here, as a path or a port.
        env: Variables of the server's environment that the block names.
    """
    for usual, other in (replace or {}).items():
        assert usual in block, f"the block does not name {usual}:\n{block}"
        block = block.replace(usual, other)
    folder.mkdir(exist_ok=True)
    written: Mapping[str, Any] = tomllib.loads(block)
    users = '\n[server.users]\n"*" = "root"\n' if os.getuid() == 0 and "users" not in written.get("server", {}) else ""
    made = Serving(folder, block + users)
    made.program.environment.update(env or {})
    _check_in_force(made, written)
    with made:
        yield Served(made)
        warned = [line for line in made.log.splitlines() if not _USUAL.match(line)]
        assert not warned, f"it warns of something:\n{made.log}"


def _check_in_force(made: Serving, written: Mapping[str, Any]) -> None:
    done = made.program("config", "--config", str(made.settings), "--json")
    assert (done.status, done.err) == (0, ""), done.err
    shown = {one["key"]: one for one in json.loads(done.out)["values"]}
    for key, value in _leaves(written, shown.__contains__):
        assert key in shown, f"{key} is not shown; there are {', '.join(shown)}"
        one = shown[key]
        assert (one["whence"], one["note"]) == (str(made.settings), ""), one
        assert _alike(value, one["value"]), f"{key} = {value!r} is in force as {one['value']!r}"


def _leaves(written: Mapping[str, Any], known: Callable[[str], bool], part: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in written.items():
        key = f"{part}{name}"
        if isinstance(value, dict) and not known(key):
            yield from _leaves(cast("Mapping[str, Any]", value), known, f"{key}.")
        else:
            yield key, value


def _alike(written: Any, shown: Any) -> bool:
    """Whether a value is the one that is written, which may be a size, or a secret, which is not shown."""
    match written, shown:
        case dict(), dict():
            inner = cast("dict[str, Any]", shown)
            return all(_alike(value, inner.get(name)) for name, value in cast("dict[str, Any]", written).items())
        case list(), list():
            pairs = cast("list[Any]", written), cast("list[Any]", shown)
            return len(pairs[0]) == len(pairs[1]) and all(map(_alike, *pairs))
        case _, list():
            return _alike([written], shown)
        case str(), int():
            try:
                return parse_size(written) == shown
            except WrongValue:
                return False
        case _:
            return written == shown or (isinstance(shown, str) and set(shown) == {"*"})
