"""The entries of [egress]: what they mean, and which are refused."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from anyjob.egress import EgressSettings, read_url
from anyjob.egress.address import spellings
from anyjob.egress.rule import Rule
from anyjob.problem import WrongValue


@pytest.mark.parametrize(
    ("rule", "host", "port", "meant"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("API.Example.com.", "api.example.com", 443, True),
        ("api.example.com", "x.api.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 80, True),
        ("*.example.com", "example.com", 80, False),
        ("*.example.com", "badexample.com", 80, False),
        ("*:443", "anything", 443, True),
        ("*:443", "anything", 80, False),
        ("db:8000-8999", "db", 8999, True),
        ("db:8000-8999", "db", 9000, False),
        ("bücher.example", "xn--bcher-kva.example", 80, True),
        ("10.0.0.0/8", "10.0.0.0", 80, False),  # a network means addresses, never a name that looks like one
    ],
)
def test_names(rule: str, host: str, port: int, *, meant: bool) -> None:
    assert Rule.parse(rule).names(host, port) is meant


@pytest.mark.parametrize(
    ("rule", "address", "port", "meant"),
    [
        ("10.0.0.0/8", "10.9.9.9", 1, True),
        ("10.0.0.0/8:443", "10.9.9.9", 80, False),
        ("10.0.0.0/8", "11.0.0.1", 1, False),
        ("fd00::/8", "fd12::1", 80, True),
        ("[fd00::/8]:443", "fd12::1", 80, False),
        ("[::1]", "::1", 80, True),
        ("*", "10.0.0.1", 80, False),
    ],
)
def test_addresses(rule: str, address: str, port: int, *, meant: bool) -> None:
    assert Rule.parse(rule).covers(ip_address(address), port) is meant


@pytest.mark.parametrize(
    "entry",
    [
        *("", "10.0.0.1/8", "10.0.0.0/33", "host:", "host:0", "host:70000", "host:9-8", "[::1", "[::1]443", "a b"),
        *("http://example.com", "0x7f.1", "2130706433", "127.1", "ex*ample.com", "*.*.com", "a..b", "-a.com"),
    ],
)
def test_entries_that_mean_nothing_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"write|;"):
        Rule.parse(entry)


def test_settings_name_the_entry() -> None:
    with pytest.raises(ValueError, match=r"(?s)deny.*10\.0\.0\.0/8, or the address alone"):
        EgressSettings.model_validate({"deny": ["ok.example", "10.0.0.1/8"]})


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", []),
        ("0.0.0.0", ["127.0.0.1"]),
        ("::", ["::1", "127.0.0.1"]),
        ("::1", []),
        ("::a9fe:a9fe", ["169.254.169.254"]),
        ("64:ff9b::a9fe:a9fe", ["169.254.169.254"]),
        ("64:ff9b:1::a9fe:a9fe", ["169.254.169.254"]),
        ("2002:a9fe:a9fe::1", ["169.254.169.254"]),
        ("2001:0:a9fe:a9fe::5601:5601", ["169.254.169.254"]),
        ("2001:db8::5efe:a9fe:a9fe", ["169.254.169.254"]),
        ("2001:db8::1", []),
    ],
)
def test_what_an_address_reaches(address: str, inside: list[str]) -> None:
    assert [str(one) for one in spellings(ip_address(address))] == [address, *inside]


def test_a_mapped_address_is_the_address() -> None:
    assert spellings(ip_address("::ffff:10.1.2.3")) == (ip_address("10.1.2.3"),)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.example", "http://a.example"),
        ("https://a.example:443/x?y#z", "https://a.example"),
        ("HTTP://A.example:8080/", "http://a.example:8080"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_urls(url: str, origin: str) -> None:
    assert str(read_url(url)) == origin


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://a/", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("//a/", "no scheme"),
        ("a.example", "no scheme"),
        ("http://u:geheim@a/", "user or password"),
        ("http://a@b@c/", "user or password"),
        ("http:///x", "no host"),
        ("http://a:0/", "port 0"),
        ("http://a:99999/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://a/\r\nX: y", "character '\\r'"),
        ("http://a/ b", "character ' '"),
        ("http://a\t.example/", "character '\\t'"),
        ("http://good\\@bad/", "character '\\\\'"),
        ("http://a/\u202e", "character '\\u202e'"),
        ("http://[fe80::1%25eth0]/", "no host"),
        ("http://a/" + "x" * 9000, "9009 characters"),
    ],
)
def test_urls_that_could_be_read_in_two_ways(url: str, says: str) -> None:
    with pytest.raises(WrongValue) as refused:
        read_url(url)
    assert says in str(refused.value)
    assert "geheim" not in str(refused.value)
