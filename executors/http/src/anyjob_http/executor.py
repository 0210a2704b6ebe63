"""Runs HTTP calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anyjob.egress import Call
from anyjob.egress.transport import open_session
from anyjob.errors import AnyJobError
from anyjob.executor import Capabilities, FunctionExecutor, Handle, Stage
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength, because, unknown
from anyjob.problem import Problem
from anyjob_http.checks import SECRET
from anyjob_http.exchange import Exchange
from anyjob_http.request import HttpRequest, build
from anyjob_http.settings import HttpSettings
from anyjob_http.spec import HttpSpec

if TYPE_CHECKING:
    from requests import Session

    from anyjob.executor import Services
    from anyjob.job import Job
    from anyjob.run import CallRun, Run, RunFacts

__all__ = ["HttpExecutor"]

_SENT = "sent"
_POLL = "poll"
_AGAIN = b"[anyjob] the worker ended during the call; it is made again\n"
"""Between what a call had written when its worker died, and what the next one writes."""


class HttpExecutor(FunctionExecutor[HttpSpec]):
    """A run is one call, in a thread of its own, over connections that all runs share. Cookies are kept nowhere."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self.threads = settings.threads
        self._session: Session
        self._calls: dict[str, Call] = {}
        self._taken: dict[str, Callable[[], object]] = {}
        """Whom to tell, in its loop, that the other side has taken the job."""
        self._again: set[str] = set()
        """Runs that an earlier worker may have sent."""

    def check(self, job: Job, spec: HttpSpec) -> Iterable[Problem]:
        outside = [_outside(*one) for one in _files(spec) if not self._settings.files]
        return [*self._unverified(spec), *outside, *_unlisted(job, spec)]

    def capabilities(self, spec: HttpSpec) -> Capabilities:
        return Capabilities(proof=Strength.ASKED, resumes=spec.poll is not None and bool(spec.repeatable))

    async def serve(self, services: Services) -> None:
        self._session = open_session(services.egress, kept=self.threads)

    async def close(self) -> None:
        """Ends what is going: its outcome could not be told to anybody any more; the next worker judges it."""
        for call in list(self._calls.values()):
            call.end("stop")
        await super().close()
        if "_session" in vars(self):
            self._session.close()

    async def preflight(self, spec: HttpSpec) -> Iterable[Problem]:
        return [
            Problem(
                field=f"Content.tls.{name}",
                value=path,
                remedy="is no file on this worker; put it there, or name another",
            )
            for name, path in _files(spec)
            if self._may_name(path) and not _is_file(path)
        ]

    def preview(self, run: RunFacts, spec: HttpSpec) -> Mapping[str, Sequence[str]]:
        request = build(run, spec)
        shown = {"Request": [f"{request.method} {request.url}", *_header_lines(request)]}
        if request.body is not None:
            shown["Body"] = request.body.decode(errors="replace").splitlines()
        return shown

    def call(self, run: CallRun, spec: HttpSpec) -> Outcome:
        return self._with_call(run, spec, lambda exchange, request: self._begin_call(run, spec, exchange, request))

    def resume(self, run: CallRun, spec: HttpSpec) -> Outcome | None:
        saved = run.saved
        url = saved.get(_POLL) if isinstance(saved, dict) else None
        if isinstance(url, str):
            return self._with_call(run, spec, lambda exchange, request: exchange.resume(request, url))
        if saved is None and not spec.repeatable:
            return None  # kept before the request is sent, so it surely was not
        if spec.repeatable:
            run.log.write(_AGAIN)
            self._again.add(run.name)
            return None
        text = f"the worker ended after the {spec.method} was sent; whether it took effect is not known, and it is not"
        return unknown("http", f"{text} sent again")

    async def start(self, run: Run, spec: HttpSpec) -> Handle | Outcome:
        """Of a job that is to be taken by 202 it waits for that: only then does it go on without a worker."""
        if spec.poll is None:
            return await super().start(run, spec)
        taken = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._taken[run.name] = lambda: loop.call_soon_threadsafe(taken.set)
        handle = await super().start(run, spec)

        def end() -> None:
            self._end(run.name)

        run.on_stop(end)  # the ladder asks nobody before a start has returned
        over, wait = self.going(run), asyncio.ensure_future(taken.wait())
        assert over is not None  # it has just been begun
        try:
            await asyncio.wait([over, wait], return_when=asyncio.FIRST_COMPLETED)
        finally:
            wait.cancel()
            del self._taken[run.name]
        return handle

    async def find(self, run: Run, spec: HttpSpec) -> Handle | Outcome | None:
        if run.saved is not None or self.going(run) is not None:
            return await super().find(run, spec)
        if not spec.repeatable:
            return None  # kept before the request is sent, so it surely was not
        if run.stopping:
            text = "the worker ended during the start; the request may have been sent, and is not sent again"
            report = StopReport(strength=Strength.ASKED, by="not called again", survivors=[text])
            return Outcome(cause=Cause.STOPPED, stop=report, evidence=[Evidence(source="http", text=text)])
        run.log.write(_AGAIN)
        self._again.add(run.name)
        return None

    async def stop(self, run: Run, spec: HttpSpec, handle: Handle, stage: Stage) -> StopReport:
        if not self._end(run.name):
            return await super().stop(run, spec, handle, stage)
        return StopReport(strength=Strength.ASKED, by="connection closed")

    def _end(self, name: str) -> bool:
        """End the call of a run, if there is one."""
        call = self._calls.get(name)
        if call is not None:
            call.end("stop")
        return call is not None

    # ---------------------------------------------------------------- one run

    def _with_call(self, run: CallRun, spec: HttpSpec, do: Callable[[Exchange, HttpRequest], Outcome]) -> Outcome:
        outside = [_outside(name, path) for name, path in _files(spec) if not self._may_name(path)]
        for problem in [*outside, *self._unverified(spec)]:
            return _bad(str(problem))
        try:
            request = build(run, spec)
        except AnyJobError as error:
            return _bad(str(error))
        egress = self.services.egress
        with egress.call() as whole:
            self._calls[run.name] = whole
            try:
                if run.stopping:  # it may have come before the call was there to be ended
                    whole.end("stop")
                exchange = Exchange(run, spec, self._settings, egress, self._session, whole)
                exchange.taken = self._taken.get(run.name)
                exchange.later = run.name in self._again
                return do(exchange, request)
            finally:
                del self._calls[run.name]
                self._again.discard(run.name)

    @staticmethod
    def _begin_call(run: CallRun, spec: HttpSpec, exchange: Exchange, request: HttpRequest) -> Outcome:
        if not spec.repeatable and not run.stopping:
            run.checkpoint({_SENT: True})
        return exchange.begin(request)

    def _unverified(self, spec: HttpSpec) -> Iterable[Problem]:
        if spec.tls.verify or self._settings.unverified:
            return ()
        remedy = "is not allowed by [executors.http] unverified; take it out, and name the CA of the certificate in ca"
        return [Problem(field="Content.tls.verify", value="false", remedy=remedy)]

    def _may_name(self, path: str) -> bool:
        found = Path(path).resolve()
        return any(found.is_relative_to(folder.resolve()) for folder in self._settings.files)


