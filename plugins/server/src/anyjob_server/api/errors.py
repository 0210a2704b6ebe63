"""What the API answers when it does not do what was asked.

    AnyJobError
    ├── GatewayError       HTTP 4xx or 5xx; every SDK raises it
    └── BusinessError      HTTP 200 with `Success: false`; the caller looks

Codes and texts of the gateway are those that Alibaba Cloud publishes, where it publishes one.

Source: Alibaba Cloud API, error codes, codes and texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from anyjob.errors import AnyJobError
from anyjob.nearest import nearest
from anyjob.outcome import Json
from anyjob.problem import short

__all__ = [
    "BadTimestamp",
    "BusinessError",
    "Faulty",
    "GatewayError",
    "HeadTooLarge",
    "KeyInactive",
    "KeyNotFound",
    "MalformedRequest",
    "MethodRefused",
    "MissingParameter",
    "NoPermission",
    "NonceUsed",
    "NotForm",
    "RequestTooLarge",
    "SignatureMethodRefused",
    "SignatureMismatch",
    "TimestampExpired",
    "TooManyConnections",
    "TooManyParameters",
    "TooSlow",
    "UnknownApi",
    "UnknownPath",
    "WrongParameter",
]


class GatewayError(AnyJobError):
    """The request was refused before, or instead of, its operation. `status` is HTTP's."""

    status: ClassVar[int] = 400
    code: str
    detail: Mapping[str, Json] | None = None
    """The reply's AccessDeniedDetail."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class UnknownPath(GatewayError):
    """Something else than `/` was asked for."""

    status = 404

    def __init__(self) -> None:
        super().__init__(
            "InvalidApi.NotFound", "Specified api is not found, please check your url and method. The only path is /."
        )


class UnknownApi(GatewayError):
    """No operation has this name in this version of the API."""

    status = 404

    def __init__(self, action: str, version: str) -> None:
        super().__init__(
            "InvalidApi.NotFound",
            "Specified api is not found, please check your url and method."
            f" No operation {short(action)!r} of version {short(version)!r} is served here.",
        )


class MethodRefused(GatewayError):
    """Neither GET nor POST."""

    def __init__(self, method: str) -> None:
        super().__init__("UnsupportedHTTPMethod", f"HTTP method {short(method)!r} is not served: use GET or POST.")


class MalformedRequest(GatewayError):
    """Bytes that are no request of HTTP, or parameters that are no text."""

    def __init__(self, what: str) -> None:
        super().__init__("InvalidRequest", f"The request cannot be read: {what}.")


class NotForm(GatewayError):
    """A body of another kind than a form."""

    status = 415

    def __init__(self, kind: str) -> None:
        super().__init__(
            "UnsupportedContentType",
            f"A body of type {short(kind)!r} is not read: send application/x-www-form-urlencoded.",
        )


class RequestTooLarge(GatewayError):
    """The body is larger than the server takes."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            "RequestEntityTooLarge", f"The body is larger than {limit} bytes, which is the most that is taken here."
        )


class HeadTooLarge(GatewayError):
    """Request line and headers are larger than the server takes."""

    status = 431

    def __init__(self, limit: int) -> None:
        super().__init__(
            "RequestHeaderTooLarge",
            f"Request line and headers are larger than {limit} bytes: send the parameters in the body of a POST.",
        )


class TooManyParameters(GatewayError):
    """More parameters than any operation takes."""

    def __init__(self, limit: int) -> None:
        super().__init__("TooManyParameters", f"The request has more than {limit} parameters.")


class TooSlow(GatewayError):
    """Head or body did not arrive in time."""

    status = 408

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__("RequestTimeout", f"The {what} did not arrive within {seconds:g} seconds.")


class TooManyConnections(GatewayError):
    """No room for another connection."""

    status = 503

    def __init__(self, limit: int) -> None:
        super().__init__("ServiceUnavailable", f"{limit} connections are at work, which is the most: try again.")


