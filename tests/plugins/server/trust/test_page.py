"""The policy that docs/trust.md shows."""

from __future__ import annotations

from tests.docs.fences import blocks

from anyjob_server.trust.policy import Policy


def test_the_policy_of_the_page_is_one() -> None:
    (text,) = blocks("plugins/server/docs/trust.md", "json")
    assert Policy.read(text)
