"""What can go wrong with a program that speaks the protocol, each by its name.

`who` is the program as messages name it. A fault ends the program's process, and harms runs of its type alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from anyjob.errors import AnyJobError, PluginError
from anyjob.problem import Problem, short

__all__ = [
    "AnswerRefused",
    "AnswerUnsupported",
    "AppDeaf",
    "AppEnded",
    "AppFault",
    "AppNotStarted",
    "AppSilent",
    "BadMessage",
    "LineTooLong",
    "NotAMessage",
    "WrongProtocol",
]

_SHOWN = 200


class AppFault(PluginError):
    """The program broke the protocol, or is gone. `said` goes on where its name ends."""

    def __init__(self, who: str, said: str, remedy: str) -> None:
        self.who, self.said, self.remedy = who, said, remedy
        super().__init__(f"{who} {said}. {remedy}")


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

    def __init__(self, who: str, limit: int) -> None:
        self.limit = limit
        super().__init__(
            who,
            f"sent a line of more than {limit} bytes",
            "Send output in several `log` messages, each on its own line.",
        )


class NotAMessage(AppFault):
    """It sent a line that is no message. `line` is its beginning."""

    def __init__(self, who: str, line: str, why: str) -> None:
        self.line = short(line, _SHOWN)
        super().__init__(
            who,
            f'sent a line that is no message: "{self.line}" {why}',
            "Standard output is for the protocol alone; write everything else to standard error.",
        )


class BadMessage(AppFault):
    """It sent a message that cannot be used. `problem` names its field."""

    def __init__(self, who: str, kind: str, problem: Problem) -> None:
        self.kind, self.problem = kind, problem
        super().__init__(
            who, f"sent a `{short(kind)}` that cannot be used: {problem}", "The protocol page has each message."
        )


class AppEnded(AppFault):
    """Its process ended, or its stream did. `words` are its last lines on standard error."""

    def __init__(self, who: str, how: str, words: str = "") -> None:
        self.words = words
        super().__init__(who, how, f"It said last: {words}" if words else "It said nothing on standard error.")


class AppSilent(AppFault):
    """It owes an answer and does not give it."""

    def __init__(self, who: str, what: str, seconds: float) -> None:
        super().__init__(
            who,
            f"has not answered `{what}` within {seconds:g} s",
            "Answer each request at once, and work beside; or set `answer` under [patience] in its TOML file.",
        )


class AppDeaf(AppFault):
    """It does not read what it is sent."""

    def __init__(self, who: str, size: int) -> None:
        super().__init__(
            who,
            f"does not read its input: {size} bytes wait for it",
            "Read each line as it comes, also while runs go on.",
        )


class AnswerRefused(AnyJobError):
    """The program's own answer to a request: `error`. It is well; the request is not."""

    def __init__(self, who: str, what: str, message: str, problems: Sequence[Problem] = ()) -> None:
        self.message, self.problems = message, tuple(problems)
        super().__init__(f"{who} refused `{what}`: {message or 'it does not say why'}")


class AnswerUnsupported(AnyJobError):
    """The program does not know the request."""

    def __init__(self, who: str, what: str) -> None:
        super().__init__(f"{who} does not support `{what}`")
