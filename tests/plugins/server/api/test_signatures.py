"""Recorded requests of every kind of client: taken as they are, refused when a character is another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.server.api.vectors import ID, VECTORS, Vector, gateway

from anyjob_server.api.errors import (
    GatewayError,
    KeyInactive,
    KeyNotFound,
    MalformedRequest,
    MissingParameter,
    NonceUsed,
    SignatureMethodRefused,
    SignatureMismatch,
    TimestampExpired,
)
from anyjob_server.api.gateway import Signed
from anyjob_server.api.nonces import Nonces
from anyjob_server.api.request import WireRequest

each = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
ACS3 = next(v for v in VECTORS if v.name == "tea-2.2.3 ACS3 POST")
V1 = next(v for v in VECTORS if v.name == "core-1.1.16 POST")


def check(vector: Vector, request: WireRequest | None = None) -> Signed:
    return gateway(vector.at).check(request or vector.request)


def with_header(request: WireRequest, name: bytes, value: bytes | None) -> WireRequest:
    kept = [(key, old) for key, old in request.headers if key != name]
    return replace(request, headers=kept if value is None else [*kept, (name, value)])


@each
def test_what_a_client_signed_is_taken_as_it_was_meant(vector: Vector) -> None:
    signed = check(vector)
    assert (signed.action, signed.version, signed.key.access_key_id) == (vector.action, "2019-04-30", ID)
    meant = {**vector.query, **vector.form}
    own = {name: value for name, value in meant.items() if not name.startswith("Signature")}
    for name in ("AccessKeyId", "Action", "Format", "SecurityToken", "Timestamp", "Version"):
        own.pop(name, None)
    assert dict(signed.parameters) == own


@each
def test_another_secret_is_refused_with_the_text_that_was_signed(vector: Vector) -> None:
    with pytest.raises(SignatureMismatch) as refused:
        gateway(vector.at, secret="another").check(vector.request)
    assert refused.value.message.partition(":")[2] == vector.text
    assert vector.signature not in str(refused.value)


@given(
    vector=st.sampled_from(VECTORS),
    part=st.sampled_from(["query", "body"]),
    at=st.integers(0, 4000),
    to=st.characters(min_codepoint=33, max_codepoint=126),
)
def test_one_other_character_breaks_it(vector: Vector, part: str, at: int, to: str) -> None:
    text: bytes = getattr(vector.request, part)
    if not text or text[at := at % len(text)] == ord(to):
        return
    changed = replace(vector.request, **{part: text[:at] + to.encode() + text[at + 1 :]})
    try:
        signed = check(vector, changed)
    except GatewayError:
        return
    # The query of both schemes, and the form of RPC V1, are signed as they are read: `%2f` for `%2F` says the same.
    assert dict(signed.parameters) == dict(check(vector).parameters)
    assert signed.action == vector.action
    assert part == "query" or vector.request.header(b"authorization") is None


@each
def test_what_a_header_says_of_the_request_is_signed(vector: Vector) -> None:
    for name in (b"x-acs-action", b"x-acs-version", b"x-acs-content-sha256", b"host"):
        if vector.request.header(b"authorization") is not None:
            with pytest.raises(GatewayError, match=r"signature|InvalidTimeStamp"):
                check(vector, with_header(vector.request, name, b"other"))
            with pytest.raises(GatewayError):
                check(vector, with_header(vector.request, name, None))
        else:  # RPC V1 signs parameters alone, so no header means anything
            assert check(vector, with_header(vector.request, name, b"other")).action == vector.action


@each
def test_the_same_request_twice(vector: Vector) -> None:
    one = gateway(vector.at)
    one.check(vector.request)
    with pytest.raises(NonceUsed):
        one.check(vector.request)


@each
def test_a_refused_request_does_not_use_up_its_nonce(vector: Vector) -> None:
    one = gateway(vector.at)
    with pytest.raises(GatewayError):
        one.check(replace(vector.request, method="PUT"))
    assert one.check(vector.request).action == vector.action


@each
@pytest.mark.parametrize("off", [-901, 901])
def test_a_time_out_of_the_window(vector: Vector, off: int) -> None:
    gateway(vector.at + off // 901 * 900).check(vector.request)
    with pytest.raises(TimestampExpired):
        gateway(vector.at + off).check(vector.request)


@each
def test_a_time_from_before_the_start(vector: Vector) -> None:
    gateway(vector.at + 5, start=vector.at).check(vector.request)
    with pytest.raises(TimestampExpired, match="start"):
        gateway(vector.at + 5, start=vector.at + 1).check(vector.request)


@each
def test_a_revoked_key(vector: Vector) -> None:
    with pytest.raises(KeyInactive):
        gateway(vector.at, revoked=True).check(vector.request)


def test_an_unknown_key_is_not_told_back() -> None:
    request = replace(V1.request, query=V1.request.query.replace(ID.encode(), b"the-secret-itself"))
    with pytest.raises(KeyNotFound) as refused:
        check(V1, request)
    assert "the-secret-itself" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["ACS3-HMAC-SM3", "ACS3-RSA-SHA256", "Basic", "Bearer"])
def test_other_schemes_are_refused_by_name(scheme: str) -> None:
    said = ACS3.request.text(b"authorization").replace("ACS3-HMAC-SHA256", scheme)
    with pytest.raises(SignatureMethodRefused, match=scheme):
        check(ACS3, with_header(ACS3.request, b"authorization", said.encode()))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"HMAC-SHA1", b"HMAC-SHA256", "HMAC-SHA256"),
        (b"SignatureVersion=1.0", b"SignatureVersion=2.0", "version 2.0"),
        (b"SignatureType=", b"SignatureType=BEARERTOKEN", "BEARERTOKEN"),
        (b"SignatureType=", b"SignatureType=PRIVATEKEY", "PRIVATEKEY"),
    ],
)
def test_other_schemes_of_the_parameters(old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(SignatureMethodRefused, match=told):
        check(V1, replace(V1.request, query=V1.request.query.replace(old, new)))


@pytest.mark.parametrize(
    "name", ["AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"]
)
def test_what_is_missing_is_named(name: str) -> None:
    query = b"&".join(p for p in V1.request.query.split(b"&") if not p.startswith(name.encode() + b"="))
    with pytest.raises(MissingParameter, match=name) as refused:
        check(V1, replace(V1.request, query=query))
    assert refused.value.code == f"Missing{name}"


def test_nothing_is_signed() -> None:
    with pytest.raises(MissingParameter, match="AccessKeyId"):
        check(V1, WireRequest(method="GET", query=b"Action=ListJobs", headers=[]))


@pytest.mark.parametrize(
    "name", ["x-acs-date", "x-acs-action", "host", "x-acs-content-sha256", "x-acs-signature-nonce"]
)
def test_a_header_that_the_signature_leaves_out(name: str) -> None:
    said = ACS3.request.text(b"authorization").replace(f"{name};", "")
    with pytest.raises(MalformedRequest, match=name):
        check(ACS3, with_header(ACS3.request, b"authorization", said.encode()))


def test_a_header_added_on_the_way() -> None:
    for name in (b"x-acs-security-token", b"x-acs-action"):
        added = replace(ACS3.request, headers=[*ACS3.request.headers, (name, b"v")])
        with pytest.raises(MalformedRequest):
            check(ACS3, added)


def test_nonces_are_bounded_and_what_is_forgotten_is_expired() -> None:
    nonces = Nonces(0, most=100)
    for number in range(1000):
        assert nonces.add("k", f"n{number}", 600 + number, 1600)
    floor = nonces.floor("k")
    assert 1480 <= floor <= 1600
    kept = [number for number in range(1000) if nonces.used("k", f"n{number}")]
    assert len(kept) <= 100
    # Whatever is not refused by its nonce is refused by its time.
    assert all(600 + number < floor for number in range(1000) if number not in kept)
    assert nonces.floor("another") == 0


def test_nonces_are_forgotten_when_their_time_is_out_of_the_window() -> None:
    nonces = Nonces(0)
    assert nonces.add("k", "a", 1000, 1000)
    assert not nonces.add("k", "a", 1000, 1900)
    assert nonces.add("k", "b", 3000, 3000)
    assert not nonces.used("k", "a")
    assert nonces.add("another", "b", 3000, 3000)
