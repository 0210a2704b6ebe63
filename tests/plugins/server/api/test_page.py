"""The examples of docs/api.md, as they are printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.docs.fences import blocks
from tests.plugins.server.api.liveground import live
from tests.plugins.server.api.signing import Signer
from tests.plugins.server.api.wireground import KEY_ID, SECRET


def test_the_examples_make_and_run_a_job(tmp_path: Path) -> None:
    programs = blocks("plugins/server/docs/api.md", "python")
    with live(tmp_path) as server:
        said: list[str] = []
        for program in programs:
            assert "127.0.0.1:7780" in program
            there = program.replace("127.0.0.1:7780", f"127.0.0.1:{server.port}")
            text = f"KEY, SECRET = {KEY_ID!r}, {SECRET!r}\n{there}"
            quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
            ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=quiet)
            assert ran.returncode == 0, ran.stderr
            said.append(ran.stdout)
        assert said == ["1\n", ""]
        listed = server.call("GetJobInstanceList", JobId=1)["Data"]["JobInstanceDetails"]
        assert [one["JobName"] for one in listed] == ["hello"]


def test_the_refusal_is_as_printed(tmp_path: Path) -> None:
    (shown,) = blocks("plugins/server/docs/api.md", "")
    wrong = {"TimeExpression": "0 0 25 * * ?", "XAttrs": '{"limits": {"memory": "1 bucket"}}'}
    with live(tmp_path) as server:
        scope = {"RegionId": "local", "Namespace": "default", "GroupId": "default"}
        job = {"Name": "nightly", "JobType": "shell", "ExecuteMode": "standalone", "TimeType": "1", "Content": "true"}
        reply = server.say(server.signer.v1("CreateJob", {**scope, **job, **wrong}))[1]
    assert reply["Message"].splitlines() == shown.splitlines()


def test_the_answers_are_as_printed(tmp_path: Path) -> None:
    """But for the id of the request, and the port."""
    made, refused = map(json.loads, blocks("plugins/server/docs/api.md", "json"))
    scope = {"RegionId": "local", "Namespace": "default", "GroupId": "default"}
    job = {"Name": "a", "JobType": "shell", "ExecuteMode": "standalone", "TimeType": "100", "Content": "true"}
    with live(tmp_path) as server:
        said = server.say(server.signer.v1("CreateJob", {**scope, **job}))
        stranger = server.say(Signer(key_id="nobody", secret=SECRET).v1("CreateJob", {**scope, **job}))
    own = "127.0.0.1"  # the header Host of the tests, which name no port
    assert said == (200, {**made, "RequestId": said[1]["RequestId"]})
    assert stranger == (404, {**refused, "RequestId": stranger[1]["RequestId"], "HostId": own})
