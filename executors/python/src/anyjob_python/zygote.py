# ruff: noqa: E402 - the search path must be right before anything is imported
"""The resident of warm Python runs: `INTERPRETER zygote.py MODULE...` imports once, then forks for each run.

Runs as a program only, by whatever interpreter a job names (3.8 and later), with nothing but the standard library. Its
stdin is the shim's channel, a SOCK_SEQPACKET socket. It says `{"ev":"ready","longest":N}` once the modules are
imported, N the bytes below which it takes an order as a message, or
`{"ev":"failed","cause":...,"evidence":[[source,text]]}`. A message from the shim brings one socket for each process to
fork, its leash; the answer `{"ev":"forked","pids":[...]}` is given when these processes are children of the nearest
subreaper. At the end of the channel it exits.

A forked process waits at its leash for one message, the order, with one descriptor, the log; before that one comes the
order's own, when it is too long for a message. The order holds parts that NUL bytes end: bytes of RLIMIT_AS or nothing,
the working directory, the number of arguments, these, and the environment. The process becomes that run, answers
`{"ev":"begun"}`, and runs `argv[1:]` as `python SCRIPT ARGS...` would. It answers `failed` when it cannot, and exits
without a word at the end of the leash. Nothing that was read of a run is ever in the memory of the process that forks
the next.

What a run costs is pages: each that it writes to has to be copied, if only for a reference count. So little is imported
here (`json` and `ctypes` would be sixteen mappings more), and what the forked process does is done once before.

Source: Linux man-pages, proc_pid_stat(5), arg_start to env_end.
"""

from __future__ import annotations

import sys

_FOLDER_FIRST = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
if _FOLDER_FIRST:
    del sys.path[0]  # the folder of this file: its modules are not the job's

import _ctypes
import _socket
import gc
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHANNEL = 0
_LEASH = 3
"""The leash of a forked process: what the resident has there is an empty socket."""
_OFTEN = 24
"""Times after which an interpreter that adapts to what it executes has done so."""
_MOST = 64
"""Leashes in one message."""
_LONGEST = 1 << 15
"""Bytes of an order that comes as a message."""
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_SIGKILL = 9

_Module: Any = type(sys)  # pyright: ignore[reportUnknownVariableType]
_loader: Any = __loader__
_Loader: Any = _loader.__class__
_native: Any = _ctypes
_call = _native.call_function
_prctl_at, _memmove_at = [_native.dlsym(_native.dlopen(None, 2), name) for name in ("prctl", "memmove")]
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_ROOM = _socket.CMSG_SPACE(_MOST * 4)


class _Pointer(_native._SimpleCData):
    _type_ = "P"


def _beside(name: str) -> Any:
    """A module that lies beside this file; no job finds it among its own."""
    module = _Module(name)
    exec(_Loader(name, f"{os.path.dirname(__file__)}/{name}.py").get_code(name), module.__dict__)  # noqa: S102
    return module


_ending: Any = _beside("ending")
_ready: Any = _beside("ready")


class _Refused(Exception):
    """Why there is no resident, or no run. `cause` is anyjob's word for it."""

    def __init__(self, cause: str, source: str, text: str) -> None:
        super().__init__(text)
        self.said = {"ev": "failed", "cause": cause, "evidence": [[source, text]]}


def _prctl(option: int, value: int) -> None:
    if _call(_prctl_at, (option, value, 0, 0, 0)):
        raise OSError(f"prctl({option}, {value})")


class _Memory:
    """Where the kernel finds this process's arguments and environment; every fork has them at the same place."""

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        # proc(5): arg_start, arg_end, env_start, env_end are fields 48 to 51, and the two before the bracket are cut.
        arguments, arguments_end, environment, environment_end = map(int, fields[45:49])
        self._arguments = _Pointer(arguments), arguments_end - arguments
        self._environment = _Pointer(environment), environment_end - environment

    def show(self, argv: list[bytes], env: list[bytes]) -> None:
        """Let /proc/PID/cmdline and environ say what they would of a process started by exec, as far as there is room.

        The shim puts its mark first: by it a run's processes are told from others.
        """
        for (start, room), parts in ((self._environment, env), (self._arguments, argv)):
            _call(_memmove_at, (start, b"\0".join(parts)[: room - 1].ljust(room, b"\0"), room))


