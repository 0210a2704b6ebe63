"""Everything that is due at a time, over one timer of the kernel in boot time: suspended time counts.

Source: Linux man-pages, timerfd_create(2), CLOCK_BOOTTIME.
"""

from __future__ import annotations

import heapq

from . import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Timers:
    """Named times. A name has one time; setting it again replaces it. `fd` is readable when something is due."""

    __slots__ = ("_armed", "_count", "_heap", "_names", "fd")

    def __init__(self) -> None:
        self.fd = kernel.timer_open()
        self._heap: list[tuple[float, int, Hashable]] = []
        self._names: dict[Hashable, tuple[int, Callable[[], None]]] = {}
        self._count = 0
        self._armed = 0.0

    def set(self, name: Hashable, when: float, action: Callable[[], None]) -> None:
        """Call `action` at `when`, in boot-time seconds."""
        self._count += 1
        self._names[name] = (self._count, action)
        # Cancelled times stay in the heap until they come up; a flood of short runs with long deadlines must not fill
        # it.
        if len(self._heap) > 2 * len(self._names) + 64:
            self._heap = [entry for entry in self._heap if self._holds(entry)]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, (when, self._count, name))
        if not self._armed or when < self._armed:
            self._arm(when)

    def cancel(self, name: Hashable) -> None:
        """Forget the name. The kernel's timer may still fire once for it, which costs less than setting it anew."""
        self._names.pop(name, None)

    def run(self) -> None:
        """Call what is due, then wait for the next."""
        kernel.timer_drain(self.fd)
        self._armed = 0.0
        now = kernel.boottime()
        while self._heap:
            entry = self._heap[0]
            if self._holds(entry):
                if entry[0] > now:
                    self._arm(entry[0])
                    return
                heapq.heappop(self._heap)
                self._names.pop(entry[2])[1]()
            else:
                heapq.heappop(self._heap)

    def _holds(self, entry: tuple[float, int, Hashable]) -> bool:
        known = self._names.get(entry[2])
        return known is not None and known[0] == entry[1]

    def _arm(self, when: float) -> None:
        kernel.timer_set(self.fd, when)
        self._armed = when
