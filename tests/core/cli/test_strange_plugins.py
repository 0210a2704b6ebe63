"""A plugin whose code gives wrong values is told of in a line of its own; every other type is shown and runs."""

from __future__ import annotations

import json

import pytest
from tests.core.cli.program import Program

STRANGE = """
    from anyjob.executor import Capabilities, Command, CommandExecutor, FunctionExecutor, Health
    from anyjob.outcome import Cause, Outcome
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class NoSpec(Spec):
        pass

    class Base(FunctionExecutor[NoSpec]):
        def call(self, run, spec):
            return Outcome(cause=Cause.SUCCEEDED)

    class Words(Base):
        async def health(self):
            return "healthy"

    class State(Base):
        async def health(self):
            return Health(state="ok")

    class Proof(Base):
        def capabilities(self, spec):
            return Capabilities(proof="REPORTED")

    class Shows(Base):
        def preview(self, run, spec):
            return "what it does"

    class Checks(Base):
        def check(self, job, spec):
            return ["no good"]

    class Looks(Base):
        async def preflight(self, spec):
            return ["no good"]

    class Empty(CommandExecutor[NoSpec]):
        def command(self, run, spec):
            return Command(argv=[])

    class Text(CommandExecutor[NoSpec]):
        def command(self, run, spec):
            return Command(argv="ls -l")

    @hookimpl
    def anyjob_executors():
        for made in (Words, State, Proof, Shows, Checks, Looks, Empty, Text):
            yield ExecutorType(job_type=made.__name__.lower(), executor=made, spec=NoSpec)
"""


@pytest.fixture
def strange(anyjob: Program) -> Program:
    anyjob.install("strange", STRANGE)
    return anyjob


def test_their_health_is_a_line_like_others(strange: Program) -> None:
    done = strange("plugins", "--json")
    assert done.status == 0, done.err
    types = json.loads(done.out)["types"]
    assert types["words"]["why"] == "its health gave a str, not a Health"
    assert (
        types["state"]["why"] == "its health gave a Health whose state is 'ok'; write healthy, undetected or unhealthy"
    )
    assert types["shell"]["health"] == "healthy"
    doctor = strange("doctor", "--json")
    said = {one["name"]: one for one in json.loads(doctor.out)["findings"] if one["part"] == "types"}
    assert said["words"]["grade"] == "broken"
    assert "its health gave a str, not a Health" in said["words"]["fact"]
    assert said["shell"]["grade"] == "ok"


@pytest.mark.parametrize(
    ("kind", "command", "said"),
    [
        ("proof", "run", "its capabilities gave Capabilities whose proof is 'REPORTED'; write a Strength"),
        ("proof", "explain", "its capabilities gave Capabilities whose proof is 'REPORTED'; write a Strength"),
        ("shows", "explain", "the executor's preview gave a str, not lines under titles"),
        ("checks", "run", "its check of a job gave a str ('no good'), not a Problem"),
        ("checks", "explain", "its check of a job gave a str ('no good'), not a Problem"),
        ("looks", "run", "its preflight gave a str ('no good'), not a Problem"),
        ("empty", "explain", "argv: it names no program"),
        ("text", "run", "command gave a Command whose argv is no list of texts"),
        ("text", "explain", "command gave a Command whose argv is no list of texts"),
        ("looks", "explain", "its preflight gave a str ('no good'), not a Problem"),
    ],
)
def test_a_command_says_what_its_plugin_gave(strange: Program, kind: str, command: str, said: str) -> None:
    done = strange(command, strange.job("", JobType=kind))
    assert done.status or b"Cannot run here" in done.out
    text = " ".join((done.out.decode() + done.err).split())
    assert said in text
    assert "Traceback" not in text
