"""The vendor's Python SDKs behind one program: a line of JSON in, action and fields; a line out.

A program, because an older release needs a virtual environment of its own, and because the SDKs leave sockets to the
garbage collector.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Protocol


class Sdk(Protocol):
    """One SDK with a server and a key."""

    def call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The reply's body as the SDK understood it. Raises what the SDK raises."""
        ...

    def has(self, action: str) -> bool: ...


def snake(action: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in action).lstrip("_")


class Tea:
    """`alibabacloud-schedulerx220190430`: the models say what they read, so what they lost is not there."""

    def __init__(self, endpoint: str, key: str, secret: str, **settings: Any) -> None:
        package = "alibabacloud_schedulerx220190430"
        try:
            config = import_module("alibabacloud_tea_openapi.utils_models").Config
        except ImportError:
            config = import_module("alibabacloud_tea_openapi.models").Config
        told = {"access_key_id": key, "access_key_secret": secret, "region_id": "cn-hangzhou", "protocol": "http"}
        self.client = import_module(f"{package}.client").Client(config(endpoint=endpoint, **told, **settings))
        self.models = import_module(f"{package}.models")
        self.waits = False

    def has(self, action: str) -> bool:
        return hasattr(self.client, snake(action))

    def call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        model = getattr(self.models, f"{action}Request", None)  # DescribeRegions had none in older releases
        request = [model().from_map({"RegionId": "cn-hangzhou", **fields})] if model else []
        if self.waits:
            reply = asyncio.run(getattr(self.client, snake(action) + "_async")(*request))
        else:
            reply = getattr(self.client, snake(action))(*request)
        assert reply.status_code == 200
        return reply.body.to_map()


class Twins(Tea):
    """The same SDK by its coroutines."""

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        super().__init__(endpoint, key, secret)
        self.waits = True


class Core:
    """`aliyun-python-sdk-schedulerx2`: RPC V1; replies are bytes."""

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        self.client = import_module("aliyunsdkcore.client").AcsClient(key, secret, "cn-hangzhou")
        self.endpoint = endpoint

    def has(self, action: str) -> bool:
        return True

    def call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        module = import_module(f"aliyunsdkschedulerx2.request.v20190430.{action}Request")
        request = getattr(module, f"{action}Request")()
        for name, value in fields.items():
            setter = getattr(request, f"set_{name}", None) or getattr(request, f"set_{name}s", None)
            if setter is None and name == "EndTime":
                continue  # it has none
            setter(value)  # type: ignore[misc]
        request.set_protocol_type("http")
        request.set_endpoint(self.endpoint)
        return json.loads(self.client.do_action_with_exception(request))


KINDS: dict[str, Callable[..., Sdk]] = {
    "tea": Tea,
    "tea by RPC V1": partial(Tea, signature_algorithm="v2"),
    "tea by coroutines": Twins,
    "core": Core,
}


def main() -> None:
    kind, *told = sys.argv[1:]
    sdk = KINDS[kind](*told)
    for line in sys.stdin:
        action, fields = json.loads(line)
        try:
            answer = ["ok", sdk.call(action, fields) if sdk.has(action) else None]
        except Exception as error:  # noqa: BLE001 - it is told to whoever asked
            code = getattr(error, "code", None) or getattr(error, "error_code", "")
            status = getattr(error, "status_code", None) or getattr(error, "http_status", 0)
            answer = ["raised", {"text": f"{type(error).__name__}: {error}", "code": code, "status": status}]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
