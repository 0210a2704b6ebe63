"""The end of a warm Python run, as the interpreter and C would end. Part of the resident's program: standard library
alone, Python 3.8 or later.
"""

from __future__ import annotations

import _ctypes
import _thread
import _weakref
import atexit
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LAST = "anyjob_zygote"
"""The last entry of `sys.modules` before the fork: what follows is the run's."""
_LOUD = ("ctypes", "readline", "_curses", "_tkinter")
"""Python's own modules whose users may leave words in the buffers of C, or functions for its end."""
_FOLDER = os.path.dirname(getattr(_ctypes, "__file__", None) or "-/-")
"""Where Python's own native modules lie."""

_Module: Any = type(sys)  # pyright: ignore[reportUnknownVariableType]
_native: Any = _ctypes
_call = _native.call_function
_exit_at = _native.dlsym(_native.dlopen(None, 2), "exit")
# As `threading` and `multiprocessing` use them.
_count_threads = _thread._count  # pyright: ignore[reportPrivateUsage]
_run_exit_functions = atexit._run_exitfuncs  # pyright: ignore[reportPrivateUsage]


def end(status: object, *, quick: bool) -> None:
    """End as the interpreter would end, without taking apart what was loaded before the fork: that would cost more than
    the rest of a short run, as every page of it would have to be copied. Returns where the usual end is needed.

    `quick`: nothing that was loaded before the fork waits for the end of C, which costs as many pages again where there
    are libraries with much to free.
    """
    if _count_threads() or not (status is None or isinstance(status, int)):
        return
    try:
        _run_exit_functions()
    except BaseException:  # noqa: BLE001, S110 - before 3.10 the last failure comes back, which has been printed
        pass
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - the usual end meets it again, and has a status for it
        return
    if _count_threads():
        return
    quick = forget() and quick
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - there is nobody left to be told
            pass
    code = 0 if status is None else status & 0xFF
    if quick:
        os._exit(code)
    _call(_exit_at, (code,))


def forget() -> bool:
    """What the run itself has made goes as usual: finalizers run, files that were left open are written. Returns
    whether nothing that it has loaded waits for the end of C.
    """
    plain = not any(name in sys.modules for name in _LOUD)
    names = ["__main__"]
    for name in reversed(sys.modules):
        if name == LAST:
            break
        if name != "__main__":
            names.append(name)
    modules = [sys.modules.pop(name, None) for name in names]
    plain = plain and not any(map(_foreign, modules))
    own = [_weakref.ref(module) for module in modules if type(module) is _Module]
    del modules
    # What was loaded before the fork is in no generation, what came since is in the last one only if it is old. A
    # collection of that one would also give back what is kept for use, page by page.
    gc.collect(1 if sys.version_info < (3, 14) and not gc.get_objects(2) else 2)
    for module in filter(None, [ref() for ref in own]):
        for name in list(module.__dict__):
            if name != "__builtins__":
                module.__dict__[name] = None
    return plain


def is_all_plain(beside: Callable[[str], Any]) -> bool:
    """Whether surely nothing that is loaded waits for the end of C. Python's own modules leave nothing to it that is
    seen outside of the process, but for those in _LOUD. `beside` gives the module `native`, if it is needed.
    """
    if "LD_PRELOAD" in os.environ:
        return False
    files = set(filter(None, map(_foreign, list(sys.modules.values()))))
    return not files or all(map(beside("native").leaves_nothing, files))


def _foreign(module: object) -> str | None:
    """The file of a native module that is not Python's own."""
    file = getattr(module, "__dict__", {}).get("__file__")
    if isinstance(file, str) and file.endswith(".so") and os.path.dirname(file) != _FOLDER:
        return file
    return None
