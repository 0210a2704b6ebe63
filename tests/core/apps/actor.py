"""An executable whose part is given by its first argument: well-behaved except in that.

A run is `wait` (until somebody writes RUN.over into the folder) or over at once. Everything that happens to it is a
line in FOLDER/RUN.story; the requests of all processes are in FOLDER/requests.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

PART = sys.argv[1] if len(sys.argv) > 1 else ""
LOCK = threading.Lock()
folder = Path()


def say(**message: Any) -> None:
    with LOCK:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def note(name: str, line: str) -> None:
    with (folder / name).open("a") as file:
        file.write(line + "\n")


def once(what: str) -> bool:
    """True for the first process that asks."""
    try:
        (folder / what).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def story(run: str) -> list[str]:
    path = folder / f"{run}.story"
    return path.read_text().split() if path.exists() else []


def follow(run: str, cursor: int) -> None:
    """Tell of a run until it is over. Its output is the file RUN.out."""
    while True:
        over = (folder / f"{run}.over").exists()
        data = (folder / f"{run}.out").read_bytes() if (folder / f"{run}.out").exists() else b""
        if len(data) > cursor:
            text = data[cursor:].decode()
            cursor = len(data)
            say(type="log", run=run, text=text, source="log", cursor=str(cursor))
        if over:
            return say(type="result", run=run, outcome={"cause": "succeeded", "result": "over"})
        time.sleep(0.005)


def start(message: dict[str, Any]) -> None:
    run, what = message["run"], message["spec"]["what"]
    note(f"{run}.story", "begun")
    if PART == "dies-in-start" and once("died"):
        os._exit(9)
    if PART == "says-secret":
        sys.stderr.write(f"the token is {message['secrets']['TOKEN']}\n")
        sys.stderr.flush()
    if what == "wait":
        say(type="ok", re=message["id"], handle={"run": run, "at": 1})
        if PART == "freezes" and once("frozen"):
            time.sleep(60)
        threading.Thread(target=follow, args=(run, 0), daemon=True).start()
    elif what == "late":
        say(type="ok", re=message["id"], handle={})
        say(type="result", run=run, outcome={"cause": "succeeded"})
        say(type="log", run=run, text="too late")
        say(type="result", run=run, outcome={"cause": "failed"})
    elif what == "environment":
        say(type="ok", re=message["id"], outcome={"cause": "succeeded", "outputs": dict(os.environ)})
    elif what == "facts":
        say(type="ok", re=message["id"], outcome={"cause": "succeeded", "outputs": message})
    elif what.startswith("{"):
        say(type="ok", re=message["id"], handle={})
        say(**{"type": "result", "run": run, **json.loads(what)})
    else:
        say(type="ok", re=message["id"], outcome={"cause": "succeeded", "result": what})


def take(message: dict[str, Any]) -> None:
    kind, run = message["type"], message.get("run", "")
    if "id" in message and folder.exists():
        note("requests", f"{os.getpid()} {kind}")
    if kind == "start":
        start(message)
    elif kind == "watch":
        note(f"{run}.story", f"watched:{json.dumps(message['facts']['saved'])}")
        say(type="ok", re=message["id"])
        if PART == "dies-in-watch" or (PART == "dies-once-in-watch" and once("died")):
            os._exit(9)
        follow_from = int(message["cursors"].get("log", 0))
        threading.Thread(target=follow, args=(run, follow_from), daemon=True).start()
    elif kind == "find":
        begun = bool(story(run))
        say(type="ok", re=message["id"], **({"handle": {"run": run, "at": 2}} if begun else {"never": True}))
    elif kind == "stop":
        (folder / f"{run}.over").touch()
        say(type="ok", re=message["id"], stop={"strength": "PROVEN", "by": "me", "evidence": [], "survivors": []})
    elif kind in ("clean", "ping", "health") and PART != "bare":
        say(type="ok", re=message["id"], state="healthy")
    elif "id" in message:
        say(type="unsupported", re=message["id"])


def misbehave(message: dict[str, Any]) -> None:
    """What a part does instead of an answer to `start`; it is killed for it, or ends."""
    if PART == "garbage":
        print("Traceback: \x1b[31mnot JSON", flush=True)
        time.sleep(60)
    elif PART == "not-utf8":
        os.write(1, b'{"type":"\xff\xfe"}\n')
        time.sleep(60)
    elif PART == "wrong-field":
        say(type="log", run=message["run"], base64="!!!")
        time.sleep(60)
    elif PART == "long-line":
        piece = b"x" * (1 << 20)
        for _ in range(100):
            os.write(1, piece)
    elif PART == "exits":
        sys.stderr.write("the disk is on fire\n")
        sys.stderr.flush()
        os._exit(7)
    elif PART == "hangs":
        time.sleep(60)
    elif PART == "deaf":
        while True:
            say(type="ping", id="x" * 8_000_000)


def main() -> None:
    global folder  # noqa: PLW0603 - the welcome says it
    if PART == "exits-at-once":
        raise SystemExit("no licence")
    if PART == "silent":
        time.sleep(60)
    if PART == "no-hello":
        say(type="ok", re=1)
    say(type="hello", protocols=[7] if PART == "other-version" else [1, 2], later="ignored")
    if PART == "noisy":
        sys.stderr.write("\x1b[2Jbell\x07 " + "y" * 5000 + "\n" + "line\n" * 1000)
        sys.stderr.flush()
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "welcome":
            folder = Path(message["folder"] or "/nowhere")
            continue
        if message["type"] == "start":
            misbehave(message)
        take(message)


if __name__ == "__main__":
    main()
