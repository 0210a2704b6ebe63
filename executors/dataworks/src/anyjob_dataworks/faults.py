"""Ways in which a request comes to nothing, told apart by what they say of the request."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.problem import short

__all__ = ["CallFault", "Trouble", "trouble_of"]


class Trouble(StrEnum):
    """What kind of end it was. In all but `BROKEN` the service surely did nothing."""

    UNREACHED = "it cannot be reached"
    EGRESS = "the egress policy refuses it"
    THROTTLED = "throttled"
    CLOCK = "this machine's clock is wrong"
    CREDENTIALS = "the access key is refused"
    FORBIDDEN = "the account may not do it"
    REFUSED = "refused"
    BROKEN = "no answer that says what became of it"


_CREDENTIALS: Final = (
    "invalidaccesskeyid",
    "invalidaccesskeysecret",
    "invalidsecuritytoken",
    "missingsecuritytoken",
    "missingaccesskeyid",
    "signaturedoesnotmatch",
    "incompletesignature",
    "securitytoken",
)
_FORBIDDEN: Final = ("forbidden", "nopermission", "resourcenotauthorized", "unauthorized")
_NOT_HERE: Final = "forbidden.not.server"
"""The service is not in this region: nothing that a permission could mend."""


def trouble_of(status: int, code: str, message: str) -> Trouble:
    """Of an answer that says no: by the gateway's published codes, else by its status."""
    low = code.lower()
    if low.startswith("throttling") or status == 429:
        return Trouble.THROTTLED
    if low.startswith("invalidtimestamp"):
        return Trouble.CLOCK
    # Some products say it as InvalidParameter, with the code in the text.
    if low.startswith(_CREDENTIALS) or "securitytoken." in message.lower():
        return Trouble.CREDENTIALS
    if low == _NOT_HERE:
        return Trouble.REFUSED
    if low.startswith(_FORBIDDEN) or status in (401, 403):
        return Trouble.FORBIDDEN
    # A nonce that was used before is a request that came twice, and the first one may have been done.
    if 400 <= status < 500 and status != 408 and low != "signaturenonceused":
        return Trouble.REFUSED
    return Trouble.BROKEN


class CallFault(AnyJobError):
    """A request that came to nothing. `said` is what there is to tell of it, from the other side's own words where it
    had some; `told`: all of it, but for the action.

    `after`: seconds after which to try again, by the service's word. `skew`: seconds by which the service's clock is
    ahead of this machine's, where its answer told.
    """

    def __init__(
        self,
        trouble: Trouble,
        action: str,
        said: str,
        *,
        code: str = "",
        status: int = 0,
        after: float | None = None,
        skew: float | None = None,
    ) -> None:
        self.trouble, self.action, self.said = trouble, action, said
        self.code, self.status, self.after, self.skew = code, status, after, skew
        self.told = f"{trouble}: {short(said, 600)}{self._remedy()}"
        super().__init__(f"{action}: {self.told}")

    @property
    def untouched(self) -> bool:
        """Whether the service surely did nothing of what was asked."""
        return self.trouble is not Trouble.BROKEN

    @property
    def passing(self) -> bool:
        """Whether it may be gone when the same is asked again, without anybody's doing."""
        return self.trouble in (Trouble.UNREACHED, Trouble.THROTTLED, Trouble.BROKEN)

    def _remedy(self) -> str:
        match self.trouble:
            case Trouble.CLOCK:
                off = "" if self.skew is None else f" It is {_ahead(self.skew)} the service's."
                return f".{off} Set it right, by NTP: requests must not be more than 15 minutes off."
            case Trouble.CREDENTIALS:
                if "token" in (self.code + self.said).lower():
                    return ". Renew the temporary access key (ACCESS_KEY_ID, ACCESS_KEY_SECRET, SECURITY_TOKEN)."
                return ". Check ACCESS_KEY_ID and ACCESS_KEY_SECRET of the job's secrets or of the worker's settings."
            case Trouble.FORBIDDEN:
                return f". Grant the account dataworks:{self.action} on this workspace."
            case _:
                return ""


def _ahead(skew: float) -> str:
    return f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'}"