class MissingParameter(GatewayError):
    """A parameter that must be there is not. `given` are those that are: one may be this one, misspelt."""

    def __init__(self, name: str, given: Iterable[str] = ()) -> None:
        self.name = name
        told = f"{name} is mandatory for this action."
        meant = next((word for word in given if abs(len(word) - len(name)) <= 1 and nearest(word, [name])), None)
        if meant is not None:
            told += f" {short(meant)} is given: did you mean {name}?"
        super().__init__(f"Missing{name}", told)


class WrongParameter(GatewayError):
    """A parameter holds what it may not. `says` goes on where the value ends."""

    def __init__(self, name: str, value: str, says: str) -> None:
        self.name = name
        super().__init__(f"Invalid{short(name)}", f'The specified {short(name)} "{short(value)}" {says}.')


class KeyNotFound(GatewayError):
    """Nobody has the access key. The message does not repeat it: somebody may have put the secret in its place."""

    status = 404

    def __init__(self) -> None:
        super().__init__("InvalidAccessKeyId.NotFound", "Specified access key is not found.")


class KeyInactive(GatewayError):
    """The access key was revoked."""

    def __init__(self) -> None:
        super().__init__("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")


class SignatureMethodRefused(GatewayError):
    """A scheme that is not spoken here."""

    def __init__(self, scheme: str) -> None:
        super().__init__(
            "InvalidSignatureMethod",
            f"Signature scheme {short(scheme)!r} is not spoken here: sign with ACS3-HMAC-SHA256, or with HMAC-SHA1 of"
            " signature version 1.0.",
        )


class SignatureMismatch(GatewayError):
    """The signature is not that of the request.

    The old Python core splits the message at the first colon and holds the rest against its own string to sign: equal
    means that the secret is wrong.
    """

    MOST: ClassVar[int] = 65536

    def __init__(self, string_to_sign: str) -> None:
        told = string_to_sign if len(string_to_sign) <= self.MOST else f"({len(string_to_sign)} characters)"
        super().__init__(
            "SignatureDoesNotMatch",
            f"Specified signature is not matched with our calculation. server string to sign is:{told}",
        )


class BadTimestamp(GatewayError):
    """Not a time as the API writes it."""

    def __init__(self, value: str) -> None:
        super().__init__(
            "InvalidTimeStamp.Format",
            f"Specified time stamp {short(value)!r} is not well formatted: write yyyy-MM-ddTHH:mm:ssZ, in UTC.",
        )


class TimestampExpired(GatewayError):
    """Too far from the server's clock, or from before this server remembers nonces."""

    def __init__(self, value: str, now: str, window: int) -> None:
        super().__init__(
            "InvalidTimeStamp.Expired",
            f"Specified time stamp {short(value)!r} is expired: it is {now} here, {window} seconds either way are"
            " allowed, and none from before the server's start.",
        )


class NonceUsed(GatewayError):
    """The same request came before."""

    def __init__(self) -> None:
        super().__init__("SignatureNonceUsed", "Specified signature nonce was used already.")


class NoPermission(GatewayError):
    """The policy of the key does not let its owner do this. `explicit`: a statement denies it, else none allows it."""

    status = 403

    def __init__(self, why: str, *, key: str, action: str, explicit: bool) -> None:
        super().__init__("NoPermission", why)
        self.detail = {
            "AuthAction": action,
            "AuthPrincipalDisplayName": key,
            "NoPermissionType": "ExplicitDeny" if explicit else "ImplicitDeny",
        }


class Faulty(GatewayError):
    """The server's own fault. What it was stands in its log, under the request's id."""

    status = 500

    def __init__(self) -> None:
        super().__init__("InternalError", "The request processing has failed due to some unknown error.")


class BusinessError(AnyJobError):
    """The operation was understood and not done. `code` is the reply's `Code`: 400, 403, 404, 409, 500 or 503."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)
