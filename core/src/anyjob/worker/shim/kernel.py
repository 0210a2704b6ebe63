"""What the standard library of Python 3.11 does not offer of the kernel: subreaper, boot-time timer, signals from a
descriptor, holes, exit by pidfd.

Sources: Linux man-pages, prctl(2), timerfd_create(2), signalfd(2), fallocate(2), pidfd_open(2); Linux source,
include/uapi/linux/pidfd.h.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import struct
import time

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_SIGSET = 128
"""Bytes of the C library's sigset_t."""
_FALLOC_KEEP_SIZE_PUNCH_HOLE = 1 | 2
# include/uapi/linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info), whose first version has 64 bytes
_PIDFD_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
_PIDFD_INFO_EXIT = 1 << 3
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
"""Nanoseconds of a clock tick, the unit of start times in /proc."""


class _TimerSpec(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("interval_s", "interval_ns", "value_s", "value_ns")]


def become_subreaper() -> None:
    """From now on orphaned descendants become children of this process. Raises OSError."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def die_with_parent() -> None:
    """SIGKILL when the thread that forked this process ends. Raises OSError."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def set_name(name: str) -> None:
    """The name in ps and top; at most 15 bytes."""
    _libc.prctl(_PR_SET_NAME, name.encode()[:15] + b"\0", 0, 0, 0)


def no_handler(_signum: int, _frame: object) -> None:
    """For signals that only have to wake the loop: an ignored one would write nothing to the wakeup descriptor."""


def boottime() -> float:
    """Seconds since boot, suspended time included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boottime_ns() -> int:
    """Nanoseconds since boot; the kernel stamps the start of processes by the same clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """The kernel's name for this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def timer_open() -> int:
    """A timer in boot time as a file descriptor, not yet set. Raises OSError."""
    fd = _libc.timerfd_create(time.CLOCK_BOOTTIME, _TFD_NONBLOCK_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    return fd


def timer_set(fd: int, when: float) -> None:
    """Let the timer expire at `when`, in boot-time seconds; one that has passed expires at once."""
    whole, part = divmod(max(when, 1e-9), 1.0)
    spec = _TimerSpec(0, 0, int(whole), int(part * 1e9))
    if _libc.timerfd_settime(fd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None):
        raise OSError(ctypes.get_errno(), "timerfd_settime")


def timer_drain(fd: int) -> None:
    """Make the timer unreadable again."""
    try:
        os.read(fd, 8)
    except BlockingIOError:
        pass


def signals_open(*signals: int) -> int:
    """A descriptor that is readable while one of these signals, which must be blocked, is pending. Reading 128 bytes
    takes one. Raises OSError.
    """
    mask = sum(1 << (number - 1) for number in signals).to_bytes(_SIGSET, "little")
    fd = _libc.signalfd(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "signalfd")
    return fd


def punch(fd: int, start: int, end: int) -> None:
    """Give the bytes from `start` to `end` back to the file system; they read as zeros and offsets stay. Raises
    OSError.
    """
    done = _libc.fallocate(fd, _FALLOC_KEEP_SIZE_PUNCH_HOLE, ctypes.c_long(start), ctypes.c_long(end - start))
    if done:
        raise OSError(ctypes.get_errno(), f"fallocate: {os.strerror(ctypes.get_errno())}")


def exit_status(pidfd: int) -> int | None:
    """Raw wait status of a process that somebody else has reaped; None: not (yet) reaped, or a kernel before 6.15."""
    info = bytearray(64)
    struct.pack_into("<Q", info, 0, _PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL, errno.ESRCH, errno.ENOTSUP):
            return None
        raise
    (mask,) = struct.unpack_from("<Q", info)
    (status,) = struct.unpack_from("<i", info, 60)
    return int(status) if mask & _PIDFD_INFO_EXIT else None
