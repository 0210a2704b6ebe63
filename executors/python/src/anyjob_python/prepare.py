"""Installs the requirements of a run, then becomes its script. Standard library alone, Python 3.8 or later.

    PYTHON -IS anyjob_prepare.py ORDER SCRIPT [ARGUMENT ...]

It is the run's own process: what it does is held by the run's limits, deadline, user and stop, and its words are the
run's log. ORDER is a JSON file with `uv`, `cache`, `key`, `requirements`, `index_url`, `find_links`, `no_index`,
`build`, `timeout`, `keep_days` and `keep_size`. What it cannot do it writes to $ANYJOB_RESULT under `anyjob_python`
and ends with code 69.

    CACHE/envs/KEY              an environment that is whole: it came here by a rename
    CACHE/envs/KEY/anyjob.json  what is in it; its time is that of the last use
    CACHE/envs/.KEY.lock        held by whoever makes or removes it; the kernel lets go when that process dies
    CACHE/envs/.KEY.new         half made: whoever holds the lock next removes it
    CACHE/uv                    uv's own cache
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from urllib.parse import unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

FAILED = 69
"""The exit code of a run whose requirements could not be had: EX_UNAVAILABLE of sysexits.h."""
SAID = "anyjob_python"
MARKER = "anyjob.json"
_TAIL = 8000
_RECENT = 3600
"""Seconds in which an environment counts as used: a run that has just found it whole may not have opened it yet."""


class Failed(Exception):
    """The environment cannot be had. `said`: the words of whoever knows why."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.why, self.said = why, said


def main() -> None:
    """Have the environment, then execute the script with it."""
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    os.unlink(sys.argv[1])  # it may hold the password of the index
    try:
        folder = environment(order)
    except Failed as failed:
        fail(failed)
    except OSError as error:
        fail(Failed("the folder of environments cannot be used", f"{error.filename}: {error.strerror}"))
    env = dict(os.environ, VIRTUAL_ENV=folder)
    env["PATH"] = os.path.join(folder, "bin") + os.pathsep + env.get("PATH", os.defpath)
    python = os.path.join(folder, "bin", "python")
    os.execve(python, [python, *sys.argv[2:]], env)  # noqa: S606 - what it becomes is the job itself


def fail(failed: Failed) -> NoReturn:
    """Say why, in the log and to the worker."""
    sys.stderr.write("[anyjob] requirements: {}\n{}".format(failed.why, failed.said and failed.said.rstrip() + "\n"))
    path = os.environ["ANYJOB_RESULT"]
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({SAID: {"why": failed.why, "said": failed.said}}, file)
    os.replace(path + ".new", path)
    sys.exit(FAILED)


def whole(folder: str) -> bool:
    """Whether the environment can be used, also by its base interpreter, which may have been removed since."""
    return os.path.isfile(os.path.join(folder, MARKER)) and os.access(os.path.join(folder, "bin", "python"), os.X_OK)


def environment(order: dict[str, Any]) -> str:
    """The folder of the environment, made if nobody has made it yet. Raises Failed or OSError."""
    until = time.monotonic() + order["timeout"]
    cache = order["cache"] or os.path.join(_user_cache(), "anyjob", "python")
    envs = os.path.join(cache, "envs")
    os.makedirs(envs, 0o700, exist_ok=True)
    folder = os.path.join(envs, order["key"])
    if not whole(folder):
        lock = os.open(os.path.join(envs, ".{}.lock".format(order["key"])), os.O_RDWR | os.O_CREAT, 0o600)
        wait(lock, until)
        if not whole(folder):
            make(order, cache, folder, until)
            if prune(envs, order, folder):
                # What only they had is of no use any more; the wheels of the others are installed.
                with contextlib.suppress(Failed):
                    uv(order, ["cache", "prune", "--ci", *_common(cache)], until)
        os.close(lock)
    os.utime(os.path.join(folder, MARKER))
    return folder


