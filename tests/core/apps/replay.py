"""Plays the program of a transcript: TRANSCRIPTS is a folder, and each process takes the next file in it.

    replay.py TRANSCRIPTS [SOCKET]

What the worker says otherwise than the transcript goes to a file beside it, and ends the program. With SOCKET it is an
application that dials there.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import IO, Any, cast

ANY = "..."


def differs(shown: Any, got: Any) -> bool:
    """Whether `got` is not what is shown: every field of an object, in any order; `...` is any value."""
    if shown == ANY:
        return False
    if isinstance(shown, dict) and isinstance(got, dict):
        fields = cast("dict[str, Any]", shown), cast("dict[str, Any]", got)
        return fields[0].keys() != fields[1].keys() or any(differs(fields[0][key], fields[1][key]) for key in fields[0])
    return shown != got


def play(folder: Path, into: IO[str], out: IO[str]) -> None:
    file = min(folder.glob("*.jsonl"))
    file = file.rename(file.with_suffix(".played"))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        who, _, said = line.partition(" ")
        if who == "←":
            print(said, file=out, flush=True)
            continue
        heard = into.readline()
        if not heard or differs(json.loads(said), json.loads(heard)):
            (folder / f"{file.stem}.differs").write_text(f"{number}: {said}\nit said: {heard}")
            return
    rest = into.read()
    if rest:
        (folder / f"{file.stem}.differs").write_text(f"after the end it said: {rest}")


def main(folder: Path, where: list[str]) -> None:
    if not where:
        return play(folder, sys.stdin, sys.stdout)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(where[0])
        with stream.makefile("r") as into, stream.makefile("w") as out:
            return play(folder, into, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