def _outside(name: str, path: str) -> Problem:
    remedy = "lies in none of the folders that [executors.http] files lists; put it there, or add its folder"
    return Problem(field=f"Content.tls.{name}", value=path, remedy=remedy)


def _unlisted(job: Job, spec: HttpSpec) -> list[Problem]:
    """Secrets that the request wants and the run would not get."""
    listed = job.xattrs.get("secrets")
    known: Mapping[str, object] = listed if isinstance(listed, Mapping) else {}
    wanted = dict.fromkeys(SECRET.findall(json.dumps(spec.model_dump(mode="json"), ensure_ascii=False)))
    remedy = "stands in Content and is not listed; write {}: and the name that the secret has in the worker's settings"
    return [
        Problem(field="XAttrs.secrets", value=f"#{{secret.{name}}}", remedy=remedy.format(name))
        for name in wanted
        if name not in known
    ]


def _bad(text: str) -> Outcome:
    return because(Cause.BAD_CONFIG, "job", text)


def _files(spec: HttpSpec) -> list[tuple[str, str]]:
    tls = spec.tls
    return [(name, path) for name, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)) if path is not None]


def _is_file(path: str) -> bool:
    return Path(path).is_file()


def _header_lines(request: HttpRequest) -> list[str]:
    """As they are sent, but for Basic credentials, in which no mark of a secret could be seen."""
    return [
        f"{name}: {'Basic [user and password]' if value.startswith('Basic ') else value}"
        for name, value in request.headers.items()
    ]