def _receive(channel: _socket.socket) -> tuple[bytes, list[int]]:
    """A message and its descriptors; an empty message is the end."""
    data, ancillary, _, _ = channel.recvmsg(_LONGEST, _ROOM)
    fds: list[int] = []
    for _, _, part in ancillary:
        fds += memoryview(part).cast("i")
    return data, fds


def _ended(channel: _socket.socket) -> bool:
    try:
        return not channel.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def _say(channel: _socket.socket, said: dict[str, Any]) -> None:
    import json

    channel.send(json.dumps(said).encode("ascii"))


def _serve(channel: _socket.socket) -> None:
    """Fork whatever is asked for. Returns in a forked process only, which has its leash."""
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
            # one forks once more for each, and ends. None of those is ever seen with the channel.
            os.dup2(1, _CHANNEL)
            for leash in leashes:
                try:
                    pid = os.fork()
                except OSError:
                    break
                if pid == 0:
                    os.dup2(leash, _LEASH, inheritable=False)
                    os.closerange(_LEASH + 1, max(reading, writing, *leashes) + 1)
                    _have_no_input()
                    return
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
        channel.send(b'{"ev":"forked","pids":[%b]}' % b",".join(pids.split()))


def _have_no_input() -> None:
    os.close(0)
    os.open("/dev/null", os.O_RDWR)  # 0 again, and not the resident's: what a run sets there, no other is to find
    os.set_inheritable(0, True)  # noqa: FBT003 - it has no name


def _become(leash: _socket.socket, memory: _Memory) -> tuple[list[str], str]:
    """Wait for an order, and become its run. Returns its argv and working directory. Raises _Refused; never returns
    without an order.
    """
    data, fds = _receive(leash)
    if not data:
        os._exit(0)
    log = fds.pop()
    for text in fds:
        data = os.pread(text, os.fstat(text).st_size, 0)
        os.close(text)
    memory_limit, folder, argv, variables = _read(data)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    try:
        os.chdir(folder)
    except OSError as error:
        said = f"cwd {os.fsdecode(folder)}: {os.strerror(error.errno or 0)}"
        raise _Refused("bad_config", "chdir", said) from error
    _set(variables)
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
    return [str(word, _ENCODING, _ERRORS) for word in argv], str(folder, _ENCODING, _ERRORS)


def _read(order: bytes) -> tuple[bytes, bytes, list[bytes], list[bytes]]:
    """Bytes of address space, the working directory, the arguments, the variables."""
    memory_limit, folder, count, *parts = order.split(b"\0")[:-1]
    return memory_limit, folder, parts[: int(count)], parts[int(count) :]


def _set(variables: list[bytes]) -> None:
    # The shim gives a resident only variables that are the same in all its runs: nothing is to be taken away, and what
    # the interpreter or a module has set for itself stays, as it would in a run of its own.
    environ: Any = os.environ
    known: dict[bytes, bytes] = environ._data
    for variable in variables:
        name, _, value = variable.partition(b"=")
        if known.get(name) != value:
            os.putenv(name, value)
            known[name] = value


def _reside(names: list[str]) -> tuple[list[str], str, bool]:
    """Be the resident. Returns in a process that has become a run: its argv, its working directory, and whether the
    process may end without the end of C.
    """
    _prctl(_PR_SET_DUMPABLE, 0)  # processes of the same user can neither trace it nor open what it has open
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    channel = _socket.socket(fileno=_CHANNEL)
    if _ended(channel):
        os._exit(0)  # the shim died before this process could wish to die with it
    memory = _Memory()
    umask = os.umask(0o077)
    os.umask(umask)
    refused = _beside("preload").load(names)
    if refused is not None:
        _say(channel, _Refused(refused[0], "preload", refused[1]).said)
        os._exit(1)
    os.umask(umask)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what is left in there, every run would write
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    quick = _ending.is_all_plain(_beside)
    leash = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    sys.modules[_ending.LAST] = _Module(_ending.LAST)
    gc.collect()
    gc.freeze()  # the collector must not write to pages that all runs share
    _rehearse()
    sys.modules[_ending.LAST] = sys.modules.pop(_ending.LAST)  # the rehearsal's end has moved `__main__` behind it
    sys.path_importer_cache.clear()  # each run looks for itself what there is to import
    gc.collect()
    gc.freeze()
    _ready.fill_gaps()
    channel.send(b'{"ev":"ready","longest":%d}' % _LONGEST)
    _serve(channel)
    channel.detach()
    try:
        argv, folder = _become(leash, memory)
    except BaseException as error:  # noqa: BLE001 - the shim tells it; a half-made run must not go on
        why = error if isinstance(error, _Refused) else None
        if why is None:
            why = _Refused("start_failed", "resident", f"{type(error).__name__}: {error}")
        try:
            _say(leash, why.said)
        finally:
            os._exit(1)
    try:
        leash.send(b'{"ev":"begun"}')
    except OSError:
        pass  # the shim may have died since: the next one sees a session that has begun
    leash.close()
    return argv, folder, quick


