"""A call that nobody can stop does not hold the command."""

from __future__ import annotations

import signal

from tests.core.cli.program import Program, until

STUCK = """
    import time
    from anyjob.executor import FunctionExecutor
    from anyjob.outcome import Cause, Outcome
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class StuckSpec(Spec):
        pass

    class StuckExecutor(FunctionExecutor[StuckSpec]):
        def call(self, run, spec):
            run.log.write(b"stuck\\n")
            time.sleep(600)
            return Outcome(cause=Cause.SUCCEEDED)

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="stuck", executor=StuckExecutor, spec=StuckSpec)
"""


def test_a_third_signal_lets_go_and_resume_takes_over(anyjob: Program) -> None:
    anyjob.install("stuck", STUCK)
    process = anyjob.start("run", anyjob.job("", JobType="stuck"))
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"stuck\n"
    for said in (b"a second signal forces it", b"a third signal leaves it going", b"was left going"):
        process.send_signal(signal.SIGINT)
        assert said in process.stderr.readline()
    assert anyjob.finish(process).status == 130
    (folder,) = anyjob.own.iterdir()
    done = anyjob("resume")
    # Nobody calls again, and nobody claims to know what the call did.
    assert (done.status, done.out) == (1, b"stuck\n")
    assert str(folder) in done.err
    assert "job 'a' has no known end: nobody knows how it ended, or whether it has" in done.err


def test_the_command_ends_with_its_run_though_a_call_goes_on(anyjob: Program) -> None:
    anyjob.install("stuck", STUCK)
    (anyjob.folder / "a.toml").write_text("[worker]\nforce_wait = 0.1\n")
    process = anyjob.start("run", anyjob.job("", JobType="stuck", XAttrs={"grace": 0}), "--config", "a.toml", "--json")
    until_called(anyjob)
    process.send_signal(signal.SIGTERM)
    done = anyjob.finish(process)
    assert (done.status, done.json["cause"], done.json["stop"]["strength"]) == (143, "stopped", "ASKED")


def until_called(anyjob: Program) -> None:
    until(lambda: any(log.read_bytes() for log in anyjob.own.glob("*/runs/*/log")), "the call")
