"""The contract's number, and whose plugins it lets in."""

from __future__ import annotations

from typing import Final

__all__ = ["CONTRACT", "fence"]

CONTRACT: Final = 1
"""The contract that this core keeps (docs/contract.md). It grows by addition only: what was made for 1 runs here."""

_OLDEST: Final = 1


def fence(contract: object) -> str:
    """Why a plugin that was written for `contract` cannot be used; empty: it can."""
    if not isinstance(contract, int):
        return f"its contract is {contract!r}; it must be a whole number"
    if contract > CONTRACT:
        return f"it was made for contract {contract}, and this anyjob offers {CONTRACT}; install a newer anyjob"
    if contract < _OLDEST:
        return (
            f"it was made for contract {contract}, whose names were not settled yet, and this anyjob keeps {CONTRACT};"
            " install a newer version of the plugin"
        )
    return ""
