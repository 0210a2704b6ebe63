"""The examples run as they stand, on the practice server that their first lines name; the page's jobs are taken."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.walk import walk

from anyjob_dataworks.peer import Peer, PeerKey

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "executors/dataworks/README.md").read_text()


def test_the_page_runs_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    walk("executors/dataworks/README.md", tmp_path / "here", replace={"8056": str(port)})


def test_the_readme_says_what_it_was_proven_against() -> None:
    assert "the real service could not be had" in " ".join(PAGE.split())


def test_its_settings_and_its_jobs(tmp_path: Path, peer: Peer) -> None:
    """On the practice server: the settings lead the page's region there, and give the app group a temporary key."""
    (settings,) = blocks("executors/dataworks/README.md", "toml")
    jobs = [*blocks("executors/dataworks/README.md", "yaml"), *blocks("executors/dataworks/README.md", "json")]
    theirs = {
        "finance_dw": "practice",
        "nightly_settlement": "daily",
        "20000123121": "701001",
        "20000123124": "701003",
    }
    for usual, other in theirs.items():
        assert any(usual in job for job in jobs)
        jobs = [job.replace(usual, other) for job in jobs]
    nightly, two_nodes, by_api = jobs
    peer.keys |= {"finance": PeerKey(secret="kept", token="token of finance"), "own": PeerKey(secret="own")}
    (tmp_path / "dataworks.secret").write_text("kept")
    (tmp_path / "sts-token").write_text('#!/bin/sh\necho "token of $1"\n')
    (tmp_path / "sts-token").chmod(0o755)
    places = {
        "https://dataworks-vpc.example.com": f"http://127.0.0.1:{peer.port}",
        "/etc/anyjob/dataworks.secret": f"{tmp_path}/dataworks.secret",
        "/usr/local/bin/sts-token": f"{tmp_path}/sts-token",
    }
    secrets = (
        '\n[secrets.dw_id]\nenv = "OWN_ID"\ngroups = ["*"]\n[secrets.dw_secret]\nenv = "OWN_SECRET"\ngroups = ["*"]\n'
    )
    env = {"DATAWORKS_KEY_ID": "finance", "OWN_ID": "own", "OWN_SECRET": "own"}
    with serving(tmp_path / "served", settings + secrets, replace=places, env=env) as served:
        first, third, second = served.fire(nightly, by_api, GroupId="finance") + served.fire(two_nodes)
    ended = [(end.cause, end.result) for end in (first, second, third)]
    assert ended == [("succeeded", "118 rows written")] * 3, (first, second, third)
    assert second.log == ["120 rows read", "118 rows written"]
    started = [asked for action, asked in peer.asked if action == "RunManualDagNodes"]
    (parameters,) = [json.loads(one["DagParameters"]) for one in started if "NodeParameters" in one]
    assert (parameters["source"], parameters["fired"].isdecimal()) == ("orders", True)