def _rehearse() -> None:
    """Do before the fork what every forked process does, so that what is found out and bound on the way need not be
    found out, on a page of its own, in each of them.
    """
    argv, words = sys.argv, sys.orig_argv if hasattr(sys, "orig_argv") else None
    one, other = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    _ready.link(one, other)
    fd = other.fileno().to_bytes(4, sys.byteorder)
    variables = [b"=".join(item) for item in os.environb.items() if len(item[1]) < 256]
    order = b"\0".join([b"", b"/", b"2", os.fsencode(sys.executable), os.fsencode(__file__), *variables, b""])
    for _ in range(_OFTEN):
        one.sendmsg([order], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fd)])
        data, fds = _receive(other)
        os.close(fds.pop())
        _, folder, said, variables = _read(data)
        _set(variables)
        said = [str(word, _ENCODING, _ERRORS) for word in said]
        main = _new_main(said)
        _source(said[1], str(folder, _ENCODING, _ERRORS))
        exec(compile(b"print(end='')", "", "exec", dont_inherit=True), main)  # noqa: S102 - its own text
        del main
        _ending.forget()
    one.close()
    other.close()
    for variable in variables[:1]:
        os.putenv(*variable.split(b"=", 1))
    sys.argv, sys.modules["__main__"] = argv, _this
    if words is not None:
        sys.orig_argv = words


def _source(script: str, folder: str) -> tuple[bytes, str]:
    """What the file holds, and the folder in which it lies. `folder` is the working directory."""
    name = script[len(folder) + 1 :]
    beside = script[: len(folder) + 1] == folder + "/" and "/" not in name
    try:
        try:
            file = os.open(script, os.O_RDONLY | os.O_CLOEXEC | (os.O_NOFOLLOW if beside else 0))
        except OSError:
            if not beside:
                raise
            file, beside = os.open(script, os.O_RDONLY | os.O_CLOEXEC), False
        try:
            text = part = os.read(file, os.fstat(file).st_size + 1)
            room = 256  # mostly there is no more, and a larger room would be pages for nothing
            while part:
                part = os.read(file, room)
                text, room = text + part, 1 << 16
            return text, os.getcwd() if beside else os.path.dirname(os.readlink(f"/proc/self/fd/{file}"))
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
    main = _Module("__main__")
    sys.modules["__main__"] = main
    file = os.path.abspath(script) if sys.version_info >= (3, 9) and script[:1] != "/" else script
    namespace = main.__dict__
    namespace["__file__"] = file
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__loader__"] = _Loader("__main__", file)
    namespace["__cached__"] = None
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    return namespace


def _without_this(kind: Any, value: Any, trace: Any) -> None:
    """The script's own excepthook, with a traceback that begins in the script."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    _hook(kind, value.with_traceback(trace), trace)


if __name__ == "__main__":
    _this = sys.modules["__main__"]
    _argv, _folder, _quick = _reside(sys.argv[1:])
    _status: object = None
    try:
        try:
            _main = _new_main(_argv)
            _text, _folder = _source(_argv[1], _folder)
            if _FOLDER_FIRST:
                sys.path.insert(0, _folder)
            exec(compile(_text, _main["__file__"], "exec", dont_inherit=True), _main)  # noqa: S102 - its purpose
        except SystemExit as _exit:
            _status = _exit.code
            _exit.__traceback__ = None
            _main = None
            _ending.end(_status, quick=_quick)
            raise
    except BaseException:
        _hook, sys.excepthook = sys.excepthook, _without_this
        raise  # the interpreter knows what follows: status, atexit, the ends of threads
    _main = None
    _ending.end(None, quick=_quick)
