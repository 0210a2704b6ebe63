"""Children are to die before worker and shim when the machine's memory runs out.

Source: Linux man-pages, proc_pid_oom_score_adj(5).
"""

from __future__ import annotations

import os

_MORE = 500


class OomScore:
    """The shim's own score, which children inherit: raised while it spawns, and lowered again.

    Going back down needs no right: the kernel lets a process lower its score to the value that a privileged one gave it
    last. Setting the child's afterwards would miss what forks at once.
    """

    __slots__ = ("_fd", "_high", "_low", "_raised")

    def __init__(self) -> None:
        self._fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        low = int(os.pread(self._fd, 16, 0))
        self._low, self._high = b"%d" % low, b"%d" % min(1000, max(low, 0) + _MORE)
        self._raised = False

    def reopen(self) -> None:
        """In a fork: from here on its own score, which is that of the shim, lowered."""
        self._fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)

    def up(self) -> None:
        """Before a spawn."""
        if not self._raised:
            os.pwrite(self._fd, self._high, 0)
            self._raised = True

    def down(self) -> None:
        """After the spawns of a turn, and before a helper is forked."""
        if self._raised:
            os.pwrite(self._fd, self._low, 0)
            self._raised = False
