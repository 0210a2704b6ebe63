"""What the parser of parameters makes of what clients write."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjob_server.api.errors import GatewayError, MalformedRequest, MissingParameter, TooManyParameters, WrongParameter
from anyjob_server.api.parameters import MOST_PARAMETERS, Parameters, read_pairs
from anyjob_server.api.signature import encoded

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def of(text: str) -> Parameters:
    return Parameters(read_pairs(text.encode(), "query"))


@given(pairs=st.dictionaries(TEXT.filter(bool), TEXT, max_size=8), plus=st.booleans())
def test_what_is_written_is_read(pairs: dict[str, str], *, plus: bool) -> None:
    write = quote_plus if plus else quote
    text = "&".join(f"{write(name, safe='')}={write(value, safe='')}" for name, value in pairs.items())
    assert dict(of(text)) == pairs


@given(text=TEXT)
def test_encoded_is_as_the_signature_wants_it(text: str) -> None:
    assert encoded(text) == quote(text, safe="~")


@given(
    text=st.lists(st.sampled_from(["ab", "=", "&", "+", "%26", "%3d", "%C3%A4", "%", "20", "ä", "\n", "=\n", "_"])).map(
        "".join
    ),
    long=st.sampled_from(["", "x" * 100]),
)
def test_it_reads_as_the_standard_library(text: str, long: str) -> None:
    text = long + text
    try:
        wanted = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        wanted = []
    if len(dict(wanted)) == len(wanted):
        try:
            assert read_pairs(text.encode(), "query") == wanted
        except MalformedRequest:
            assert wanted == []


@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        pairs = read_pairs(data, "form")
    except GatewayError:
        return
    assert dict(pairs) == dict(read_pairs("&".join(f"{encoded(n)}={encoded(v)}" for n, v in pairs).encode(), "form"))


def test_blank_values_stay() -> None:
    assert dict(of("SignatureType=&Description=&A=1&B")) == {"SignatureType": "", "Description": "", "A": "1", "B": ""}


def test_too_many() -> None:
    assert len(of("&".join(f"p{n}=1" for n in range(MOST_PARAMETERS)))) == MOST_PARAMETERS
    with pytest.raises(TooManyParameters, match=str(MOST_PARAMETERS)):
        of("&".join(f"p{n}=1" for n in range(MOST_PARAMETERS + 1)))
    with pytest.raises(TooManyParameters):
        of("&" * MOST_PARAMETERS)


@pytest.mark.parametrize("text", ["a=1&a=2", "a=1&%61=1"])
def test_one_name_twice(text: str) -> None:
    with pytest.raises(MalformedRequest, match="twice"):
        of(text)


@pytest.mark.parametrize("data", [b"a=%ff", b"a=\xff", b"%C3=1"])
def test_no_utf8(data: bytes) -> None:
    with pytest.raises(MalformedRequest, match="form is not UTF-8"):
        read_pairs(data, "form")


@pytest.mark.parametrize(("text", "number"), [("N=5", 5), ("N=-1", -1), ("N=", None), ("", None)])
def test_whole_numbers(text: str, number: int | None) -> None:
    assert of(text).integer("N") == number


@pytest.mark.parametrize("value", ["5.0", "x", "0x5", "+5", "1" * 30, "9223372036854775808", "٣"])
def test_no_whole_number(value: str) -> None:
    with pytest.raises(WrongParameter, match="N") as refused:
        of(f"N={quote(value)}").integer("N")
    assert refused.value.code == "InvalidN"


@pytest.mark.parametrize(("text", "flag"), [("F=True", True), ("F=false", False), ("F=TRUE", True), ("F=", None)])
def test_flags(text: str, *, flag: bool | None) -> None:
    assert of(text).flag("F") is flag


def test_no_flag() -> None:
    with pytest.raises(WrongParameter, match="neither true nor false"):
        of("F=1").flag("F")


@pytest.mark.parametrize("text", ["L.1=5&L.2=6", "L.2=6&L.1=5", "L.1=5&L.7=6", "L=[5,6]", 'L=["5",6]'])
def test_lists(text: str) -> None:
    assert of(text.replace('"', "%22")).integers("L") == [5, 6]


@pytest.mark.parametrize("text", ["L.0=5", "L.x=5", "L.1=x", "L.1.A=5", "L=5", "L=[true]", "L=[", "L=[{}]", "L.1="])
def test_no_lists(text: str) -> None:
    with pytest.raises(WrongParameter, match="L"):
        of(text).integers("L")


@pytest.mark.parametrize("text", ["", "L=", "L=[]"])
def test_lists_that_are_needed(text: str) -> None:
    with pytest.raises(MissingParameter, match="L"):
        of(text).integers("L")


def test_objects_in_a_list() -> None:
    text = "C.2.UserName=b&C.1.UserPhone=1&C.1.UserName=a%20+b"
    assert of(text).members("C") == [(1, {"UserPhone": "1", "UserName": "a  b"}), (2, {"UserName": "b"})]
    for both in ("C.1=a&C.1.UserName=b", "C.1.UserName=b&C.1=a"):
        with pytest.raises(WrongParameter, match="as a value and as an object"):
            of(both).members("C")
