"""What is kept of a started container, to find it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.executor import Handle, Scope
from anyjob_docker.address import Address
from anyjob_docker.container import ENTRY, LEFTOVERS_LABEL, RETURNS_LABEL

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob.run import Run

__all__ = ["address_of", "make_handle"]

_LONGEST: Final = 256


def make_handle(
    address: Address, ident: str, config: Mapping[str, Any], run: Run, warnings: Sequence[str] = ()
) -> Handle:
    """The handle of a container by its options, as they were asked for or as the engine shows them."""
    words = cast("Sequence[str]", config.get("Cmd") or ())
    entry = cast("Sequence[str]", config.get("Entrypoint") or ())
    helper = entry[:1] == [ENTRY]
    labels = cast("Mapping[str, str]", config.get("Labels") or {})
    command = words if helper else [*entry, *words]
    data: dict[str, Json] = {
        "id": ident,
        "address": json.loads(address.to_json()),
        "grace": run.grace,
        "signal": str(config.get("StopSignal") or "SIGTERM").removeprefix("SIG"),
        "helper": helper,
        "leftovers": labels.get(LEFTOVERS_LABEL, "kill"),
        "image": str(config.get("Image", ""))[:_LONGEST],
        "command": command[0][:_LONGEST] if command else "",
    }
    if RETURNS_LABEL in labels:
        data["returns"] = [*labels[RETURNS_LABEL].split("/")]
    if warnings:
        data["warnings"] = [warning[:_LONGEST] for warning in warnings[:4]]
    # A socket is this machine's; an address is for every worker that can reach it.
    return Handle(kind="docker", scope=Scope.NODE if address.socket else Scope.REMOTE, data=data)


def address_of(handle: Handle) -> Address:
    """The engine on which the container was started."""
    return Address.from_json(json.dumps(handle.data["address"]))
