"""What C does once before the fork, so that no forked process has to, on pages of its own. Part of the resident's
program: standard library alone, Python 3.8 or later.

Source: Linux man-pages, ld.so(8), LD_BIND_NOW, sbrk(2) and mallopt(3), M_TOP_PAD.
"""

from __future__ import annotations

import _ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any

_GAPS = 4 << 20
"""Bytes that may be taken to fill gaps. Another allocator than that of glibc has no end that is found so."""
_TOP = 256 << 10
"""Bytes at the end of the heap that count as its end: a little more than it grows by."""
_SIZES = (*(1 << power for power in range(16, 10, -1)), *range(1024, 16, -16))

_native: Any = _ctypes
_call = _native.call_function
_malloc_at, _sbrk_at = [_native.dlsym(_native.dlopen(None, 2), name) for name in ("malloc", "sbrk")]


def link(one: _socket.socket, other: _socket.socket) -> None:
    """Let the linker find what is called first in a forked process; it writes down what it has found. `one` and `other`
    are a pair of sockets that hold nothing.
    """
    null = os.open("/dev/null", os.O_RDWR)
    spare = os.dup(null)
    os.dup2(null, spare, inheritable=False)
    os.set_inheritable(spare, True)  # noqa: FBT003 - it has no name
    os.closerange(spare, spare + 1)
    os.write(null, b"")
    os.close(null)
    one.send(b"-")
    other.recv(1)
    try:
        os.chdir(os.getcwd())  # which a module may have taken away
        os.setsid()
    except OSError:
        pass  # it leads its session already


def fill_gaps() -> None:
    """Leave nothing free but the end of C's heap: what a forked process takes then lies side by side on few pages, and
    not in gaps all over the heap.
    """
    left = _GAPS
    for size in _SIZES:
        while left > 0:
            left -= size
            place, end = _call(_malloc_at, (size,)), _call(_sbrk_at, (0,))
            if (end - place) % (1 << 32) <= _TOP:  # both are cut to 32 bits
                break
