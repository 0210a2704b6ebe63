"""Who is told about a job."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Contact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One entry of ContactInfo: `user_name`, `user_phone`, `user_mail` and `ding`.

    The CreateJob page of the 2019-04-30 API calls the list deprecated, and its clients still send it.
    """

    user_name: str = ""
    user_phone: str = ""
    user_mail: str = ""
    ding: str = ""
    """The webhook address of a DingTalk group robot."""