def _user_cache() -> str:
    """Of a run whose user is not the worker's."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return named if os.path.isabs(named) else os.path.join(os.environ.get("HOME", "/"), ".cache")


def wait(lock: int, until: float) -> None:
    """Until nobody else makes the same environment, at most until `until` (monotonic seconds). Raises Failed."""
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        if time.monotonic() >= until:
            raise Failed("another run has not finished making the same environment in time")
        time.sleep(0.05)


def make(order: dict[str, Any], cache: str, folder: str, until: float) -> None:
    """Make the environment beside its place and move it there when it is whole, at most until `until` (monotonic
    seconds). Raises Failed or OSError."""
    new = os.path.join(os.path.dirname(folder), ".{}.new".format(order["key"]))
    for old in (new, folder):
        shutil.rmtree(old, ignore_errors=True)
    venv = ["venv", "--relocatable", "--no-project", "--python", sys.executable]
    uv(order, [*venv, *_common(cache), new], until)
    options = ["--python", os.path.join(new, "bin", "python"), *_common(cache)]
    options += [] if order["build"] else ["--only-binary", ":all:"]
    options += ["--no-index"] if order["no_index"] else []
    for place in order["find_links"]:
        options += ["--find-links", place]
    uv(order, ["pip", "install", *options, "--", *order["requirements"]], until)
    with open(os.path.join(new, MARKER), "w", encoding="utf-8") as file:
        json.dump({"requirements": order["requirements"], "python": sys.version, "bytes": size(new)}, file)
    os.rename(new, folder)


def _common(cache: str) -> list[str]:
    words = ["--no-config", "--no-progress", "--color", "never", "--no-python-downloads"]
    return [*words, "--cache-dir", os.path.join(cache, "uv")]


def uv(order: dict[str, Any], words: list[str], until: float) -> None:
    """Run uv, at most until `until` (monotonic seconds). Raises Failed with its own words."""
    # Another index or cache in the job's environment would change what every job with the same list gets.
    ours = ("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV", "CONDA_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if order["index_url"]:
        env["UV_DEFAULT_INDEX"] = order["index_url"]
    argv = [order["uv"], *words]
    left = max(0.1, until - time.monotonic())
    try:
        done = subprocess.run(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=left,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        text = hidden((expired.stdout or b"").decode("utf-8", "replace"), order["index_url"])
        raise Failed("not installed within {:g} s".format(order["timeout"]), text[-_TAIL:]) from None
    except OSError as error:
        raise Failed("uv cannot be executed", "{}: {}".format(order["uv"], error.strerror)) from None
    if done.returncode:
        text = hidden(done.stdout.decode("utf-8", "replace"), order["index_url"])
        raise Failed(f"uv ended with {done.returncode}", text[-_TAIL:])


def hidden(text: str, url: str | None) -> str:
    """The text without the name and password of the index."""
    there = urlsplit(url or "")
    words = {word for word in (there.username, there.password) if word}
    for word in sorted(words | {unquote(word) for word in words}, key=len, reverse=True):
        text = text.replace(word, "***")
    return text


def prune(envs: str, order: dict[str, Any], keep: str) -> bool:
    """Remove environments that nobody has used for long, the oldest of more than may stay, and what is half made by
    nobody. Never one in use. Returns whether any went."""
    gone = False
    found: list[tuple[float, int, str]] = []
    for name in os.listdir(envs):
        marker = os.path.join(envs, name, MARKER)
        try:
            with open(marker, encoding="utf-8") as file:
                found.append((os.stat(marker).st_mtime, json.load(file)["bytes"], name))
        except (OSError, ValueError, KeyError):
            if name.endswith(".new"):
                remove(envs, name[1:-4])
    now, left = time.time(), sum(taken for _, taken, _ in found)
    for used, taken, name in sorted(found):
        old = now - used > order["keep_days"] * 86400
        if not (old or left > order["keep_size"]):
            continue
        folder = os.path.join(envs, name)
        if folder != keep and now - used > _RECENT and not busy(folder) and remove(envs, name):
            left, gone = left - taken, True
    return gone


def remove(envs: str, name: str) -> bool:
    """Take an environment away, unless somebody makes it at this moment."""
    gone = os.path.join(envs, f".{name}.new")
    lock = os.open(os.path.join(envs, f".{name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(gone, ignore_errors=True)
        if os.path.exists(os.path.join(envs, name)):
            os.rename(os.path.join(envs, name), gone)  # at once, so that nobody finds half of it
        shutil.rmtree(gone, ignore_errors=True)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def busy(folder: str) -> bool:
    """Whether a process runs from the environment. One that cannot be looked at belongs to another user."""
    mark = os.fsencode(folder) + b"/"
    for pid in os.listdir("/proc"):
        for name in ("cmdline", "maps") if pid.isdigit() else ():
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    if mark in file.read():
                        return True
            except OSError:
                continue
    return False


def size(folder: str) -> int:
    """Bytes of all files below the folder."""
    return sum(os.lstat(os.path.join(top, name)).st_size for top, _, names in os.walk(folder) for name in names)


if __name__ == "__main__":
    main()
