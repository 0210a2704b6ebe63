# ruff: noqa: E402 - the search path must be right before anything is imported
"""The resident of warm Python runs: `INTERPRETER zygote.py MODULE...` imports once, then forks for each run.

Runs as a program only, by whatever interpreter a job names (3.8 and later), with nothing but the standard library. Its
stdin is the shim's channel, a SOCK_SEQPACKET socket. It says `{"ev":"ready"}` once the modules are imported, or
`{"ev":"failed","cause":...,"evidence":[[source,text]]}`. A message from the shim brings one socket for each process to
fork, its leash; the answer `{"ev":"forked","pids":[...]}` is given when these processes are children of the nearest
subreaper. At the end of the channel it exits.

A forked process waits at its leash for one message with two descriptors: the order and the log. The order holds parts
that NUL bytes end: bytes of RLIMIT_AS or nothing, the working directory, the number of arguments, these, and the
environment. The process becomes that run, answers `{"ev":"begun"}`, and runs `argv[1:]` as `python SCRIPT ARGS...`
would. It answers `failed` when it cannot, and exits without a word at the end of the leash. Nothing that was read of a
run is ever in the memory of the process that forks the next.

Source: Linux man-pages, proc_pid_stat(5), arg_start to env_end.
"""

from __future__ import annotations

import sys

_FOLDER_FIRST = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
if _FOLDER_FIRST:
    del sys.path[0]  # the folder of this file: its modules are not the job's

import _socket
import _thread
import array
import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.machinery
import json
import os
import time
import types
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHANNEL = 0
_LAST = "anyjob_zygote"
"""The last entry of `sys.modules` before the fork: what follows is the run's."""
_MOST = 64
"""Leashes in one message."""
_LONGEST = 1 << 16
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_SIGKILL = 9

_libc = ctypes.CDLL(None, use_errno=True)
# As `threading` and `multiprocessing` use them.
_count_threads = _thread._count  # pyright: ignore[reportPrivateUsage]
_run_exit_functions = atexit._run_exitfuncs  # pyright: ignore[reportPrivateUsage]


class _Refused(Exception):
    """Why there is no resident, or no run. `cause` is anyjob's word for it."""

    def __init__(self, cause: str, source: str, text: str) -> None:
        super().__init__(text)
        self.said = {"ev": "failed", "cause": cause, "evidence": [[source, text]]}


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option})")


class _Memory:
    """Where the kernel finds this process's arguments and environment; every fork has them at the same place."""

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        # proc(5): arg_start, arg_end, env_start, env_end are fields 48 to 51, and the two before the bracket are cut.
        self._arguments, self._arguments_end, self._environment, self._environment_end = map(int, fields[45:49])

    def show(self, argv: list[bytes], env: list[bytes]) -> None:
        """Let /proc/PID/cmdline and environ say what they would of a process started by exec, as far as there is room.

        The shim puts its mark first: by it a run's processes are told from others.
        """
        self._fill(self._environment, self._environment_end, env)
        self._fill(self._arguments, self._arguments_end, argv)

    @staticmethod
    def _fill(start: int, end: int, parts: list[bytes]) -> None:
        room = end - start
        data = b"\0".join(parts)[: room - 1]
        ctypes.memmove(start, data.ljust(room, b"\0"), room)


def _open_files() -> list[str]:
    found: list[str] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2:
                found.append(f"{name} ({os.readlink('/proc/self/fd/' + name)})")
        except OSError:
            continue  # the listing's own
    return found


