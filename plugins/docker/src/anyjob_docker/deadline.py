"""What the shim executes when a run's deadline has passed and no worker is there: `python -m anyjob_docker.deadline`.

The engine asks the container, waits its grace and kills it, also when this process ends before that.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

from anyjob_docker.address import Address
from anyjob_docker.client import EngineClient
from anyjob_docker.trouble import EngineAway, EngineRefused

__all__ = ["main"]

_SECONDS: Final = 100.0
"""In which this process ends: the shim gives it two minutes."""
_TRIES: Final = 20
_PAUSE: Final = 1.0


def main(arguments: list[str]) -> int:
    """`ADDRESS CONTAINER GRACE`, the address as Address.to_json gives it. 0: the container is stopped, or was over."""
    address, container, grace = Address.from_json(arguments[0]), arguments[1], float(arguments[2])
    said: list[str] = []
    done = threading.Event()

    def stop() -> None:
        for _ in range(_TRIES):
            try:
                EngineClient(address, grace + 60).stop(container, int(-(-grace // 1)))
                said.clear()
                break
            except EngineRefused as refused:
                said.append(str(refused))
                break
            except EngineAway as away:
                said.append(str(away))
                done.wait(_PAUSE)
        else:
            said.append("given up")
        done.set()

    threading.Thread(target=stop, daemon=True).start()
    finished = done.wait(_SECONDS)
    for line in said[-1:]:
        print(line, file=sys.stderr)  # noqa: T201 - the shim keeps it
    return 0 if finished and not said else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
