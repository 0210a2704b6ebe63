"""Any method goes, but one that is a slip of a usual one."""

from __future__ import annotations

import pytest

from anyjob_http.checks import token


@pytest.mark.parametrize(
    ("written", "meant"), [("GTE", "GET"), ("psot", "POST"), ("DELTE", "DELETE"), ("POSTT", "POST"), ("pach", "PATCH")]
)
def test_a_slip_is_told(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}"):
        token(written)


@pytest.mark.parametrize("own", ["get", "Purge", "REPORT", "MKCOL", "push", "FETCH", "x-mine"])
def test_a_method_of_somebodys_own_goes_in_upper_case(own: str) -> None:
    assert token(own) == own.upper()
