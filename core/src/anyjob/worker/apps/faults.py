"""What can go wrong with a program that speaks the protocol, each by its name.

`who` is the program as messages name it. A fault ends the program's process, and harms runs of its type alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anyjob.errors import AnyJobError, PluginError
from anyjob.problem import Problem, short

__all__ = [
    "APPLICATION",
    "PROGRAM",
    "AnswerRefused",
    "AnswerUnsupported",
    "AppAway",
    "AppDeaf",
    "AppEnded",
    "AppFault",
    "AppNotStarted",
    "AppRefused",
    "AppSilent",
    "AppWorn",
    "BadMessage",
    "LineTooLong",
    "NoSuchApp",
    "NotAMessage",
    "Remedies",
    "WrongProtocol",
    "brief",
]

_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """What to do about a fault, which is not the same for a program on pipes and an application on a socket."""

    line: str
    long: str
    silent: str
    closed: str
    ended: str


PROGRAM: Final = Remedies(
    long="Send output in several `log` messages, each on its own line.",
    ended="closed its output",
    line="Standard output is for the protocol alone; write everything else to standard error.",
    silent="Answer each request at once, and work beside; or set `answer` under [patience] in its TOML file.",
    closed="It said nothing on standard error.",
)
APPLICATION: Final = Remedies(
    long="Compare each line with `line` of the welcome before it is sent; output goes into several `log` messages.",
    ended="closed its connection",
    line="The connection is for the protocol alone.",
    silent="Answer each request at once, and run code in threads of its own.",
    closed="It is expected to dial again.",
)


class AppFault(PluginError):
    """The program broke the protocol, or is gone. `said` goes on where its name ends."""

    def __init__(self, who: str, said: str, remedy: str) -> None:
        self.who, self.said, self.remedy = who, said.rstrip("."), remedy
        super().__init__(f"{self.brief}. {remedy}")

    @property
    def brief(self) -> str:
        """What happened, without what to do: the evidence of a run, whose author can do nothing about it."""
        return f"{self.who} {self.said}"


class AppNotStarted(AppFault):
    """Its process could not be started. `missing`: because there is no such command."""

    def __init__(self, who: str, why: str, *, missing: bool) -> None:
        self.missing = missing
        super().__init__(who, f"could not be started: {why}", "Correct `command` in its TOML file, or install it.")


class WrongProtocol(AppFault):
    """It speaks no version that this worker speaks."""

    def __init__(self, who: str, offered: Sequence[int], spoken: Sequence[int]) -> None:
        self.offered = tuple(offered)
        ours = ", ".join(map(str, spoken))
        theirs = ", ".join(map(str, self.offered[:10])) or "none"
        super().__init__(
            who,
            f"speaks protocol {theirs}, and this anyjob speaks {ours}",
            "Install versions of the two that go together.",
        )


class LineTooLong(AppFault):
    """It sent a line that does not end within the limit."""

    def __init__(self, who: str, limit: int, remedy: str = PROGRAM.long) -> None:
        self.limit = limit
        super().__init__(who, f"sent a line of more than {limit} bytes", remedy)


class NotAMessage(AppFault):
    """It sent a line that is no message. `line` is its beginning."""

    def __init__(self, who: str, line: str, why: str, remedy: str = PROGRAM.line) -> None:
        """`line` empty: it is not shown, for it may hold a token."""
        self.line = short(line, _SHOWN)
        said = f'"{self.line}" {why}' if line else f"it {why}"
        super().__init__(who, f"sent a line that is no message: {said}", remedy)


class BadMessage(AppFault):
    """It sent a message that cannot be used. `problem` names its field."""

    def __init__(self, who: str, kind: str, problem: Problem) -> None:
        self.kind, self.problem = kind, problem
        super().__init__(
            who, f"sent a `{short(kind)}` that cannot be used: {problem}", "The protocol page has each message."
        )


class AppEnded(AppFault):
    """Its process ended, or its stream did. `words` are its last lines on standard error."""

    def __init__(self, who: str, how: str, words: str = "", remedy: str = PROGRAM.closed) -> None:
        self.words = words
        super().__init__(who, how, f"It said last: {words}" if words else remedy)


class AppSilent(AppFault):
    """It owes an answer and does not give it."""

    def __init__(self, who: str, what: str, seconds: float, remedy: str = PROGRAM.silent) -> None:
        super().__init__(who, f"has not answered `{what}` within {seconds:g} s", remedy)


class AppAway(AppFault):
    """It is not connected."""

    def __init__(self, who: str, why: str = "is not connected") -> None:
        super().__init__(who, why, "It is expected to dial again.")


class AppWorn(AppFault):
    """It broke the protocol again and again."""

    def __init__(self, who: str, times: int, last: AppFault) -> None:
        self.times, self.last = times, last
        super().__init__(
            who, f"is not asked any more after {times} faults in a row; the last: it {last.said}", last.remedy
        )


class AppRefused(AppFault):
    """It dialled in and may not. `why` is told to it too, and holds nothing of its token."""

    def __init__(self, who: str, why: str, remedy: str) -> None:
        self.why = why.rstrip(".")
        super().__init__(who, f"was refused: {self.why}", remedy)


class AppDeaf(AppFault):
    """It does not read what it is sent: `size` bytes wait for it."""

    def __init__(self, who: str, size: int) -> None:
        super().__init__(
            who,
            f"does not read its input: {size} bytes wait for it",
            "Read each line as it comes, also while runs go on.",
        )


class NoSuchApp(AnyJobError):
    """An application was to be asked that is not there."""

    def __init__(self, app: str, job_type: str) -> None:
        self.app, self.job_type = app, job_type
        super().__init__(f"Application {app!r} of JobType {job_type!r} is not connected, and not expected any more.")


class AnswerRefused(AnyJobError):
    """The program's own answer to a request: `error`. It is well; the request is not, or comes too late (`ending`)."""

    def __init__(
        self, who: str, what: str, message: str, problems: Sequence[Problem] = (), *, ending: bool = False
    ) -> None:
        self.message, self.problems, self.ending = message, tuple(problems), ending
        super().__init__(f"{who} refused `{what}`: {message or 'it does not say why'}")


def brief(error: AnyJobError) -> str:
    """What happened, as evidence of a run."""
    return error.brief if isinstance(error, AppFault) else str(error)


class AnswerUnsupported(AnyJobError):
    """The program does not know the request."""

    def __init__(self, who: str, what: str) -> None:
        super().__init__(f"{who} does not support `{what}`")