def _load(names: list[str]) -> None:
    """Import what is to be there for every run. Raises _Refused, also for what runs would share or lose by a fork."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise _Refused("dependency_missing", "preload", f"{name}: {error}") from error
        except BaseException as error:
            raise _Refused("start_failed", "preload", f"{name}: {type(error).__name__}: {error}") from error
    said = ", ".join(names)
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        raise _Refused("start_failed", "preload", f"{said}: importing started threads, which a fork does not have")
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass
    else:
        raise _Refused("start_failed", "preload", f"{said}: importing started processes, which runs would share")
    left = _open_files()
    if left:
        raise _Refused("start_failed", "preload", f"{said}: importing opened what runs would share: {', '.join(left)}")


def _receive(channel: _socket.socket) -> tuple[bytes, list[int]]:
    """A message and its descriptors; an empty message is the end."""
    fds = array.array("i")
    data, ancillary, _, _ = channel.recvmsg(64, _socket.CMSG_SPACE(_MOST * fds.itemsize))
    for level, kind, part in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            fds.frombytes(part[: len(part) - len(part) % fds.itemsize])
    return data, fds.tolist()


def _ended(channel: _socket.socket) -> bool:
    try:
        return not channel.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def _say(channel: _socket.socket, said: dict[str, Any]) -> None:
    channel.send(json.dumps(said).encode("ascii"))


def _serve(channel: _socket.socket) -> int:
    """Fork whatever is asked for. Returns in a forked process only: the number of its leash."""
    while True:
        data, leashes = _receive(channel)
        if not data:
            os._exit(0)
        reading, writing = os.pipe()
        try:
            between = os.fork()
        except OSError as error:
            for fd in (reading, writing, *leashes):
                os.close(fd)
            _say(channel, {"ev": "forked", "pids": [], "error": str(error)})
            continue
        if between == 0:
            # The shim is to be the parent, and only libc's own fork makes a process that knows its own thread. So this
            # one forks once more for each, and ends.
            for leash in leashes:
                try:
                    pid = os.fork()
                except OSError:
                    break
                if pid == 0:
                    for fd in {reading, writing, *leashes} - {leash}:
                        os.close(fd)
                    null = os.open("/dev/null", os.O_RDWR)
                    os.dup2(null, _CHANNEL)
                    os.close(null)
                    return leash
                os.write(writing, b"%d\n" % pid)
            os._exit(0)
        for fd in (writing, *leashes):
            os.close(fd)
        pids = b""
        while True:
            part = os.read(reading, 4096)
            if not part:
                break
            pids += part
        os.close(reading)
        os.waitpid(between, 0)
        _say(channel, {"ev": "forked", "pids": [int(pid) for pid in pids.split()]})


def _become(leash: _socket.socket, memory: _Memory, umask: int) -> list[str]:
    """Wait for an order, and become its run. Returns its argv. Raises _Refused; never returns without an order."""
    data, fds = _receive(leash)
    if not data:
        os._exit(0)
    text, log = fds
    memory_limit, cwd, count, *parts = os.pread(text, os.fstat(text).st_size, 0).split(b"\0")[:-1]
    os.close(text)
    argv, variables = parts[: int(count)], parts[int(count) :]
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.umask(umask)
    try:
        os.chdir(cwd)
    except OSError as error:
        said = f"cwd {os.fsdecode(cwd)}: {os.strerror(error.errno or 0)}"
        raise _Refused("bad_config", "chdir", said) from error
    # The shim gives a resident only variables that are the same in all its runs: nothing is to be taken away, and what
    # the interpreter or a module has set for itself stays, as it would in a run of its own.
    for variable in variables:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    time.tzset()
    if memory_limit:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = int(memory_limit) if hard == resource.RLIM_INFINITY else min(int(memory_limit), hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()  # the standard library's generator sees to that itself
    memory.show(argv, variables)
    _prctl(_PR_SET_DUMPABLE, 1)
    os.setsid()
    return [os.fsdecode(word) for word in argv]


def _reside(names: list[str]) -> list[str]:
    """Be the resident. Returns in a process that has become a run: its argv."""
    _prctl(_PR_SET_DUMPABLE, 0)  # processes of the same user can neither trace it nor open what it has open
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    channel = _socket.socket(fileno=_CHANNEL)
    if _ended(channel):
        os._exit(0)  # the shim died before this process could wish to die with it
    memory = _Memory()
    umask = os.umask(0o077)
    os.umask(umask)
    try:
        _load(names)
    except _Refused as refused:
        _say(channel, refused.said)
        os._exit(1)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what is left in there, every run would write
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    sys.modules[_LAST] = types.ModuleType(_LAST)
    compile("", "", "exec")  # the first one makes all that a compiler needs
    sys.path_importer_cache.clear()  # each run looks for itself what there is to import
    gc.collect()
    gc.freeze()  # the collector must not write to pages that all runs share
    _say(channel, {"ev": "ready"})
    fd = _serve(channel)
    channel.detach()
    leash = _socket.socket(fileno=fd)
    try:
        argv = _become(leash, memory, umask)
    except BaseException as error:  # noqa: BLE001 - the shim tells it; a half-made run must not go on
        refused = error if isinstance(error, _Refused) else None
        if refused is None:
            refused = _Refused("start_failed", "resident", f"{type(error).__name__}: {error}")
        with contextlib.suppress(OSError):
            _say(leash, refused.said)
        os._exit(1)
    with contextlib.suppress(OSError):  # the shim may have died since: the next one sees a session that has begun
        leash.send(b'{"ev":"begun"}')
    leash.close()
    return argv


def _source(script: str) -> tuple[bytes, str]:
    """What the file holds, and the folder in which it lies."""
    try:
        file = os.open(script, os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = b""
            while True:
                part = os.read(file, 1 << 20)
                if not part:
                    break
                text += part
            return text, os.path.dirname(os.readlink(f"/proc/self/fd/{file}"))
        finally:
            os.close(file)
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {script!r}: [Errno {error.errno}] {error.strerror}\n")
        raise SystemExit(2) from None


def _new_main(argv: list[str]) -> dict[str, Any]:
    """A fresh `__main__` for a script, and what else the interpreter sets for one. Returns its namespace."""
    script = argv[1]
    sys.argv = argv[1:]
    sys.orig_argv = argv
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    file = os.path.abspath(script) if sys.version_info >= (3, 9) else script
    namespace = main.__dict__
    namespace["__file__"] = file
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__loader__"] = importlib.machinery.SourceFileLoader("__main__", file)
    namespace["__cached__"] = None
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    return namespace


def _without_this(kind: Any, value: Any, trace: Any) -> None:
    """The script's own excepthook, with a traceback that begins in the script."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    _hook(kind, value.with_traceback(trace), trace)


