"""An engine by hand: `python -m tests.grounds.docker up --dir D` prints DOCKER_HOST, `down --dir D` leaves nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.grounds.docker.engine import Engine, missing


def main() -> None:
    """Run the command line."""
    words = argparse.ArgumentParser(prog="python -m tests.grounds.docker", description=__doc__)
    words.add_argument("what", choices=["up", "down"])
    words.add_argument("--dir", type=Path, required=True, help="the engine's folder; `down` removes what is its own")
    words.add_argument("--live-restore", action="store_true", help="containers outlive the engine's end")
    words.add_argument("--images", nargs="*", default=["busybox:test"], help="test images to load; default: busybox")
    given = words.parse_args()
    if why := missing():
        sys.exit(why)
    engine = Engine(given.dir)
    if given.what == "down":
        engine.clear()
        return
    engine.start(live_restore=given.live_restore)
    for name in given.images:
        engine.images.need(name)
    print(f"export DOCKER_HOST={engine.url}")


if __name__ == "__main__":
    main()
