"""What C does before the fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyjob_python

GAPS = """
import ctypes, importlib.util, sys
spec = importlib.util.spec_from_file_location("ready", sys.argv[1])
ready = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ready)
c = ctypes.CDLL(None)
c.malloc.restype = c.sbrk.restype = ctypes.c_void_p
c.free.argtypes = [ctypes.c_void_p]
blocks = [c.malloc(600) for _ in range(4000)]
for block in blocks[::2]:
    c.free(block)
if sys.argv[2] == "fill":
    ready.fill_gaps()
print(sum(c.sbrk(0) - c.malloc(600) > 1 << 19 for _ in range(20)))
"""


def far_from_the_end(how: str) -> int:
    """Of twenty pieces, those that C takes from gaps."""
    ready = Path(anyjob_python.__file__).with_name("ready.py")
    return int(subprocess.check_output([sys.executable, "-c", GAPS, str(ready), how]))


def test_what_a_fork_takes_lies_at_the_end_of_the_heap() -> None:
    assert far_from_the_end("leave") == 20
    assert far_from_the_end("fill") == 0


def test_a_module_that_took_its_folder_away_is_no_fault(tmp_path: Path) -> None:
    ready = Path(anyjob_python.__file__).with_name("ready.py")
    script = (
        "import importlib.util, os, socket, sys\n"
        "spec = importlib.util.spec_from_file_location('ready', sys.argv[1])\n"
        "ready = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(ready)\n"
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "ready.link(*socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(ready)], cwd=tmp_path, check=True, capture_output=True)
