"""A job that prints what it finds when it begins, as JSON. Run by the tests of warm runs, cold and warm."""

import ctypes
import json
import os
import resource
import signal
import sys

LINES = ("SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapInh", "NoNewPrivs", "Threads")
STREAM = ("encoding", "errors", "line_buffering", "write_through", "name", "mode", "newlines")
GET_DUMPABLE, GET_PDEATHSIG = 3, 2
RLIMITS = 16
ROOM = 40
"""Bytes of arguments that there is room for in a resident in any case."""


def lines(path: str) -> list[str]:
    """A file of /proc, whatever bytes it holds."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().split("\n")


libc = ctypes.CDLL(None)
death = ctypes.c_int(-1)
libc.prctl(GET_PDEATHSIG, ctypes.byref(death), 0, 0, 0)
main = vars(sys.modules["__main__"])
streams = (sys.stdin, sys.stdout, sys.stderr)
print(
    json.dumps(
        {
            "argv": [sys.argv, sys.orig_argv, sys.executable, sys.prefix, str(sys.flags)],
            "path": sys.path,
            "main": [__name__, __file__, __doc__, __package__, __spec__, main["__cached__"], sorted(main)],
            "loader": [type(__loader__).__name__, __loader__.name, __loader__.path, type(__builtins__).__name__],
            "hooks": [sys.excepthook is sys.__excepthook__, sys.getrecursionlimit()],
            "streams": [[getattr(stream, name) for name in STREAM] for stream in streams],
            "stdin": os.read(0, 1).decode(),
            "env": dict(os.environ),
            "environ": sorted(lines("/proc/self/environ")[0].strip("\0").split("\0")),
            "cmdline": lines("/proc/self/cmdline")[0][:ROOM],
            "cwd": os.getcwd(),
            "umask": os.umask(0),
            "signals": {number: str(signal.getsignal(number)) for number in signal.valid_signals()},
            "status": [line for line in lines("/proc/self/status") if line.split(":")[0] in LINES],
            "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
            "parent": os.getppid(),
            "children": lines(f"/proc/self/task/{os.getpid()}/children"),
            "oom": lines("/proc/self/oom_score_adj"),
            "limits": [resource.getrlimit(number) for number in range(RLIMITS)],
            "nice": [os.nice(0), sorted(os.sched_getaffinity(0))],
            "traced": [libc.prctl(GET_DUMPABLE, 0, 0, 0, 0), death.value],
            "files": [os.readlink(f"/proc/self/fd/{number}") for number in range(3)],
            "more files": sorted(os.listdir("/proc/self/fd"))[3:-1],
            "groups": [line.rpartition("/")[0] for line in lines("/proc/self/cgroup") if line.startswith("0::")],
        }
    )
)
