"""The Java reader and writer of JSON take what anyjob's own take, and say the same values."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.jvm.jvm import argv

from anyjob.jsontext import parse_json
from anyjob.problem import WrongValue


class Reader:
    """One JVM that reads text after text."""

    def __init__(self, classpath: list[Path]) -> None:
        command = [word if word != "Host" else "JsonCheck" for word in argv(classpath, "17")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, texts: list[str]) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        lines = b"".join(base64.b64encode(text.encode()) + b"\n" for text in texts)
        self.process.stdin.write(lines)
        self.process.stdin.flush()
        return [base64.b64decode(self.process.stdout.readline()).decode() for _ in texts]


@pytest.fixture(scope="module")
def reader(classpath: list[Path]) -> Iterator[Reader]:
    made = Reader(classpath)
    yield made
    made.process.kill()
    made.process.communicate()


def ours(text: str) -> str | None:
    """The value as sorted JSON; None: refused."""
    try:
        return json.dumps(parse_json(text), sort_keys=True)
    except WrongValue:
        return None


def theirs(said: str) -> str | None:
    return json.dumps(json.loads(said[3:]), sort_keys=True) if said.startswith("ok ") else None


TEXTS = [
    *("null", "true", "false", " \t\r\n1 ", "0", "-0", "-1", "1.5", "-1.5e-3", "1E+2", "9223372036854775807"),
    *(
        "9223372036854775808",
        "-9223372036854775807",
        "-9223372036854775808",
        "123456789012345678901",
        "1e999",
        "-1e999",
    ),
    *("01", "+1", ".5", "1.", "1e", "- 1", "--1", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "٣"),
    *(
        '""',
        '"a"',
        '"\\u0041\\n\\/\\\\\\""',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00\\ud83d"',
        '"\\x"',
        '"\\u12"',
        '"\\u00g0"',
    ),
    *('"\t"', '"\n"', '"a', "'a'", '"\u2028\x7f中😀"', '"\\u2028"'),
    *("[]", "[1,2]", "[1,]", "[,1]", "[1 2]", "[", "]", "{}", '{"a":1}', '{"a":1,"a":2}', '{"a":{"a":1}}', '{"a":1,}'),
    *(
        "{a:1}",
        '{"a"}',
        '{"a":}',
        '{"a" 1}',
        "{1:2}",
        "",
        " ",
        "nul",
        "nulll",
        "true false",
        "1 2",
        "\ufeff1",
        "//a\n1",
    ),
    *("[" * 64 + "]" * 64, "[" * 65 + "]" * 65, '{"a":' * 64 + "1" + "}" * 64, '{"a":' * 65 + "1" + "}" * 65),
    *("[" * 100_000, '{"' + "k" * 10000 + '":"' + "v" * 100_000 + '"}'),
]


@pytest.mark.needs("jdk17")
def test_texts_that_are_at_an_edge(reader: Reader) -> None:
    said = reader.read(TEXTS)
    assert [theirs(one) for one in said] == [ours(text) for text in TEXTS]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.needs("jdk17")
@settings(max_examples=300)
@given(value=VALUES, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_every_value_comes_back(reader: Reader, value: object, indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    (said,) = reader.read([text])
    assert theirs(said) == ours(text)


@pytest.mark.needs("jdk17")
@settings(max_examples=500)
@given(text=st.text(st.sampled_from('{}[]":,\\u01e-.+ntrlfas 中'), max_size=24))
def test_texts_that_are_mostly_wrong(reader: Reader, text: str) -> None:
    (said,) = reader.read([text])
    assert theirs(said) == ours(text)


@pytest.mark.needs("jdk17")
def test_a_line_never_breaks(reader: Reader) -> None:
    (said,) = reader.read([json.dumps("".join(map(chr, range(0x2100))))])
    assert len(said.splitlines()) == 1
    assert json.loads(said[3:]) == "".join(map(chr, range(0x2100)))
