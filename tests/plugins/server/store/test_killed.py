"""A process that writes is killed, at any moment, twenty times: what it was answered is there, and once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

from tests.plugins.server.store.place import Place, a_group

LIVES = 20


def test_what_was_answered_is_there_once(place: Place) -> None:
    store = place.open()
    assert asyncio.run(a_group(store)) == 1
    store.close()
    said = Counter[str]()
    reached = dict[int, int]()
    arguments = [sys.executable, "-m", "tests.plugins.server.store.crasher", str(place.state), place.url or ""]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as program:
        assert program.stdin
        assert program.stdout
        for life in range(LIVES):
            program.stdin.write(f"{life}\n")
            word, pid = program.stdout.readline().split()
            assert word == "ready"
            enough = random.randrange(1, 400)
            lines = [program.stdout.readline() for _ in range(enough)]
            time.sleep(random.random() / 100)
            os.kill(int(pid), signal.SIGKILL)
            while (line := program.stdout.readline()) != "ended\n":
                assert line, "the program that forks has ended"
                lines.append(line)
            for line in lines:
                kind, _, rest = line.strip().partition(" ")
                said[kind] += 1
                if kind == "moved":
                    instance, status = rest.split()
                    reached[int(instance)] = int(status)
                else:
                    said[rest] += 1
        program.stdin.close()
    tokens = {token for token in said if "-" in token}
    messages = Counter(kind for (kind,) in place.ask("SELECT kind FROM outbox"))
    names = Counter(name for (name,) in place.ask("SELECT name FROM jobs"))
    stands = dict(place.ask("SELECT id, status FROM instances"))
    assert said["message"] > LIVES
    assert max(messages.values()) == max(names.values()) == 1, "none twice"
    assert not tokens - messages.keys(), "every message that was answered"
    assert sum(said[token] == 2 for token in tokens) == said["job"]
    assert not {token for token in tokens if said[token] == 2} - names.keys(), "every job that was answered"
    order = [1, 3, 4]
    assert all(order.index(stands[instance]) >= order.index(status) for instance, status in reached.items())
    assert place.ask("SELECT count(*) FROM jobs j LEFT JOIN job_texts t ON t.job = j.id WHERE t.job IS NULL") == [(0,)]
    if place.url is None:
        assert place.ask("PRAGMA integrity_check") == [("ok",)]
