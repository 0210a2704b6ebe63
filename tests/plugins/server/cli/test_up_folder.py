"""`anyjob up FOLDER`: many jobs side by side, with what they need beside them."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import Program, Terminal, kill, running_shims, toml, until
from tests.docs.fences import blocks

HOSTILE = "\\033[31m[bold]red[/bold]\\033]0;title\\007"
PEER = """
    import http.server, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from the peer")
        def log_message(self, *said): pass
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a type's examples lie in one."""
    made = tmp_path / "jobs" / "one" / "examples"
    made.mkdir(parents=True)
    return made


def a_job(folder: Path, name: str, content: object, file: str = "", **fields: object) -> None:
    job = {"Name": name, "JobType": "shell", "Content": content, **fields}
    (folder / f"{file or name}.yaml").write_text(json.dumps(job))


def a_port() -> int:
    """One that nobody has just now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def with_peer(folder: Path) -> int:
    """A peer beside the folder's jobs, and a job that asks it; its port."""
    port = a_port()
    (folder / "peer.py").write_text(textwrap.dedent(PEER))
    (folder / "beside.toml").write_text(
        f'peers = [{{command = ["python", "peer.py", "{port}"], address = "127.0.0.1:{port}"}}]\n'
    )
    (folder / "asks.yaml").write_text(f"Name: asks\nJobType: http\nContent:\n  url: http://127.0.0.1:{port}/\n")
    return port


