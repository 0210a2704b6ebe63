"""Secrets: a run gets its own, and nobody sees them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from anyjob.outcome import Cause, Json
from anyjob.testing.crash import doomed
from anyjob.testing.fault import check, expect, lacks
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.secrets import masks
from anyjob.worker.settings import SecretSource

__all__ = ["WANTS", "SecretCases"]

_HIDDEN = 'p&ss "wörd"/+ 7f3a9c'
WANTS: Mapping[str, Json] = {"secrets": {"TOKEN": "conformance"}}
"""The XAttrs of a sample that shows a secret."""


class SecretCases(Suite):
    """A secret is in the run and nowhere else."""

    def test_secrets_are_never_shown(self, rig: Rig) -> None:
        """A run gets its secrets; once it is over they are nowhere, in no form: log, outcome, journals, files."""
        job = rig.job(rig.sample("shows_secret"), xattrs=WANTS)

        async def life() -> Finished:
            async with rig.worker(_source(rig)) as worker:
                return await rig.finish(await rig.submit(worker, rig.order(job)))

        got = asyncio.run(life())
        self._had(got, _HIDDEN)
        self._hidden(rig, _HIDDEN)

    def test_secrets_stay_hidden_after_a_death(self, rig: Rig) -> None:
        """A worker that dies with a run at work leaves no secret behind: the next one hides what is still to come."""
        if not rig.promise.capabilities.resumes:
            lacks("its runs do not outlive their worker")
        order = rig.order(rig.job(rig.sample("shows_secret"), xattrs=WANTS))
        sources = _source(rig)

        async def doom() -> None:
            async with rig.worker(sources) as worker:
                at(worker, Moment.RUNNING, die)
                await rig.finish(await rig.submit(worker, order))

        async def next_life() -> Finished:
            async with rig.worker(sources) as worker:
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            process.wait()
        got = asyncio.run(next_life())
        self._had(got, _HIDDEN)
        self._hidden(rig, _HIDDEN)

    def test_secrets_are_on_no_command_line(self, rig: Rig) -> None:
        """While a run goes on, its secret is in the arguments and in the environment of no process: there others of
        the machine may read it."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={**WANTS, "grace": 0.2}))

        async def life() -> None:
            async with rig.worker(_source(rig)) as worker:
                run = await rig.submit(worker, order)
                await rig.running(run)
                # A command that was just begun has its arguments by the end of another.
                await rig.finish(await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds")))))
                seen = _processes_with(_HIDDEN.encode())
                check(not seen, f"The secret stands in {seen}; hand it over by a file or a pipe.")
                run.stop(force=True)
                await rig.finish(run)

        asyncio.run(life())

    def test_every_run_has_its_own_secret(self, rig: Rig) -> None:
        """Two runs at one time that call two secrets by one name each get their own."""
        sample = rig.sample("shows_secret")
        values = {"first": "a-first-value", "second": "a-second-and-longer-value"}
        sources: dict[str, SecretSource] = {}
        for name, value in values.items():
            file = rig.folder / name
            file.write_text(value)
            sources[name] = SecretSource(file=file, groups=["*"])

        async def life() -> list[Finished]:
            async with rig.worker(sources) as worker:
                jobs = [rig.job(sample, xattrs={"secrets": {"TOKEN": name}}) for name in values]
                runs = [await rig.submit(worker, rig.order(job)) for job in jobs]
                return [await rig.finish(run) for run in runs]

        for value, got in zip(values.values(), asyncio.run(life()), strict=True):
            self._had(got, value)
            self._hidden(rig, value)

    def test_a_secret_that_is_missing(self, rig: Rig) -> None:
        """A run whose secret the worker does not have never starts, and says which one it is."""
        effects = rig.folder / "effects"
        name = "remembers" if rig.has("remembers") else "succeeds"
        job = rig.job(rig.sample(name), xattrs=WANTS, Parameters=str(effects))
        got = rig.run(job)
        expect(got.outcome, Cause.BAD_CONFIG, where="A run whose secret is missing")
        check("TOKEN" in got.said, f"The outcome does not name the secret TOKEN: {got.said}")
        check(not self.side_effects(effects), "A run whose secret is missing has started.")

    # ---------------------------------------------------------------- what all of them share

    def _had(self, got: Finished, value: str) -> None:
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'shows_secret'")
        said = f"The secret has {len(value)} characters; the job's result is {got.outcome.result!r}: it did not get it."
        check(got.outcome.result == str(len(value)), said)

    def _hidden(self, rig: Rig, value: str) -> None:
        for path in sorted(rig.state.rglob("*")):
            if not path.is_file():
                continue
            text = path.read_bytes()
            for form in masks({"TOKEN": value}):
                where = path.relative_to(rig.state)
                check(form.encode() not in text, f"The secret stands in {where}, as {form!r}.")


def _source(rig: Rig) -> dict[str, SecretSource]:
    file = rig.folder / "token"
    file.write_text(_HIDDEN)
    return {"conformance": SecretSource(file=file, groups=["*"])}


def _processes_with(secret: bytes) -> list[str]:
    """`/proc/PID/cmdline` and `/proc/PID/environ` of this machine that hold the secret."""
    found: list[str] = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    if secret in file.read():
                        found.append(f"/proc/{pid}/{name}")
            except OSError:
                continue  # it has ended meanwhile, or is another user's
    return found
