"""Jobs that resist their stop. Each makes the file `ready` in its run's folder once it stands as it wants to."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from anyjob.job import Job

__all__ = ["CASES", "Case"]

MARK = "60.#{schedulerx.instanceId}"
"""Seconds to sleep, and the run's mark: every process of these jobs has it, or the run's folder, among its arguments.
So each ends by itself after a minute, should all else fail."""

_CHAIN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.time() + 20
if os.fork():
    time.sleep(60)
open("ready", "w").close()
while time.time() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.0005)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to resist. `waits`: the stop comes when the job is ready, else at some moment of its start."""

    name: str
    script: str
    leftovers: str = "kill"
    waits: bool = True
    flight: int = 16
    """Runs at a time, at most: some of them are busy."""

    @property
    def job(self) -> Job:
        """A run of it is forced soon; `leftovers` wait: the stop finds it alive though its leader is gone."""
        xattrs = {"grace": 5, "leftovers": self.leftovers}
        return Job(name=self.name, job_type="shell", content=self.script.replace("MARK", MARK), xattrs=xattrs)


_WIPED = "(env -i setsid sh -c 'exec > /dev/null 2>&1; trap \"\" TERM; : > ready; sleep MARK' MARK &)\nsleep MARK"

CASES = {
    case.name: case
    for case in (
        Case(name="double fork", script="((trap '' TERM; : > ready; sleep MARK) &)\nsleep MARK"),
        Case(name="setsid", script="setsid sh -c 'trap \"\" TERM; : > ready; sleep MARK' MARK &\nsleep MARK"),
        Case(name="TERM ignored", script="trap '' TERM\n: > ready\nsleep MARK\nsleep MARK"),
        Case(
            name="fork storm",
            script="trap '' TERM\ni=0\nwhile [ $i -lt 200 ]; do sleep MARK & i=$((i+1)); done\n: > ready\nwait",
            flight=1,
        ),
        Case(
            name="daemon holds the log",
            script="(setsid sh -c 'trap \"\" TERM; : > ready; sleep MARK' MARK &)\nexit 0",
            leftovers="wait",
        ),
        Case(name="environment wiped", script=_WIPED),
        Case(name="fork chain", script=f"exec {sys.executable} -I -S -c '{_CHAIN}' MARK", flight=2),
        Case(name="stop during start", script=_WIPED, waits=False),
    )
}
"""By name."""
