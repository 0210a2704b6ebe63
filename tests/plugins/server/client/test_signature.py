"""The signature that the commands make, against what the vendor's own clients sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anyjob_server.client.connection import signed_headers
from anyjob_server.client.form import parameters_of
from anyjob_server.client.signature import authorization, canonical_request, form
from anyjob_server.client.target import Target

VECTORS: list[dict[str, Any]] = [
    vector
    for vector in json.loads((Path(__file__).parents[1] / "api" / "wire" / "signature-vectors.json").read_text())[
        "vectors"
    ]
    if vector["signature"]["scheme"] == "ACS3-HMAC-SHA256"
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_it_is_what_the_vendors_clients_sent(vector: dict[str, Any]) -> None:
    sent = {name.lower(): value for name, value in vector["headers"]}
    made = vector["signature"]
    headers = {name: sent[name] for name in made["signed_headers"]}
    canonical = canonical_request(vector["method"], vector["decoded_query"], headers, sent["x-acs-content-sha256"])
    assert canonical == made["canonical_request"]
    assert authorization(made["access_key_id"], made["access_key_secret"], headers, canonical) == sent["authorization"]


def test_every_header_that_the_api_counts_is_signed() -> None:
    target = Target(url="http://127.0.0.1:7780", key="k", secret="s")
    headers = signed_headers(target, "CreateJob", b"Name=a", 0.0, "n")
    signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert signed == sorted(name for name in headers if name != "Authorization")
    assert headers["x-acs-date"] == "1970-01-01T00:00:00Z"
    assert headers["host"] == "127.0.0.1:7780"


def test_parameters_are_flat_as_the_wire_has_them() -> None:
    flat = parameters_of(
        {"JobIdList": [1, 2], "ContactInfo": [{"UserName": "任", "Ding": "http://x"}], "FailEnable": True, "Name": "",
         "Description": None, "XAttrs": {"a": "é"}, "StartTime": -1}
    )  # fmt: skip
    assert flat == {
        "JobIdList.1": "1", "JobIdList.2": "2", "ContactInfo.1.UserName": "任", "ContactInfo.1.Ding": "http://x",
        "FailEnable": "true", "Name": "", "XAttrs": '{"a": "é"}', "StartTime": "-1",
    }  # fmt: skip
    assert form({"b": "x y*~+/", "a": ""}) == "a=&b=x%20y%2A~%2B%2F"
