"""Requests in the forms of clients that cannot be had here, signed by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any, cast
from urllib.parse import quote

import requests
from tests.plugins.server.clients.orders import Order, job
from tests.plugins.server.serving import Serving

from anyjob_server.client.target import DEFAULT_GROUP, DEFAULT_NAMESPACE


def flat(fields: Order) -> dict[str, str]:
    """Fields as the vendor's command line writes them."""
    made: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, list):
            for number, each in enumerate(cast("list[dict[str, str]]", value), 1):
                made |= {f"{name}.{number}.{part}": text for part, text in each.items()}
        else:
            made[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return made


def signed(method: str, key: str, secret: str, fields: dict[str, str]) -> dict[str, str]:
    """Both halves of a request of the vendor's command line: RPC V1, HMAC-SHA1, an empty SignatureType."""
    given = {
        "AccessKeyId": key,
        "Format": "JSON",
        "RegionId": "cn-hangzhou",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": uuid.uuid4().hex,
        "SignatureType": "",
        "SignatureVersion": "1.0",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "Version": "2019-04-30",
        **fields,
    }
    canonical = "&".join(f"{quote(name, safe='~')}={quote(given[name], safe='~')}" for name in sorted(given))
    text = f"{method}&%2F&{quote(canonical, safe='~')}"
    signature = hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)
    return given | {"Signature": base64.b64encode(signature).decode()}


def sent(serving: Serving, secret: str, client: str) -> tuple[int, dict[str, Any]]:
    """CreateJob as `aliyun schedulerx2 CreateJob --force` sends it: a GET with everything in the query."""
    scope = {"Action": "CreateJob", "Namespace": DEFAULT_NAMESPACE, "GroupId": DEFAULT_GROUP}
    query = signed("GET", serving.key, secret, scope | flat(job(client)))
    answer = requests.get(f"{serving.url}/", params=query, headers={"x-acs-action": "CreateJob"}, timeout=30)
    return answer.status_code, answer.json()


def test_create_job_is_taken_as_a_get(serving: Serving) -> None:
    status, answer = sent(serving, serving.secret, "cli")
    assert (status, answer["Success"]) == (200, True), answer
    with serving.client() as own:
        stored = own.call("GetJobInfo", {"JobId": answer["Data"]["JobId"]})["JobConfigInfo"]
    meant = job("cli")
    assert (stored["Name"], stored["Content"]) == (meant["Name"], meant["Content"])
    assert json.loads(stored["XAttrs"]) == json.loads(meant["XAttrs"])
    assert len(stored["JobMonitorInfo"]["ContactInfo"]) == 2


def test_a_get_with_a_wrong_secret_makes_nothing(serving: Serving) -> None:
    status, answer = sent(serving, "wrong", "cli with a wrong secret")
    assert (status, answer["Code"]) == (400, "SignatureDoesNotMatch")
    with serving.client() as own:
        assert not list(own.jobs("cli with a wrong secret"))
