"""Start a child: in its own session, without stdin, writing its own log."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal

from . import kernel, nofile, passage, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

NULL = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
"""Open for ever: the stdin of every child."""
_NO_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP, errno.EPERM)
# Ignored signals are inherited through exec, and Python ignores some; a job begins with the defaults.
_DEFAULTS = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]


class StartError(Exception):
    """The run was surely not started. `cause` is the word for the end, `evidence` what was seen."""

    def __init__(self, cause: str, *evidence: tuple[str, str]) -> None:
        super().__init__(cause)
        self.cause, self.evidence = cause, list(evidence)


def find(name: str, env: Mapping[str, str]) -> str:
    """The program by the job's own PATH, as execvp looks for it; relative paths are the job's. Raises StartError."""
    if "/" in name:
        return name
    path = env.get("PATH", os.defpath)
    for folder in path.split(":"):
        candidate = f"{folder or '.'}/{name}"
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
    for folder in path.split(":"):
        if os.path.isfile(f"{folder or '.'}/{name}"):
            raise StartError("dependency_missing", ("exec", f"{folder}/{name}: not executable (EACCES)"))
    raise StartError("dependency_missing", ("exec", f"{name}: not found on PATH {path} (ENOENT)"))


def launch(
    order: dict[str, Any], log: int, *, memory: int | None = None, channel: int | None = None
) -> tuple[int, int]:
    """Start the order's command with `log` as its output. `memory`: bytes of address space, where no cgroup limits it.
    `channel`: the stdin of a resident, which is no run and leads no session.

    Returns pid and start time in ticks. Raises StartError.
    """
    user = order.get("user")
    before = _ticks()
    nofile.down()
    try:
        if user is None and memory is None:
            pid = _spawn(order, log, channel)
        else:
            pid = _fork(order, log, user, memory, channel)
    finally:
        nofile.up()
    after = _ticks()
    if before == after:
        return pid, after
    # The start lies in one of several ticks; the child is not reaped yet, so it can still be asked.
    facts = process.facts(pid)
    return pid, facts.start if facts is not None else after


def _ticks() -> int:
    return kernel.boottime_ns() // kernel.TICK_NS


def _spawn(order: dict[str, Any], log: int, channel: int | None) -> int:
    argv: list[str] = order["argv"]
    env: dict[str, str] = order["env"]
    path = argv[0]
    _enter(order["cwd"])
    try:
        path = find(argv[0], env)
        return os.posix_spawn(
            path,
            argv,
            env,
            file_actions=(
                (os.POSIX_SPAWN_DUP2, NULL if channel is None else channel, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ),
            setsid=channel is None,
            setsigmask=(),
            setsigdef=_DEFAULTS,
        )
    except OSError as error:
        _explain(error.errno or 0, path, order["cwd"])
    except ValueError as error:  # a null byte, or "=" in a name
        raise StartError("bad_config", ("exec", f"arguments or environment: {error}")) from error
    finally:
        os.chdir("/")  # so as not to keep the job's file system busy


def _enter(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise StartError("bad_config", ("chdir", f"cwd {cwd}: {os.strerror(error.errno or 0)}")) from error
    except ValueError as error:
        raise StartError("bad_config", ("chdir", f"cwd {cwd!r}: {error}")) from error


def _explain(code: int, path: str, cwd: str) -> NoReturn:
    """Raise the StartError for an errno of exec."""
    word = errno.errorcode.get(code, str(code))
    text = f"{path}: {os.strerror(code)} ({word})"
    if code not in _NO_PROGRAM:
        raise StartError("start_failed", ("exec", text))
    if code == errno.ENOENT and os.path.exists(os.path.join(cwd, path)):
        text += f"; the file is there, its interpreter is not: {_interpreter(os.path.join(cwd, path))}"
    elif code == errno.ENOEXEC:
        text += "; neither a binary of this machine nor a script with a #! line"
    elif code == errno.EACCES and (closed := passage.closed_to_me(os.path.join(cwd, path))):
        text += f"; uid {os.geteuid()} cannot pass {closed}: {passage.REMEDY}"
    raise StartError("dependency_missing", ("exec", text))


def _interpreter(path: str) -> str:
    try:
        with open(path, "rb") as file:
            line = file.readline(256)
    except OSError as error:
        return str(error)
    if line.startswith(b"#!"):
        return os.fsdecode(line[2:].strip())
    return "the loader of a binary"


def _fork(order: dict[str, Any], log: int, user: dict[str, Any] | None, memory: int | None, channel: int | None) -> int:
    """Fork, then become the user in the child: the shim itself keeps its uid, or the job's user could signal it
    meanwhile.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        raise StartError("start_failed", ("fork", f"{os.strerror(error.errno or 0)}")) from error
    if pid == 0:
        _become(order, log, user, memory, channel, writing)
    os.close(writing)
    try:
        said = b""
        while part := os.read(reading, 4096):
            said += part
    finally:
        os.close(reading)
    if not said:
        return pid
    os.waitpid(pid, 0)
    cause, evidence = json.loads(said)
    raise StartError(cause, *[(source, text) for source, text in evidence])


def _become(
    order: dict[str, Any],
    log: int,
    user: dict[str, Any] | None,
    memory: int | None,
    channel: int | None,
    writing: int,
) -> NoReturn:
    """In the child: never returns, and tells a failure by the pipe, which exec closes."""
    try:
        argv: list[str] = order["argv"]
        env: dict[str, str] = order["env"]
        path = argv[0]
        if channel is None:
            os.setsid()
        for number in _DEFAULTS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for fd, target in ((NULL if channel is None else channel, 0), (log, 1), (log, 2)):
            os.dup2(fd, target)
        try:
            if user is not None:
                os.setgroups(user["groups"])
                os.setresgid(user["gid"], user["gid"], user["gid"])
                os.setresuid(user["uid"], user["uid"], user["uid"])
        except OSError as error:
            text = f"uid {user['uid'] if user else ''}: {os.strerror(error.errno or 0)}"
            raise StartError("start_failed", ("setresuid", text)) from error
        _enter(order["cwd"])
        try:
            path = find(argv[0], env)
            if memory is not None:
                hard = resource.getrlimit(resource.RLIMIT_AS)[1]
                limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            os.execve(path, argv, env)  # noqa: S606 - running commands is what the shim is for
        except OSError as error:
            _explain(error.errno or 0, path, order["cwd"])
        except ValueError as error:
            raise StartError("bad_config", ("exec", f"arguments or environment: {error}")) from error
    except StartError as error:
        os.write(writing, json.dumps([error.cause, error.evidence]).encode())
    except BaseException as error:
        os.write(writing, json.dumps(["start_failed", [("fork", f"{type(error).__name__}: {error}")]]).encode())
    finally:
        os._exit(127)
