"""Plays the program of a transcript: TRANSCRIPTS is a folder, and each process takes the next file in it.

What the worker says otherwise than the transcript goes to a file beside it, and ends the program.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

ANY = "..."


def differs(shown: Any, got: Any) -> bool:
    """Whether `got` is not what is shown: every field of an object, in any order; `...` is any value."""
    if shown == ANY:
        return False
    if isinstance(shown, dict) and isinstance(got, dict):
        fields = cast("dict[str, Any]", shown), cast("dict[str, Any]", got)
        return fields[0].keys() != fields[1].keys() or any(differs(fields[0][key], fields[1][key]) for key in fields[0])
    return shown != got


def main(folder: Path) -> None:
    file = min(folder.glob("*.jsonl"))
    file = file.rename(file.with_suffix(".played"))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        who, _, said = line.partition(" ")
        if who == "←":
            print(said, flush=True)
            continue
        heard = sys.stdin.readline()
        if not heard or differs(json.loads(said), json.loads(heard)):
            (folder / f"{file.stem}.differs").write_text(f"{number}: {said}\nit said: {heard}")
            return
    rest = sys.stdin.read()
    if rest:
        (folder / f"{file.stem}.differs").write_text(f"after the end it said: {rest}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
