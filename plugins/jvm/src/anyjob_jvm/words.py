"""What a job, and the settings, may say to a JVM.

Source: java command, options.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

__all__ = ["CAREFUL", "JavaHomeText", "JvmArg", "Pattern"]

_TAKES_OVER: Final = re.compile(
    r"(-jar|-m|--module|-cp|-classpath|--class-path(=.*)?|--module=.*|-d|--describe-module.*)\Z"
)
_SAYS: Final = re.compile(
    r"(-version|--version|-showversion|-fullversion|-help|--help|-h|-\?|-X|--dry-run|--list-modules.*)\Z"
)

CAREFUL: Final = (
    r"-X(ms|mx|mn|ss)[0-9]+[kKmMgG]?",
    r"-XX:[+-](?!ShowMessageBoxOnError|Flags|ManagementServer)[A-Z]\w*",
    r"-XX:[A-Z]\w*=[0-9.]+[kKmMgGtT]?",
    r"-(ea|esa|da|dsa)(:[\w.$]+)?",
    r"-(server|client|Xint|Xcomp|Xmixed|Xbatch|Xnoclassgc|Xrs)",
    r"-D(?!java\.|javax\.|jdk\.|sun\.|com\.sun\.|com\.ibm\.|anyjob\.)[\w.-]+(=.*)?",
    r"-D(java\.awt\.headless|java\.net\.preferIPv[46]\w+|java\.io\.tmpdir|java\.util\.logging\.\w+|sun\.net\.\w[\w.]*)=.*",
    r"--(add-opens|add-exports|add-reads)=[\w.]+(/[\w.]+)?=[\w.,-]+",
    r"--enable-(preview|native-access=[\w.,-]+)",
)
"""Arguments that tune a JVM, and cannot make it run another program, load other code, open a port or write a file of
somebody else's choice."""


def _no_control(text: str) -> None:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("holds a control character; take it away")


def _home(text: str) -> str:
    _no_control(text)
    if text.startswith("/"):
        if ".." in text.split("/"):
            raise ValueError("has .. inside; write the path that is meant")
    elif not re.fullmatch(r"[0-9]{1,3}", text):
        raise ValueError("is neither a path from the root nor a version; write /usr/lib/jvm/java-17, or 17")
    return text


def _argument(word: str) -> str:
    _no_control(word)
    if word.startswith("@"):
        raise ValueError("names a file with arguments; write the arguments themselves")
    if not word.startswith("-"):
        raise ValueError("is no argument for a JVM, which begins with -; write one word for each, --add-opens=a/b=c")
    if _TAKES_OVER.match(word):
        raise ValueError("says what the JVM runs, which other fields do; take it away")
    if _SAYS.match(word):
        raise ValueError("makes the JVM print something in place of a run; take it away")
    return word


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}; mend it") from None
    return text


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


JavaHomeText = Annotated[
    str,
    BeforeValidator(_text),
    Field(min_length=1, max_length=4096),
    AfterValidator(_home),
    WithJsonSchema({"type": ["string", "integer"], "maxLength": 4096, "examples": ["/usr/lib/jvm/java-17", 17]}),
]
"""A Java home from the root, or the feature version of one: 17, with or without quotes."""

JvmArg = Annotated[str, Field(min_length=1, max_length=8192), AfterValidator(_argument)]
"""One word for a JVM. Whether it is allowed is the settings' to say."""

Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that an argument of a job must match as a whole."""
