"""The base for code in applications: a process a run, one for many, and a user's own that has dialled in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from tests.core.apps.town import TOKEN, CodePlugin, callee

from anyjob.outcome import Cause, Json
from anyjob.samples import BadSample, Sample, Samples
from anyjob.testing import ExecutorContract
from anyjob.worker.settings import WorkerSettings
from anyjob_python.samples import SAMPLES

REMEMBERS = """
def remember(word):
    with open(run.facts["parameters"], "a") as file: file.write(f"{run.name} {word}\\n")
remember("begin")
time.sleep(0.3)
remember("end")
"""
ENVIRONMENT = """
facts = run.facts
said = {"RUN": run.name, "KEY": facts["key"], "JOB_ID": facts["job_id"], "JOB_NAME": facts["job"],
        "INSTANCE_ID": facts["instance"], "ATTEMPT": facts["attempt"], "TASK_ID": facts["task"],
        "PARAMETERS": facts["parameters"], "INSTANCE_PARAMETERS": facts["instance_parameters"]}
for name, value in said.items(): run.log(f"ANYJOB_{name}={value}\\n")
"""
SECRET = """
import base64, urllib.parse
token = run.secrets["TOKEN"]
for form in (token, base64.b64encode(token.encode()).decode(), base64.b64encode(b"x" + token.encode()).decode(),
             urllib.parse.quote(token), json.dumps(token)): run.log(form + "\\n")
run.log(token[:5]); time.sleep(0.1); run.log(token[5:] + "\\n")
run.result(cause="succeeded", result=str(len(token)))
"""
SHARD = """
shard = run.facts["shard"]
run.result(cause="succeeded", result=f"{shard['id']} {shard['parameter']} {shard['total']}")
"""
CALLS = "import subprocess, sys\n"
ENDS = "run.result(cause='exit_code' if code else 'succeeded', code=code)"
RAW = b"a\xff\xfe\0\x1b[31m\x80z\n"


def calls(**xattrs: Json) -> Samples:
    """Those of code in any application."""

    def call(code: str, **others: Json) -> Mapping[str, Json]:
        return {"Content": code, "GroupId": "shop", "XAttrs": {**xattrs, **others}}

    sleeps = "for _ in range(3000): time.sleep(0.1)"
    return Samples(
        succeeds=Sample(call("run.log('hello\\n'); run.result(cause='succeeded', result='hello')"), result="hello"),
        fails=Sample(call("1/0"), cause=Cause.FAILED),
        echoes=Sample(call("run.result(cause='succeeded', result=run.facts['instance_parameters'])")),
        sleeps=Sample(call(sleeps)),
        obeys=Sample(call("run.log('ready\\n'); run.stopping.wait(300)")),
        remembers=Sample(call(REMEMBERS)),
        counts=Sample(call("for n in range(1, 301):\n  run.log(f'{n}\\n')\n  time.sleep(0.002)"), size=300),
        floods=Sample(call("for _ in range(100): run.log('0123456789abcde\\n' * 5000)"), size=8_000_000),
        long_line=Sample(call("for _ in range(8): run.log('x' * 1000000)"), size=8_000_000),
        bad_bytes=Sample(call(f"run.log({RAW!r})"), raw=RAW),
        gbk=Sample(
            call("run.log('中文\\n'.encode('gbk')); run.result(cause='succeeded', result='中文')", encoding="gbk"),
            raw="中文\n".encode("gbk"),
            result="中文",
        ),
        prints_environment=Sample(call(ENVIRONMENT)),
        prints_shard=Sample(call(SHARD)),
        returns_outputs=Sample(
            call("run.result(cause='succeeded', outputs={'answer': 42, 'words': ['a', 'b']})"),
            outputs={"answer": 42, "words": ["a", "b"]},
        ),
        progresses=Sample(call("for n in (1, 2, 3):\n  run.progress(n, 3)\n  time.sleep(0.05)")),
        shows_secret=Sample(call(SECRET)),
        missing_dependency=Sample(
            {**call(""), "ClassName": "nobody-serves-it", "XAttrs": {"wait": 0}}, names="nobody-serves-it"
        ),
        bad_jobs=[BadSample(call("", wait="long"), "XAttrs.wait"), BadSample(call("", kee="x"), "XAttrs.kee")],
    )


def processes() -> Samples:
    """Those of a process of its own, which may do what any may."""

    def child(sample: Sample | None) -> Sample:
        assert sample is not None
        code = f"{CALLS}code = subprocess.call([sys.executable, '-u', '-c', {sample.job['Content']!r}])\n{ENDS}"
        return replace(sample, job={"Content": code, "XAttrs": {"isolation": "own"}})

    def call(code: str) -> Mapping[str, Json]:
        return {"Content": code, "XAttrs": {"isolation": "own"}}

    exits = f"code = int(run.facts['parameters'])\n{ENDS}"
    missing: Mapping[str, Json] = {"Content": "", "XAttrs": {"isolation": "own", "key": "no-such-program"}}
    prints = "for name, value in os.environ.items(): run.log(f'{name}={value}\\n')"
    burns = SAMPLES.burns
    assert burns is not None
    measured = (
        str(burns.job["Content"]).replace("print(", "said = (")
        + "\nrun.result(cause='succeeded', result='%s %s' % said)"
    )
    return replace(
        calls(isolation="own"),
        exits=Sample(call(exits)),
        dies=Sample(call("os.kill(os.getpid(), 9)")),
        ignores=Sample(call("run.log('ready\\n')\nwhile True:\n  try: time.sleep(1)\n  except BaseException: pass")),
        forks=child(SAMPLES.forks),
        leaves=child(SAMPLES.leaves),
        prints_environment=Sample(call(prints)),
        prints_surroundings=child(SAMPLES.prints_surroundings),
        eats_memory=child(SAMPLES.eats_memory),
        starts_processes=child(SAMPLES.starts_processes),
        burns=Sample(call(measured)),
        missing_dependency=Sample(missing, names="no-such-program"),
    )


PLACES = [Path(tempfile.gettempdir()) / f"anyjob-contract-{os.getpid()}-{number}.sock" for number in range(2)]


@contextmanager
def attached() -> Generator[Samples]:
    """An application for each of two workers."""
    with callee(f"unix:{PLACES[0]}"), callee(f"unix:{PLACES[1]}"):
        yield calls(wait=20)


def listening(place: Path) -> WorkerSettings:
    return WorkerSettings.model_validate({"apps": {"listen": [f"unix:{place}"], "tokens": {"shop": TOKEN}}})


class TestOwn(ExecutorContract):
    plugin = CodePlugin()
    samples = processes()


class TestShared(ExecutorContract):
    plugin = CodePlugin()
    samples = replace(
        calls(isolation="shared"),
        missing_dependency=Sample(
            {"Content": "", "XAttrs": {"isolation": "shared", "key": "no-such-program"}}, names="no-such-program"
        ),
    )


class TestAttached(ExecutorContract):
    plugin = CodePlugin()
    samples = attached
    worker_settings: ClassVar = listening(PLACES[0])
    worker_beside: ClassVar = listening(PLACES[1])
