"""Our signature is the vendor's, for any text; whoever changes a byte of a signed request is refused."""

from __future__ import annotations

import hashlib
import http.client
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.executors.dataworks.vendor import vendor_signature

from anyjob_dataworks.credentials import PRACTICE, Credentials
from anyjob_dataworks.peer import Peer, Signed
from anyjob_dataworks.signature import canonical_query, form, signed_headers

_NAMES = st.text(alphabet="abcXYZ012", min_size=1, max_size=5)
_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    query=st.dictionaries(_NAMES, _VALUES), body=st.dictionaries(_NAMES, _VALUES), token=st.sampled_from(["", "t/+="])
)
def test_it_is_the_vendors(query: dict[str, str], body: dict[str, str], token: str) -> None:
    key = Credentials(id="id", secret="ключ", token=token)
    data = form(body)
    headers = signed_headers("POST", "h:80", ("GetDag", "2020-05-18"), query, data, key, at=1_700_000_000.5, nonce="n")
    said = headers.pop("authorization")
    names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert set(names) == set(headers)
    assert headers["x-acs-date"] == "2023-11-14T22:13:20Z"
    signed = Signed(method="POST", query=query, headers=headers, body=data, key_id="id", secret="ключ")
    assert said.endswith(f"Signature={vendor_signature(signed)}")
    assert signed.expected() == vendor_signature(signed)


BODY = form({"DagId": "1", "ProjectEnv": "PROD"})


def send(peer: Peer, headers: dict[str, str], body: bytes = BODY, path: str = "/") -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
    try:
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def right(peer: Peer, nonce: str, query: dict[str, str] | None = None) -> dict[str, str]:
    host = f"127.0.0.1:{peer.port}"
    operation = ("GetDag", "2020-05-18")
    return signed_headers("POST", host, operation, query or {}, BODY, PRACTICE, at=time.time(), nonce=nonce)


def test_what_is_right_is_let_through_once(peer: Peer) -> None:
    headers = right(peer, "a", {"x": "a b*~"})
    path = f"/?{canonical_query({'x': 'a b*~'})}"
    assert b'"Success": false' in send(peer, headers, path=path)[1]  # no such DAG: it came that far
    status, said = send(peer, headers, path=path)
    assert (status, b"SignatureNonceUsed" in said) == (400, True)


@pytest.mark.parametrize("what", ["body", "query", "action", "host", "date", "nonce", "signature", "unsigned", "none"])
def test_what_was_changed_on_the_way_is_refused(peer: Peer, what: str) -> None:
    headers, body, path = right(peer, "b"), BODY, "/"
    if what == "body":
        body = BODY.replace(b"1", b"2")
    elif what == "query":
        path = "/?Action=StopInstance"
    elif what == "signature":
        headers["authorization"] = headers["authorization"][:-1] + ("0" if headers["authorization"][-1] != "0" else "1")
    elif what == "unsigned":
        headers["authorization"] = headers["authorization"].replace(";x-acs-signature-nonce", "")
    elif what == "none":
        del headers["authorization"]
    else:
        name = what if what == "host" else {"nonce": "x-acs-signature-nonce"}.get(what, f"x-acs-{what}")
        headers[name] = {"date": "2026-01-01T00:00:00Z"}.get(what, "other")
    status, said = send(peer, headers, body, path)
    assert status == 400
    assert (b"SignatureDoesNotMatch" in said) != (b"IncompleteSignature" in said)
    assert not peer.asked


def test_a_body_with_the_hash_of_another_is_refused(peer: Peer) -> None:
    headers = right(peer, "c")
    assert headers["x-acs-content-sha256"] == hashlib.sha256(BODY).hexdigest()
    assert b"SignatureDoesNotMatch" in send(peer, headers, BODY + b"&Force=1")[1]
