"""The calls that one run makes: the request, its redirects, and the looks at a job that was accepted by 202.

Source: RFC 9110, 15.3.3 (202) and 15.4 (redirection).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import urldefrag, urljoin

from requests.exceptions import ConnectionError as NoConnection

from anyjob.egress import Call, CallEnded, CallStep, read_url
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.problem import WrongValue, short
from anyjob_http.answer import Answer, read_answer
from anyjob_http.ends import FAULTS, LogUnwritable, RedirectRefused, answered, broken
from anyjob_http.judge import judge, plain_value, result_of, value_at

if TYPE_CHECKING:
    from requests import Response, Session

    from anyjob.egress import Egress, Target
    from anyjob.run import CallRun
    from anyjob_http.request import HttpRequest
    from anyjob_http.settings import HttpSettings
    from anyjob_http.spec import HttpSpec, Poll

__all__ = ["Exchange"]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BODILESS: Final = frozenset({"GET", "HEAD"})
_SOURCE: Final = "answer"
_AGAIN: Final = (Cause.REMOTE_FAILED, Cause.TIMED_OUT)
"""Ends of a look after which there is another."""
_STEPS: Final = {CallStep.CONNECTED: "in the TLS handshake"}
"""What a step is for people, where its own word does not say what it waits for."""
_LONGEST_URL: Final = 3000
"""Of a URL that is kept for a later worker."""


class Exchange:
    """One run's calls, made by its thread. `whole` is the call around all of them: its end ends whatever goes on."""

    def __init__(
        self, run: CallRun, spec: HttpSpec, settings: HttpSettings, egress: Egress, session: Session, whole: Call
    ) -> None:
        self._run, self._spec, self._settings = run, spec, settings
        self._egress, self._session, self._whole = egress, session, whole
        self._encoding = _own_encoding(run)
        self._status: int | None = None
        self._line = ""
        self._doing = ""
        """What goes on beyond the steps of a call; empty: those say it."""
        self.taken: Callable[[], object] | None = None
        """Whom to tell that the other side has taken the job."""
        self._looking = False
        self.later = False
        """Whether something of the run was sent before: nobody may say then that nothing was."""

    def begin(self, request: HttpRequest) -> Outcome:
        """Send the request, follow it to its end, and judge that."""
        spec, again = self._spec, bool(self._spec.repeatable)
        with self._caught(request, repeatable=again) as caught, self._limited() as call:
            call.fresh = not again
            answer = self._send(request, call, held=lambda status: status == 202 and spec.poll is not None)
            if spec.poll is None or answer.status != 202:
                caught.append(self._judged(answer))
        if caught:
            return caught[0]
        assert spec.poll is not None
        return self._accepted(request, answer, spec.poll)

    def resume(self, request: HttpRequest, url: str) -> Outcome:
        """Go on looking at what a dead worker had started."""
        self.later = True
        with self._caught(request, repeatable=True) as caught:
            target = self._egress.check_url(url)
            look = request.elsewhere(url, target, method="GET", body=None)
        assert self._spec.poll is not None
        return caught[0] if caught else self._follow(look, self._spec.poll, self._spec.poll.interval)

    # ---------------------------------------------------------------- one call

    @contextmanager
    def _caught(self, request: HttpRequest, *, repeatable: bool) -> Generator[list[Outcome]]:
        """Whatever ends the block becomes the outcome in the list."""
        outcome: list[Outcome] = []
        self._status, self._line, self._doing = None, f"{request.method} {_shown(request)}", ""
        self._call = self._whole
        try:
            yield outcome
        except (*FAULTS, RedirectRefused, LogUnwritable, CallEnded) as error:
            outcome[:] = [
                broken(
                    error,
                    self._call,
                    self._line,
                    doing=self._doing or _STEPS.get(self._call.step, self._call.step),
                    repeatable=repeatable,
                    status=self._status,
                    later=self.later,
                )
            ]

    @contextmanager
    def _limited(self) -> Generator[Call]:
        """A call as long as the job gives each of its own."""
        settings = self._settings
        seconds = self._spec.timeout or settings.timeout
        if settings.longest is not None:
            seconds = min(seconds, settings.longest)
        with self._egress.call(seconds) as call:
            self._call = call
            yield call

    def _send(self, request: HttpRequest, call: Call, *, held: Callable[[int], bool]) -> Answer:
        """The answer at the end of all redirects. `held`: of which status the body does not go into the log as it
        comes, because it may not be the run's output."""
        spec, began = self._spec, monotonic()
        followed = 0
        while True:
            self._egress.check_url(request.url)
            response = self._once(request, call)
            with response:
                self._status, self._doing = response.status_code, "reading the answer"
                following = self._redirected(request, response)
                if following is None:
                    hold = held(response.status_code)
                    answer = read_answer(
                        response,
                        encoding=self._encoding,
                        most=self._settings.judged if hold else self._settings.body,
                        keep=self._settings.judged,
                        write=None if hold else self._writer(call),
                    )
                    call.check()
                    self._line += f" answered {answer.status} {short(answer.reason)}".rstrip()
                    self._line += f" in {monotonic() - began:.3f} s, {answer.size} bytes{' and more' * answer.cut}"
                    return answer
            if followed == spec.max_redirects:
                raise RedirectRefused(response.status_code, f"{followed} were followed before it")
            followed += 1
            request, self.later = following, True
            call.step = CallStep.RESOLVING
            self._line += f" answered {self._status}, then {request.method} {_shown(request)}"
            self._status, self._doing = None, ""

    def _once(self, request: HttpRequest, call: Call) -> Response:
        """One request. Only one that may be repeated is sent over a kept connection, whose other end may just be
        closing it: that looks the same as a request that was taken and not answered. It is then sent once more."""
        prepared = request.prepared()
        while True:
            try:
                # Not the session's own send: it reads the redirect already, and fails for one that it cannot read.
                return self._session.get_adapter(request.url).send(
                    prepared,
                    stream=True,
                    timeout=call.left,
                    verify=self._verify(),
                    cert=_certificate(self._spec),
                )
            except NoConnection:
                if call.fresh or call.ended or not call.reused:
                    raise
                call.fresh = True

    def _verify(self) -> bool | str:
        tls = self._spec.tls
        if not tls.verify:
            return False
        return tls.ca or (str(self._settings.ca) if self._settings.ca else True)

    def _writer(self, call: Call) -> Callable[[bytes], None]:
        log = self._run.log

        def write(piece: bytes) -> None:
            call.check()
            try:
                log.write(piece)
            except OSError as error:  # of this machine, not of the connection
                raise LogUnwritable(error.strerror or str(error)) from error

        if self._looking:
            # What a worker that dies has written of the answer goes with it: the next one reads it from the beginning.
            log.feed(b"", _SOURCE, "begun")
        return write

    def _redirected(self, request: HttpRequest, response: Response) -> HttpRequest | None:
        """The request that follows; None: the answer is the last one."""
        spec, status = self._spec, response.status_code
        location = response.headers.get("Location")
        if status not in _REDIRECTS or not location or spec.redirects == "never":
            return None
        method = "GET" if status == 303 and request.method != "HEAD" else request.method
        if spec.redirects == "safe" and method not in _BODILESS:
            return None
        try:
            url, target = _joined(request.url, location.encode("latin-1").decode("utf-8", "replace"))
        except WrongValue as wrong:
            shown = "" if "@" in location else f" {short(location)!r}"
            raise RedirectRefused(status, f"its Location{shown} {wrong}") from None
        if request.target.scheme == "https" and target.scheme == "http":
            raise RedirectRefused(status, f"it leaves TLS for {target}")
        body = None if method in _BODILESS else request.body
        if target != request.target and body is not None and request.private_body:
            raise RedirectRefused(status, f"it would carry a secret to {target}")
        return request.elsewhere(url, target, method=method, body=body)

    def _judged(self, answer: Answer) -> Outcome:
        self._doing = "judging the answer"
        return answered(answer, judge(self._spec, answer, self._call), self._line, result_of(self._spec, answer))

    # ---------------------------------------------------------------- 202

    def _accepted(self, request: HttpRequest, answer: Answer, poll: Poll) -> Outcome:
        """The other side has taken the job: keep where its state stands, and look there until it is over."""
        where = _poll_url(poll, answer)
        try:
            if where is None:
                raise WrongValue(f"has no {poll.url}")
            url, target = _joined(request.url, where)
            if len(url) > _LONGEST_URL:
                raise WrongValue(f"names a URL of {len(url)} characters; at most {_LONGEST_URL} are kept")
        except WrongValue as wrong:
            text = f"{self._line}: the answer {wrong.remedy}, so its end cannot be seen"
            return Outcome(cause=Cause.UNKNOWN, code=202, evidence=[Evidence(source="http", text=text)])
        self._run.checkpoint({"poll": url})
        if self.taken is not None:
            self.taken()
        look = request.elsewhere(url, target, method="GET", body=None)
        return self._follow(look, poll, _pause(answer, poll))

    def _follow(self, look: HttpRequest, poll: Poll, pause: float) -> Outcome:
        """Look until it is over. A look that fails says nothing of the job: another follows."""
        self._looking = True
        self.later = True
        while True:
            with self._caught(look, repeatable=True) as caught:
                self._whole.step = CallStep.SENT
                self._doing = f"waiting before the next look at {_shown(look)}"
                self._whole.wait(pause)
                self._doing = ""
                with self._limited() as call:
                    answer = self._send(look, call, held=lambda status: status == 202 or poll.key is not None)
                    if answer.status != 202 and not _going(poll, answer):
                        if poll.key is not None:
                            self._writer(call)(answer.kept)
                        self._run.log.feed(b"", _SOURCE, "whole")
                        return self._judged(answer)
                    pause = _pause(answer, poll)
            if caught and not (caught[0].cause in _AGAIN and caught[0].retry is None):
                return caught[0]
            if caught:
                pause = poll.interval


