"""Command lines in running text: which there are, whether the real command line takes them, and what runs them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
import typer
import typer.main
from tests.docs.claims import Claim
from tests.docs.fences import ROOT, fences, pages
from tests.docs.rules import rule

from anyjob.cli import main as entry

__all__ = ["ELSEWHERE", "OTHERS", "Line", "lines", "path_of", "prose", "run_by_fences", "typed", "wrong"]

OTHERS: Final[dict[str, str]] = {
    "chmod 600": "for a key file of the reader's own; test_night.py provokes the refusal that asks for it",
    "docker inspect": "a look at a container: what it does not show is the engine's API's to say, which tests ask",
    "docker login": "asks a registry of the reader's; tests/plugins/docker/test_images.py pulls with what it leaves",
    "java -cp": "what was measured, no command to type",
    "jq": "only behind a command of ours, and a block runs that pipe",
    "journalctl -u anyjob": "the journal of the reader's own machine",
    "kill": "the process is the reader's; each page's tests kill theirs",
    "kubectl get -o yaml": "where a manifest may come from, no step of ours",
    "ls /proc/PID/fd": "a look at the reader's own server",
    "pip install ./core[cli,testing]": "the walk's block installs the same extras, from wheels of this tree",
    "pip install uv>=0.8": "into the reader's environment; tests/packaging/test_remedies.py holds it to the extra",
    "psql URL": "a look at the reader's own database",
    "pytest -rs": "pytest's own",
    "python -m tests.bench": "measures for hours what tests/bench/README.md says; its options are asked of it",
}
"""Lines of other programs that no block runs, by their beginning, and why."""

ELSEWHERE: Final[dict[str, Claim]] = {
    "anyjob alert list": Claim(
        "run",
        "tests/plugins/server/cli/test_status.py::test_alerts_are_listed_over_all_app_groups_for_who_may_see_them",
    ),
    "anyjob go dropin": Claim("run", "tests/executors/go/test_sources.py::test_the_commands"),
    "anyjob resume": Claim("run", "tests/core/cli/test_resume.py::test_resume_shows_a_killed_run_to_its_end"),
    "docker kill": Claim(
        "run", "tests/plugins/docker/test_ends.py::test_a_signal_is_told_from_a_code_and_a_kill_from_outside_is_seen"
    ),
    "mvn package": Claim("run", "tests/executors/java/test_pages.py::test_the_project_builds_and_runs"),
    "pip install -e": Claim("run", "tests/packaging/test_install.py::test_pip_installs_the_workspace_editable"),
    "python -m tests.grounds.kubernetes build": Claim(
        "run",
        "tests/grounds/kubernetes/test_remains.py::test_the_binary_is_built_once_whoever_asks",
    ),
}
"""Lines that running text names and no block runs, by their beginning, and the test that runs them."""

_PROGRAMS: Final = (
    "anyjob|anyjob-server|apt-get|chmod|createdb|curl|docker|git|go|java|journalctl|jq|kill|kubectl|ls|mvn|npm|openssl|"
    "pg_dump|pg_restore|pip|psql|pytest|python3?|python3? -m|runuser|sudo|systemctl|uv"
)
_SPAN: Final = re.compile(rf"`(?P<line>(?:{_PROGRAMS}) [^`]+)`")
_GROUPS: Final = re.compile(r"`(?P<line>(?:job|instance|key|backup|restore|audit) [^`{]+)`")
"""On the page of the commands, which leaves their first word out."""
_COMMANDS: Final = "plugins/server/docs/commands.md"
_OURS: Final = re.compile(r"(core|executors|plugins|contrib)(/|\Z)")
"""A path from the root."""
_STANDS: Final = re.compile(r"[A-Z][A-Z_-]*(=[A-Z]+)?")
"""A word that stands for something, or FIELD=VALUE."""


@dataclass(frozen=True)
class Line:
    """One command line; pipes are several. `shown` is how the page has it."""

    page: str
    shown: str
    words: tuple[str, ...]


def prose(page: str) -> str:
    """A page without its blocks."""
    text = (ROOT / page).read_text()
    for fence in fences(page):
        text = text.replace(fence.text, "")
    return text


def lines(page: str) -> Iterator[Line]:
    """All of a page's running text. What is optional or may be repeated is there, once."""
    text = prose(page)
    found = [match["line"] for match in _SPAN.finditer(text)]
    if page == _COMMANDS:
        found += [f"anyjob {match['line']}" for match in _GROUPS.finditer(text)]
    for shown in found:
        line = " ".join(shown.split()).replace(r"\|", "|")
        for part in re.split(r" \| ", line) if line.startswith("anyjob") else [line]:
            plain = part
            if part.startswith("anyjob"):
                chosen = re.sub(r"(?<=\w)\|\w+", "", part)  # enabled|disabled
                plain = chosen.replace("...", "").translate(str.maketrans("", "", "[]"))
            yield Line(page, shown, tuple(shlex.split(plain)))


