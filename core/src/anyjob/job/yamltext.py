"""YAML as a file of jobs holds it: safe, bounded, and without YAML's surprises."""

from __future__ import annotations

import re
from typing import Final, cast

import yaml
from pydantic import JsonValue
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from anyjob.job.errors import BadJobFile
from anyjob.problem import short

__all__ = ["read_yaml"]

_MAX_DEPTH: Final = 64
_TOO_DEEP: Final = f"it is nested more than {_MAX_DEPTH} levels deep"
_TEXT: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_SEQ: Final = "tag:yaml.org,2002:seq"
_PLAIN: Final = "plain"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_WORDS: Final[dict[str, JsonValue]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_PLAIN_SPEECH: Final = (
    (r"character '\t'", "a tab cannot indent YAML; use spaces"),
    (
        "mapping values are not allowed",
        "a colon with a space after it stands inside a value; put the value in quotes, or indent it as those above",
    ),
    ("expected <block end>", "the indentation does not fit the lines above; begin it where they do"),
    (
        "could not find expected ':'",
        "a key without its colon, or a text of several lines without | before it; write what lacks",
    ),
    ("found undefined alias", "this alias (*) names no anchor (&) above it; put a text that begins with * in quotes"),
    ("found character '%'", "a value cannot begin with %; put it in quotes"),
    ("found character '@'", "a value cannot begin with @; put it in quotes"),
    ("found character '`'", "a value cannot begin with a backquote; put it in quotes"),
    ("unexpected end of stream", "the text ends, and a quote or bracket is not closed; close it"),
)


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML up to the nodes. Its constructors are not used: they read dates, sexagesimals and `yes` into the text."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        if kind is ScalarNode and cast("tuple[bool, bool]", implicit)[0]:
            return _PLAIN
        return _TEXT if kind is ScalarNode else _MAP if kind is MappingNode else _SEQ

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=_TOO_DEEP, problem_mark=parent.start_mark if parent else None)
        try:
            return super().compose_node(parent, index)  # pyright: ignore[reportArgumentType]
        finally:
            self.depth -= 1


def read_yaml(text: str, source: str, most: int) -> list[JsonValue]:
    """Every document that is not empty.

    Plain words are read as JSON would (null, true, false, numbers in JSON's form); everything else is text: `yes`,
    `007`, `1:30`, dates. The values of a document's own keys stay text as written, because every field of a job may be
    given as text and `Parameters: 1.10` means those four characters. Merge keys and tags other than `!!str` are
    refused. Line ends written as escapes inside quotes stay; those of the file become `\\n`, as YAML 1.2 section 5.4
    rules. `most` bounds the characters after aliases are written out, so that a few lines cannot grow into gigabytes.
    Raises BadJobFile.
    """
    try:
        loader = _Loader(text)
        values, made = _Values(text, source, most), list[JsonValue]()
        while loader.check_node():
            value = values.of(cast("Node", loader.get_node()), 0, job=True)
            if value is not None:
                made.append(value)
    except ReaderError as wrong:
        raise BadJobFile.at(
            source, text, wrong.position, f"the character U+{_code(wrong):04X} cannot stand in YAML"
        ) from None
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        says = wrong.problem or wrong.context or "this is not YAML"
        plain = next((words for part, words in _PLAIN_SPEECH if part in says), says)
        raise BadJobFile.at(source, text, mark.index if mark else 0, plain) from None
    except ValueError as wrong:  # PyYAML does not check the number of a \\U escape
        raise BadJobFile(source, f"it cannot be read as YAML: {wrong}") from None
    return made


class _Values:
    """The plain values of a file's nodes."""

    def __init__(self, text: str, source: str, most: int) -> None:
        self.text, self.source, self.most, self.spent = text, source, most, 0

    def of(self, node: Node, depth: int, *, job: bool = False) -> JsonValue:
        """The value of a node. `job`: a document, whose mapping, or mappings of a list, are jobs."""
        if depth > _MAX_DEPTH:  # an alias inside its own anchor never ends
            raise self._bad(node, _TOO_DEEP)
        if isinstance(node, ScalarNode):
            self._spend(node, len(node.value) + 1)
            return self._scalar(node)
        self._spend(node, 1)
        if isinstance(node, SequenceNode):
            self._tag(node, _SEQ)
            return [self.of(inner, depth + 1, job=job and depth == 0) for inner in node.value]
        self._tag(node, _MAP)
        return self._mapping(cast("MappingNode", node), depth, job)

    def _mapping(self, node: MappingNode, depth: int, job: bool) -> JsonValue:  # noqa: FBT001
        made: dict[str, JsonValue] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._bad(key_node, "a key must be a word or a text")
            self._scalar(key_node)
            key = key_node.value
            if key == "<<" and key_node.tag == _PLAIN:
                raise self._bad(key_node, "merge keys (<<) are not read; write the fields out")
            if key in made:
                raise self._bad(
                    key_node, f'the key "{short(key)}" stands twice, first in line {lines[key]}; keep one of the two'
                )
            lines[key] = key_node.start_mark.line + 1
            self._spend(key_node, len(key))
            value = self.of(value_node, depth + 1)
            own_text = job and isinstance(value_node, ScalarNode) and value is not None
            made[key] = value_node.value if own_text else value
        return made

    def _scalar(self, node: ScalarNode) -> JsonValue:
        if node.tag == _PLAIN and node.value in _WORDS:
            return _WORDS[node.value]
        if node.tag == _PLAIN and (number := _NUMBER.fullmatch(node.value)):
            return float(node.value) if number.group(1) or number.group(2) else int(node.value)
        self._tag(node, _PLAIN, _TEXT)
        return node.value

    def _tag(self, node: Node, *legal: str) -> None:
        if node.tag not in legal:
            raise self._bad(node, f"the tag {short(node.tag)!r} is not read; write the value without it")

    def _spend(self, node: Node, characters: int) -> None:
        self.spent += characters
        if self.spent > self.most:
            raise self._bad(node, f"with its aliases (*) written out the file has more than {self.most} characters")

    def _bad(self, node: Node, says: str) -> BadJobFile:
        return BadJobFile.at(self.source, self.text, _offset(node), says)


def _offset(node: Node) -> int:
    return node.start_mark.index


def _code(wrong: ReaderError) -> int:
    return wrong.character if isinstance(wrong.character, int) else ord(wrong.character)