def _end(status: object) -> None:
    """End as the interpreter would end, without taking apart what was loaded before the fork: that would cost more than
    the rest of a short run, as every page of it would have to be copied. Returns where the usual end is needed.
    """
    if _count_threads() or not (status is None or isinstance(status, int)):
        return
    with contextlib.suppress(BaseException):  # before 3.10 the last failure comes back, which has been printed
        _run_exit_functions()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - the usual end meets it again, and has a status for it
        return
    if _count_threads():
        return
    # What the run itself has made goes as usual: finalizers run, files that were left open are written.
    names = ["__main__"]
    for name in reversed(sys.modules):
        if name == _LAST:
            break
        names.append(name)
    modules = [sys.modules.pop(name) for name in names]
    own = [weakref.ref(module) for module in modules if type(module) is types.ModuleType]
    del modules
    gc.collect()
    for module in filter(None, [ref() for ref in own]):
        for name in list(module.__dict__):
            if name != "__builtins__":
                module.__dict__[name] = None
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # there is nobody left to be told
            stream.flush()
    _libc.exit(ctypes.c_int(0 if status is None else status))


if __name__ == "__main__":
    _this = sys.modules["__main__"]
    _argv = _reside(sys.argv[1:])
    _status: object = None
    try:
        try:
            _main = _new_main(_argv)
            _text, _folder = _source(_argv[1])
            if _FOLDER_FIRST:
                sys.path.insert(0, _folder)
            exec(compile(_text, _main["__file__"], "exec", dont_inherit=True), _main)  # noqa: S102 - its purpose
        except SystemExit as _exit:
            _status = _exit.code
            _exit.__traceback__ = None
            _main = None
            _end(_status)
            raise
    except BaseException:
        _hook, sys.excepthook = sys.excepthook, _without_this
        raise  # the interpreter knows what follows: status, atexit, the ends of threads
    _main = None
    _end(None)