def told(anyjob: Program, folder: Path, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status, and the objects by job."""
    done = anyjob("up", str(folder), "--json", *options)
    return done.status, {one["job"]: one for one in map(json.loads, done.out.splitlines())}


def test_each_ends_as_it_is_meant_to_and_the_table_says_so(anyjob: Program, folder: Path) -> None:
    a_job(folder, "well", f"printf '{HOSTILE}'")
    a_job(folder, "breaks", "exit 7")
    a_job(folder, "absent", "import nothing", JobType="python", XAttrs={"command": "/no/such/python"})
    (folder / "notes.txt").write_text("no job")
    (folder / "beside.toml").write_text('[ends]\n"breaks.yaml" = "exit_code"\n')
    root = folder.parents[1]
    done = anyjob("up", str(root))
    assert done.status == 0, done.err
    lines = done.out.decode().splitlines()
    assert lines[0].split() == ["type", "job", "state", "time", "cause", "result"]
    rows = {line.split()[1]: line.split() for line in lines[1:3]}
    assert [rows["breaks"][at] for at in (0, 2, 3, 5)] == ["shell", "as", "meant", "s"]
    assert rows["breaks"][6] == "exit_code"
    assert [rows["well"][at] for at in (0, 2, 4, 5)] == ["shell", "ok", "s", "succeeded"]
    assert " ".join(rows["well"][6:]) == "\\x1b[31m[bold]red[/bold]\\x1b]0;title\\x07"
    assert lines[3:6] == [
        "",
        "Not here:",
        "  python absent",
    ]
    assert '"/no/such/python"' in lines[6]
    assert any(line.startswith("2 jobs ran in ") and line.endswith("; 1 cannot run here.") for line in lines)
    assert "anyjob doctor" in lines[-1]
    assert sorted(line.partition("(")[0] for line in done.err.splitlines()) == [
        "anyjob: shell breaks: failed with exit code 7, as it is meant to ",
        "anyjob: shell well: succeeded ",
    ]
    until(lambda: not running_shims(anyjob.state), "the end of its shim")


def test_another_end_is_wrong_and_told_with_its_evidence(anyjob: Program, folder: Path) -> None:
    a_job(folder, "breaks", "exit 7")
    a_job(folder, "well", "echo well")
    (folder / "beside.toml").write_text('[ends]\n"well.yaml" = "timed_out"\n')
    done = anyjob("up", str(folder))
    assert done.status == 7
    out = done.out.decode()
    assert "shell job 'breaks' failed with exit code 7" in out
    assert "shell job 'well' succeeded" in out
    assert "it is meant to end as timed_out" in out
    assert "2 otherwise than meant" in out


def test_on_a_terminal_the_table_lives_and_nothing_of_a_job_acts_on_it(anyjob: Program, folder: Path) -> None:
    for number in range(12):
        a_job(folder, f"job-{number}", f"sleep 0.3; printf '{HOSTILE}'")
    anyjob.environment["LINES"] = "8"
    terminal = Terminal(anyjob, "up", str(folder))
    terminal.wait_for(b"of 12 are over")
    assert terminal.finish() == 0
    assert b"\\x1b[31m[bold]red[/bold]\\x1b]0;title" in terminal.shown
    assert b"\x1b]0;" not in terminal.shown
    whole = terminal.shown.rpartition(b"type")[2]
    assert all(b"job-%d " % number in whole for number in range(12)), "the last table is whole"
    assert terminal.shown.rindex(b"\x1b[?25h") > terminal.shown.rindex(b"\x1b[?25l"), "the cursor is back"


def test_jobs_of_one_name_and_objects_of_all(anyjob: Program, folder: Path) -> None:
    """Files that are run one by one may well call their jobs alike."""
    a_job(folder, "same", "echo one", file="one")
    a_job(folder, "same", "print('two')", file="two", JobType="python")
    done = anyjob("up", str(folder), "--json")
    said = sorted((json.loads(line) for line in done.out.splitlines()), key=lambda one: one["type"])
    assert done.status == 0, done.err
    assert [(one["job"], one["type"], one["result"], one["ran"], one["as_meant"]) for one in said] == [
        ("same", "python", "two", True, True),
        ("same", "shell", "one", True, True),
    ]
    assert [Path(one["file"]).name for one in said] == ["two.yaml", "one.yaml"]


def test_a_peer_goes_on_for_the_time_of_the_command(anyjob: Program, folder: Path) -> None:
    port = with_peer(folder)
    status, said = told(anyjob, folder)
    assert (status, said["asks"].get("result")) == (0, "from the peer"), said
    assert not listens(port)
    alone = anyjob("up", str(folder / "asks.yaml"))
    assert alone.status == 1, "whoever names a file means its job alone"
    assert "connection refused" in alone.err


def test_a_free_port_stands_in_where_the_folder_says_so(anyjob: Program, folder: Path) -> None:
    """Two tours at one time, and a machine on which somebody listens there; jobs that stay keep their ports."""
    port = with_peer(folder)
    file = folder / "beside.toml"
    file.write_text(f'ports = [{port}]\nsettings = "own.toml"\n{file.read_text()}')
    toml(folder / "own.toml", {"executors.http": f'ca = "/ca:{port}"'})
    text = f"echo {port} https://127.0.0.1:{port}/{port} :{port}0 {port}0"
    a_job(folder, "says", text)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        status, said = told(anyjob, folder)
        assert (status, said["asks"].get("result")) == (0, "from the peer"), said
        words = said["says"]["result"].replace("https://127.0.0.1:", "").split()
        free = words[1].partition("/")[0]
        assert free != str(port)
        assert words == [str(port), f"{free}/{port}", f":{port}0", f"{port}0"]
        _, said = told(anyjob, folder, "--state", str(folder.parents[1] / "mine"))
        assert said["asks"]["why"].startswith(f"127.0.0.1:{port} is taken")


def test_an_address_that_is_taken_is_told(anyjob: Program, folder: Path) -> None:
    port = with_peer(folder)
    a_job(folder.parent, "elsewhere", "echo here")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        status, said = told(anyjob, folder)
    assert (status, said["asks"]["ran"]) == (1, False), "nothing could run"
    assert said["asks"]["why"].startswith(f"127.0.0.1:{port} is taken")


def test_a_peer_that_does_not_come_up_says_why(anyjob: Program, folder: Path) -> None:
    with_peer(folder)
    (folder / "peer.py").write_text("raise SystemExit('no licence')\n")
    _, said = told(anyjob, folder)
    assert "no licence" in said["asks"]["why"]


@pytest.mark.parametrize("ends_by", [signal.SIGKILL, signal.SIGINT])
def test_nothing_of_it_outlives_a_command_that_is_ended(anyjob: Program, folder: Path, ends_by: signal.Signals) -> None:
    port = with_peer(folder)
    marker = folder / "began"
    for number in range(10):  # more than may run at one time
        a_job(folder, f"wait-{number}", "sleep 60", XAttrs={"grace": 0.2}, Timeout=5, TimeoutKillEnable=True)
    a_job(folder, "slow", f"touch {marker}; sleep 60", XAttrs={"grace": 0.2}, Timeout=5, TimeoutKillEnable=True)
    going = anyjob.start("up", str(folder))
    until(lambda: marker.exists() and listens(port), "the job and the peer")
    if ends_by is signal.SIGKILL:
        kill(going)
    else:
        going.send_signal(ends_by)
        done = anyjob.finish(going)
        assert done.status == 130
        assert "slow: was stopped" in done.err
        assert " not begun." in done.out.decode()
    until(lambda: not listens(port), "the end of the peer")
    until(lambda: not running_shims(anyjob.state), "the end of the job and its shim")


def test_a_second_signal_leaves_what_runs(anyjob: Program, folder: Path) -> None:
    a_job(folder, "stays", "trap '' TERM; touch began; sleep 60", XAttrs={"cwd": str(folder), "grace": 60})
    state = folder.parents[1] / "mine"
    going = anyjob.start("up", str(folder), "--state", str(state))
    until((folder / "began").exists, "the job")
    going.send_signal(signal.SIGTERM)
    assert going.stderr is not None
    assert b"a second signal leaves it going" in going.stderr.readline()
    going.send_signal(signal.SIGTERM)
    done = anyjob.finish(going)
    assert done.status == 143
    assert f"goes on; `anyjob serve --state {state}` takes it over" in " ".join(done.out.decode().split())


def test_what_jobs_need_is_made_for_them(anyjob: Program, folder: Path) -> None:
    a_job(folder, "uses", "cat $ANYJOB_PARAMETERS", Parameters="/no/such/file")
    a_job(folder, "lacks", "echo never")
    a_job(folder, "free", "echo free")
    (folder / "beside.toml").write_text(
        """
        [[made]]
        command = ["sh", "-c", "echo well made > $0", "{made}/it"]
        files = ["uses.yaml"]
        set = ["Parameters={made}/it"]

        [[made]]
        command = ["sh", "-c", "echo it needs a saw >&2; exit 1"]
        files = ["lacks.yaml"]
        """
    )
    status, said = told(anyjob, folder)
    assert status == 0, said
    assert (said["uses"]["result"], said["free"]["result"]) == ("well made", "free")
    assert (said["lacks"]["ran"], said["lacks"]["why"]) == (False, "it needs a saw")
    assert [*anyjob.state.glob("**/made")] == []


def test_settings_beside_the_jobs_hold_where_the_caller_has_none(anyjob: Program, folder: Path, tmp_path: Path) -> None:
    a_job(folder, "says", "import sys; print('said')", JobType="python")
    toml(folder / "own.toml", {"executors.python": 'command = "no-such-python"'})
    (folder / "beside.toml").write_text('settings = "own.toml"\n')
    status, said = told(anyjob, folder)
    assert (status, said["says"]["ran"]) == (1, False)
    assert "no-such-python" in said["says"]["why"]
    mine = toml(tmp_path / "mine.toml", {"executors.python": f'command = "{sys.executable}"'})
    status, said = told(anyjob, folder, "--config", str(mine))
    assert (status, said["says"]["result"]) == (0, "said"), said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('setings = "x"\n', ["setings", "did you mean settings"]),
        ('[ends]\n"a.yaml" = "timedout"\n', ["ends", "timed_out"]),
        ('[ends]\n"none.yaml" = "timed_out"\n', ["none.yaml", "is not beside it"]),
        ("peers = [\n", ["is not TOML"]),
        ("ports = [0]\n", ["ports[0]", "at least 1"]),
    ],
)
def test_a_wrong_file_beside_the_jobs(anyjob: Program, folder: Path, text: str, words: list[str]) -> None:
    a_job(folder, "a", "echo never")
    (folder / "beside.toml").write_text(text)
    done = anyjob("up", str(folder))
    assert (done.status, done.out) == (2, b""), done.err
    assert all(word in done.err for word in ["beside.toml", *words]), done.err


def test_a_folder_without_jobs_and_a_job_that_the_server_refuses(anyjob: Program, folder: Path) -> None:
    none = anyjob("up", str(folder))
    assert none.status == 2
    assert "no .yaml file" in none.err
    a_job(folder, "odd", "echo odd", JobType="shel")
    a_job(folder, "even", "echo even")
    done = anyjob("up", str(folder))
    assert done.status == 1
    assert "shel 'odd' was refused" in done.out.decode()
    assert "1 job ran in " in done.out.decode()
    assert "; 1 refused" in done.out.decode()
    assert "even: succeeded" in done.err


SERVED = """
import pathlib, served, sys
served.main("go", "daily", f"with {pathlib.Path(sys.argv[1]).name}")
"""


def test_the_file_of_the_page_is_one(anyjob: Program, folder: Path) -> None:
    """All that it names is here, and does what the page says."""
    (text,) = blocks("plugins/server/docs/commands.md", "toml")
    port = a_port()
    (folder / "beside.toml").write_text(text.replace("8070", str(port)))
    toml(folder / "anyjob.toml", {"executors.python": f'command = "{sys.executable}"'})
    (folder / "shop").mkdir()
    (folder / "shop" / "practice.py").write_text(textwrap.dedent(PEER))
    (folder / "build.sh").write_text("printf '#!/bin/sh\\necho built' > $1; chmod +x $1\n")
    shutil.copy(Path(__file__).with_name("application.py"), folder / "served.py")
    (folder / "application.py").write_text(SERVED)
    a_job(folder, "hello", "$ANYJOB_PARAMETERS")
    a_job(folder, "attached", {"jobName": "daily"}, JobType="go", GroupId="shop")
    a_job(folder, "stubborn", "sleep 60", Timeout=1, TimeoutKillEnable=True, XAttrs={"grace": 0.1})
    status, said = told(anyjob, folder)
    assert status == 0, said
    assert (said["hello"]["result"], said["stubborn"]["cause"]) == ("built", "timed_out")
    assert said["attached"]["result"] == "with shop"
    assert all(one["as_meant"] for one in said.values()), said


DEAD = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: none}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


def test_what_is_missing_or_not_well_is_asked_before_a_job_runs(anyjob: Program, folder: Path) -> None:
    """No engine, and a cluster that does not answer, for which a run would wait."""
    anyjob.environment["DOCKER_HOST"] = f"unix://{folder}/nowhere.sock"
    (folder / "kubeconfig").write_text(DEAD)
    anyjob.environment["KUBECONFIG"] = str(folder / "kubeconfig")
    a_job(folder, "boxed", "echo never", XAttrs={"launcher": "docker", "image": "busybox"})
    a_job(folder, "pod", "echo never", JobType="k8s", XAttrs={"resource": "shell", "image": "busybox"})
    status, said = told(anyjob, folder)
    assert (status, said["boxed"]["ran"], said["pod"]["ran"]) == (1, False, False)
    assert "nowhere.sock" in said["boxed"]["why"]
    assert "systemctl start docker" in said["boxed"]["why"]
    assert "cannot be reached" in said["pod"]["why"]
    assert not any("instance" in one for one in said.values()), "nothing was fired"
