"""`anyjob serve`: its first start, its end, and what keeps it from starting."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.bench.wire import scope, signed
from tests.core.cli.program import Program, kill, until
from tests.plugins.server.serving import Serving

from anyjob.job import Job
from anyjob.status import InstanceStatus
from anyjob_server.client.client import Client
from anyjob_server.client.errors import ServerUnreachable
from anyjob_server.client.target import Target, find_target

SLOW = "echo begun; while ! test -e '{}'; do sleep 0.05; done; echo over"


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path) as serving:
        yield serving


@pytest.fixture
def begun() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Begin a command that is ended with the test."""
    made = list[subprocess.Popen[bytes]]()

    def begin(program: Program, *words: str) -> subprocess.Popen[bytes]:
        made.append(program.start(*words))
        return made[-1]

    yield begin
    for process in made:
        if process.poll() is None:
            kill(process)


def lived(state: Path) -> Client:
    """The client that the state folder gives."""
    return Client(find_target(state, environment={}))


def test_the_first_start_tells_what_to_do_and_all_of_it_works(
    program: Program, begun: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """The lines are taken as they stand. Later starts tell none of it."""
    state = tmp_path / "s"
    config = tmp_path / "any.toml"
    config.write_text('[server.users]\n"*" = "root"\n' if os.getuid() == 0 else "")
    words = ("serve", "--listen", "localhost:0", "--state", str(state), "--config", str(config))
    process = begun(program, *words)
    assert process.stdout is not None
    ready = process.stdout.readline().decode()
    found = re.fullmatch(rf"anyjob: serving (http://127\.0\.0\.1:(\d+)), state in {re.escape(str(state))}\n", ready)
    assert found, ready
    file = json.loads((state / "server.json").read_text())
    assert (file["url"], file["pid"]) == (found[1], process.pid)
    for name in ("server.json", "server.key", "server.db"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600
    with lived(state) as client:
        assert client.call("ListGroups", {})["AppGroups"][0]["GroupId"] == "default"
    process.send_signal(signal.SIGTERM)
    told = program.finish(process)
    assert told.status == 0, told.err
    assert not (state / "server.json").exists()
    exports = re.findall(r"^    export (ANYJOB_\w+)=(\S+)$", told.err, re.MULTILINE)
    assert [name for name, _ in exports] == ["ANYJOB_SERVER", "ANYJOB_ACCESS_KEY_ID", "ANYJOB_ACCESS_KEY_SECRET"]
    python = told.err[told.err.index("    from alibabacloud") :].partition("\n\nanyjob")[0]

    again = begun(program, "serve", "--listen", f"127.0.0.1:{found[2]}", *words[3:], "--json")
    assert again.stdout is not None
    said = json.loads(again.stdout.readline())
    assert said == {"url": found[1], "pid": again.pid, "state": str(state), "key": None}
    env = program.environment | dict(exports)
    listed = subprocess.run([sys.executable, "-m", "anyjob", "job", "list", "--json"], env=env, capture_output=True)
    assert json.loads(listed.stdout) == {"jobs": []}, listed.stderr
    lines = "\n".join(line.removeprefix("    ") for line in python.splitlines())
    made = subprocess.run([sys.executable, "-c", lines], env=env, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("True ")
    with lived(state) as client:
        assert [job.name for job in client.jobs()] == ["hello-sdk"]
    again.send_signal(signal.SIGINT)
    told_again = program.finish(again)
    assert told_again.status == 0
    assert dict(exports)["ANYJOB_ACCESS_KEY_SECRET"] not in told_again.err


def test_whoever_waits_for_an_end_is_answered_when_the_server_goes(up: Serving) -> None:
    host, _, port = up.address.partition(":")
    with up.client() as client, socket.create_connection((host, int(port)), timeout=30) as waits:
        instance = client.execute(client.create_job(Job(name="waits", job_type="shell", content="sleep 600")))
        fields = scope(client.target.namespace, client.target.group) | {"JobInstanceId": instance, "WaitSeconds": 30}
        waits.sendall(signed(up.address, up.key, up.secret, "GetJobInstance", fields))
        client.instance(instance)  # sent later, so the other has been read
        assert up.end() == 0
        answer = b"".join(iter(lambda: waits.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["Data"]["JobInstanceDetail"]["Status"] in (1, 3)
    up.start()
    with up.client() as client:
        client.stop(instance)


def test_a_job_that_runs_outlives_the_server_and_ends_once(up: Serving, tmp_path: Path) -> None:
    """It is killed, comes again, is ended in order, and comes again."""
    gate = tmp_path / "gate"
    here = ("--state", str(up.state))
    with up.client() as client:
        content = SLOW.format(gate)
        instance = client.execute(client.create_job(Job(name="lives", job_type="shell", content=content)))
        until(lambda: client.log(instance, "").lines == ["begun"], "its first line")
    for how, status, told in (
        (signal.SIGKILL, -signal.SIGKILL, f"has ended; start it again: anyjob serve --state {up.state}"),
        (signal.SIGTERM, 0, "none runs on the state folder"),
    ):
        assert up.end(how) == status
        left = up.program("job", "list", *here)
        assert left.status == 1
        assert told in left.err
        up.start()
        with up.client() as client:
            # Written up to a tenth of a second after the run began, or was found again.
            until(lambda: client.instance(instance).status is InstanceStatus.RUNNING, "that it runs")
    assert up.log.count("taken over: 1 that go on, 0 that ended meanwhile") == 2
    gate.touch()
    with up.client() as client:
        until(lambda: client.instance(instance).status.finished, "its end")
        over = client.instance(instance)
        assert (over.status, over.result) == (InstanceStatus.SUCCESS, "over")
        assert client.log(instance, "").lines == ["begun", "over"]
        assert [one.id for one in client.instances(None, None, 10)] == [instance], "nothing ran twice"
    assert up.secret not in up.log, "a key that the environment gave is not shown"


def test_a_second_signal_ends_it_at_once(up: Serving) -> None:
    """The first waits for an answer that is on its way: one whose body does not come."""
    host, port = up.address.split(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        assert b"100 Continue" in half.recv(100)
        os.kill(up.pid, signal.SIGTERM)
        until(lambda: "anyjob: ending" in up.log, "its word that it ends")
        assert up.end() == 128 + signal.SIGTERM, "it did not wait, or the second signal did nothing"


def refused(program: Program, *words: str) -> str:
    done = program("serve", *words)
    assert (done.status, done.out) == (2, b""), done.err
    assert "Traceback" not in done.err
    return done.err


def test_what_keeps_it_from_starting_is_named_with_a_remedy(up: Serving, tmp_path: Path) -> None:
    program, config = up.program, str(tmp_path / "settings.toml")
    other = ("--state", str(tmp_path / "other"), "--config", config)
    taken = refused(program, "--listen", up.address, *other)
    assert f'--listen: "{up.address}" is in use by another process: end that one, write another port' in taken
    open_to_all = refused(program, "--listen", "0.0.0.0:0", *other)
    assert '--listen: "0.0.0.0:0" is reached by other machines' in open_to_all
    assert "give --tls-cert and --tls-key, or --insecure" in open_to_all
    assert "server.tls_key is missing" in refused(program, "--tls-cert", "x.pem", *other)
    assert not (tmp_path / "other").exists(), "nothing was begun"

    in_use = program(
        "serve", "--listen", "127.0.0.1:0", "--state", str(up.state), "--config", str(tmp_path / "settings.toml")
    )
    assert in_use.status == 1
    assert f"in use by process {up.pid}" in in_use.err or str(up.pid) in in_use.err
    file = tmp_path / "file"
    file.touch()
    no_folder = program("serve", "--listen", "127.0.0.1:0", "--state", str(file / "x"), "--config", config)
    assert no_folder.status == 1
    assert "Name a writable folder with --state" in no_folder.err
    with up.client() as client:
        assert [*client.jobs()] == [], "the one that runs is not disturbed"


def test_all_that_is_wrong_in_a_settings_file_is_told_at_once(program: Program, tmp_path: Path) -> None:
    """Whoever reads the parts: core, the server, a plugin's type. One part hides no other."""
    config = tmp_path / "any.toml"
    server = '[server]\nhistory = 0\nlistne = "x"\n[executors.http]\nthreds = 3\n'
    config.write_text(server)
    for command in ("serve", "config"):
        done = program(command, "--config", str(config), "--state", str(tmp_path / "s"))
        assert done.status == 2
        for wrong in ("server.history", "server.listne", "executors.http.threds"):
            assert done.err.count(wrong) == 1, done.err
    config.write_text(f"{server}[worker]\nshim_idel = 3\n[plugns]\n")
    done = program("serve", "--config", str(config), "--state", str(tmp_path / "s"))
    assert done.status == 2
    for wrong in ("server.history", "server.listne", "executors.http.threds", "worker.shim_idel", "plugns"):
        assert done.err.count(f"  {wrong}") == 1, done.err
    assert not (tmp_path / "s").exists()


def test_settings_of_one_type_keep_it_from_starting(program: Program, tmp_path: Path) -> None:
    """[server] itself is as it should be: the rest is not passed over in silence."""
    config, job = tmp_path / "any.toml", tmp_path / "a.yaml"
    config.write_text('[server]\nlisten = "127.0.0.1:0"\n[executors.http]\nhold = true\n[launchers.docker]\nx = 1\n')
    job.write_text("{Name: a, JobType: shell, Content: 'true'}")
    for words in (["serve"], ["up", str(job)]):
        done = program(*words, "--config", str(config), "--state", str(tmp_path / "s"))
        assert (done.status, done.out) == (2, b"")
        for wrong in ("executors.http.hold", "launchers.docker.x"):
            assert done.err.count(f"  {wrong}") == 1, done.err
        assert not (tmp_path / "s").exists()


def certificate(folder: Path) -> tuple[str, str]:
    """Of a name that no test connects to, made by nobody that anybody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jobs.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("jobs.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_beside_the_file_all_that_keeps_it_from_starting_is_told_at_once(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "any.toml"
    config.write_text('[server]\ntls_cert = "/nope"\n[server.users]\ng = "no-such-user"\n')
    program.environment["ANYJOB_ACCESS_KEY_ID"] = "half-a-key"
    state = tmp_path / "s"
    done = program("serve", "--config", str(config), "--state", str(state), "--listen", "0.0.0.0")
    fields = ["ANYJOB_ACCESS_KEY_SECRET", "server.tls_key", "--listen:", "server.users.g:"]
    assert done.status == 2
    told = [line.split()[0] for line in done.err.splitlines()[1:]]
    assert [field for field in told if field != "--state:"] == fields, done.err  # root: this folder is closed to others
    assert not state.exists()


def test_with_tls_commands_here_check_the_one_certificate_and_others_the_authority(up: Serving, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    up.end()
    up.start("--tls-cert", cert, "--tls-key", key)
    assert up.url.startswith("https://127.0.0.1:")
    here = up.program("job", "list", "--json", "--state", str(up.state))
    assert json.loads(here.out) == {"jobs": []}, here.err
    stranger = up.program("job", "list", "--server", up.url, "--state", str(tmp_path / "none"))
    assert stranger.status == 1
    assert "certificate verify failed" in stranger.err
    # The authority is trusted, and the name is another's.
    with pytest.raises(ServerUnreachable, match=r"certificate is not valid for '127\.0\.0\.1'"):
        Client(Target(url=up.url, key=up.key, secret=up.secret, ca=cert)).job("x")
    file = up.state / "server.json"
    file.write_text(file.read_text().replace('"fingerprint": "', '"fingerprint": "00'))
    assert up.program("job", "list", "--state", str(up.state)).status == 1, "another certificate"
