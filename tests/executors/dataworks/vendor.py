"""The vendor's SDK core: who says what a right signature is."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from anyjob_dataworks.peer import Signed


class _Request:
    """What `Utils.get_authorization` reads of a request."""

    def __init__(self, signed: Signed) -> None:
        self.method, self.pathname = signed.method, "/"
        self.query, self.headers = dict(signed.query), dict(signed.headers)


def vendor_signature(signed: Signed) -> str:
    """Of a request, by the code that signs in the vendor's own SDKs."""
    core: Any = import_module("alibabacloud_tea_openapi.utils").Utils  # by name: it has no types
    said = core.get_authorization(
        _Request(signed), "ACS3-HMAC-SHA256", hashlib.sha256(signed.body).hexdigest(), signed.key_id, signed.secret
    )
    return said.rpartition("Signature=")[2]
