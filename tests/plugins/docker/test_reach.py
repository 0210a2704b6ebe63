"""Engines that cannot be reached: each way has its sentence, and the sentence its remedy."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest
from tests.grounds.docker.engine import Engine
from tests.plugins.docker.conftest import ground

from anyjob.outcome import Cause
from anyjob_docker.address import Address
from anyjob_docker.client import EngineClient
from anyjob_docker.trouble import EngineAway


class _Nowhere:
    url = ""


def at(url: str) -> Engine:
    """An engine that is none."""
    made = _Nowhere()
    made.url = url
    return made  # pyright: ignore[reportReturnType]


def test_a_socket_that_is_missing(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/no.sock"
    wanted = (
        f"launchers.docker.host names no engine that can be used. The Docker engine at {url} (named by"
        " [launchers.docker] host) is not there: no such socket. Start the engine (systemctl start docker), or say"
        " where it is by DOCKER_HOST or [launchers.docker] host."
    )
    with ground(tmp_path / "rig", at(url)) as rig:
        got = rig.says(rig.script("true"))
        assert (got.outcome.cause, got.outcome.result) == (Cause.DEPENDENCY_MISSING, wanted)
        health = asyncio.run(rig.host().launcher("docker").health())
        assert health.state == "undetected"
        assert "Start the engine" in health.why


def test_a_socket_at_which_nobody_listens(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(f"{tmp_path}/dead.sock")
    with ground(tmp_path / "rig", at(f"unix://{tmp_path}/dead.sock")) as rig:
        got = rig.says(rig.script("true"))
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING
        assert "does not listen. Start the engine" in got.outcome.result
        assert asyncio.run(rig.host().launcher("docker").health()).state == "unhealthy"


def test_something_that_is_no_engine(tmp_path: Path) -> None:
    """Whatever answers there: a sentence, and no traceback."""
    import threading

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/odd.sock")
        server.listen()
        server.settimeout(20)

        def answer() -> None:
            for text in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"what?\r\n\r\n", b""):
                try:
                    with server.accept()[0] as end:
                        end.recv(4096)
                        end.sendall(text)
                except OSError:
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        client = EngineClient(Address(url=f"unix://{tmp_path}/odd.sock", said_by="DOCKER_HOST"), 5)
        for _ in range(3):
            with pytest.raises(EngineAway, match="cannot be reached"):
                client.ping()
        client.close()
    thread.join()


@pytest.mark.needs("docker")
def test_a_socket_that_is_not_permitted(engine: Engine) -> None:
    """As a user who is not in the socket's group."""
    os.chmod(engine.sock, 0o660)
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        text = "no error"
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            EngineClient(Address(url=engine.url, said_by="DOCKER_HOST"), 10).ping()
        except EngineAway as away:
            text = str(away)
        except BaseException as error:  # noqa: BLE001 - the fork must not return into the test
            text = repr(error)
        finally:
            os.write(writes, text.encode())
            os._exit(0)
    os.close(writes)
    os.waitpid(pid, 0)
    with os.fdopen(reads) as file:
        said = file.read()
    assert "may not be used by the worker's user nobody. Add it to the group of" in said, said
    assert "usermod -aG docker nobody" in said