def _joined(base: str, location: str) -> tuple[str, Target]:
    """Where the location leads from there. Raises WrongValue."""
    try:
        url = urldefrag(urljoin(base, location))[0]
    except ValueError as error:
        raise WrongValue(f"is no URL: {error}") from None
    return url, read_url(url)


def _own_encoding(run: CallRun) -> str | None:
    """The encoding that the job itself declares."""
    said = run.job.xattrs.get("encoding")
    return said if isinstance(said, str) else None


def _certificate(spec: HttpSpec) -> str | tuple[str, str] | None:
    cert, key = spec.tls.cert, spec.tls.key
    return cert if cert is None or key is None else (cert, key)


def _shown(request: HttpRequest) -> str:
    """The URL without its query, which may be private."""
    return request.url.partition("?")[0]


def _poll_url(poll: Poll, answer: Answer) -> str | None:
    if not poll.url.startswith("$"):
        return answer.headers.get(poll.url.lower())
    found = value_at(answer, poll.url)
    return found[0] if found and isinstance(found[0], str) else None


def _going(poll: Poll, answer: Answer) -> bool:
    """Whether an answer other than 202 says that the job still goes on."""
    if poll.key is None or answer.status != 200:
        return False
    found = value_at(answer, poll.key)
    return found is not None and plain_value(found[0]) in poll.going


def _pause(answer: Answer, poll: Poll) -> float:
    after = answer.retry_after
    return poll.interval if after is None else min(max(after, 0.05), 3600)