@cache
def program(*words: str) -> Any:
    """The command line for these words: of plugins it imports the one command that they name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["anyjob", *words])
        app: typer.Typer = getattr(entry, "_app")()  # noqa: B009 - it is not for others, but its list of commands is
    return typer.main.get_command(app)


def path_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a line of ours, without the program, that name its command."""
    command = program(*words[:1], *(word for word in words if word == "--app"))
    found: list[str] = []
    for word in words:
        commands = getattr(command, "commands", {})
        if word not in commands:
            break
        command = commands[word]
        found.append(word)
    return tuple(found)


def wrong(words: tuple[str, ...]) -> Iterator[str]:
    """What of a line of ours the real command line does not take. A line with nothing behind its command only names
    it."""
    path = path_of(words)
    command = program(*words[:1], *(word for word in words if word == "--app"))
    for name in path:
        command = command.commands[name]
    given = [*words[len(path) :]]
    if (commands := getattr(command, "commands", {})) and given and not given[0].startswith("-"):
        yield f"no command {given[0]!r}; there are {', '.join(commands)}"
        return
    context = command.context_class(command)
    try:
        values, rest, _ = command.make_parser(context).parse_args([*given])  # it takes them out
    except Exception as error:  # noqa: BLE001 - the class is that of typer's own click
        yield str(error)
        return
    if rest:
        yield f"nothing takes {' '.join(rest)}"
    for one in command.get_params(context):
        value: Any = values.get(one.name)
        given_to: list[Any] = [*value] if isinstance(value, list | tuple) else [value]
        texts = [text for text in given_to if isinstance(text, str)]
        if one.param_type_name == "argument" and given and one.required and not texts:
            yield f"{one.name} is missing"
        yield from (f"{text} is not there" for text in texts if _OURS.match(text) and not (ROOT / text).exists())
        if not any(_STANDS.fullmatch(text) for text in texts) and value:
            try:
                one.process_value(context, value)
            except Exception as error:  # noqa: BLE001
                yield str(error)


@cache
def run_by_fences() -> frozenset[tuple[str, ...]]:
    """The commands of ours that a block runs, which is not only shown."""
    found: set[tuple[str, ...]] = set()
    for page in pages():
        for fence in fences(page):
            if fence.language != "sh" or rule(fence) == "shown":
                continue
            for match in re.finditer(r"(?<![\w/.-])(?:\.venv/bin/)?anyjob((?: +[\w./-]+)+)", fence.text):
                found.add(path_of(tuple(match[1].split())))
    return frozenset(found)


@cache
def typed() -> str:
    """All that blocks run, one line a line, its blanks single."""
    texts = (
        fence.text for page in pages() for fence in fences(page) if fence.language == "sh" and rule(fence) != "shown"
    )
    return "\n".join(" ".join(line.split()) for text in texts for line in text.splitlines())
