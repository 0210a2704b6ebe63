"""A server for all clients, and what each client saw of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.plugins.server.clients import programs
from tests.plugins.server.clients.orders import Order, job, order, sleeper
from tests.plugins.server.serving import Serving

_PATIENCE = 60.0
"""Seconds after which a client that does not end is a failure."""


@pytest.fixture(scope="package")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("serving")) as up:
        yield up


CLIENTS = [
    pytest.param("go", marks=pytest.mark.needs("go")),
    pytest.param("node", marks=pytest.mark.needs("node", "npm")),
    pytest.param("node pop GET", marks=pytest.mark.needs("node", "npm")),
    pytest.param("node pop POST", marks=pytest.mark.needs("node", "npm")),
    pytest.param("java async", marks=pytest.mark.needs("jdk17", "maven")),
    pytest.param("java core", marks=pytest.mark.needs("jdk17", "maven")),
]


@pytest.fixture(scope="module")
def java(serving: Serving) -> dict[str, Any]:
    """What both Java SDKs saw, each by its name, in one JVM."""
    parts = {name: {"Job": job(name), "Sleeper": sleeper(name)} for name in ("java async", "java core")}
    return _told(programs.java(), order(serving, "") | parts)


@pytest.fixture(params=CLIENTS, scope="module")
def client(request: pytest.FixtureRequest) -> str:
    """One of the vendor's clients."""
    return request.param


@pytest.fixture(scope="module")
def seen(client: str, serving: Serving, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What that client said after all its steps, each answer as it stood in the reply."""
    match client.split():
        case ["go"]:
            return _told(programs.go(), order(serving, client))
        case ["node"]:
            return _told(programs.node("core.js"), order(serving, client))
        case ["node", "pop", method]:
            return _told(programs.node("pop.js", method), order(serving, client))
        case _:
            return request.getfixturevalue("java")[client]


def _told(words: list[str], said: Order) -> dict[str, Any]:
    done = subprocess.run(words, input=json.dumps(said), capture_output=True, text=True, timeout=_PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
