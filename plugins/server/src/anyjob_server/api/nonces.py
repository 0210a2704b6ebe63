"""Which requests came before: the nonces of each access key.

Source: Alibaba Cloud API, error codes, InvalidTimeStamp.Expired and SignatureNonceUsed.
"""

from __future__ import annotations

from typing import Final

__all__ = ["WINDOW", "Nonces"]

WINDOW: Final = 900
"""Seconds that a request's time may be off the server's clock, either way. The vendor's rule."""

_STEP: Final = 60


class _Seen:
    """The nonces of one key, and in which minute of the requests' own time each was seen."""

    __slots__ = ("all", "floor", "groups")

    def __init__(self, floor: int) -> None:
        self.all: set[int] = set()
        self.groups: dict[int, list[int]] = {}
        self.floor = floor

    def forget_before(self, moment: int) -> None:
        for group in [group for group in self.groups if (group + 1) * _STEP <= moment]:
            self.all.difference_update(self.groups.pop(group))

    def make_room(self) -> None:
        """Forget the oldest minute, and take nothing of it any more."""
        oldest = min(self.groups)
        self.all.difference_update(self.groups.pop(oldest))
        self.floor = max(self.floor, (oldest + 1) * _STEP)


class Nonces:
    """Remembers the nonces of signed requests, for as long as a request could come again: until its own time is out of
    the window, at most twice the window.

    A key that signs more than `most` in that time is not refused, and what it signed is not forgotten: its window
    becomes narrower, so requests whose time is older than what is still remembered are expired. Nothing from before
    `start` is taken: what came to the server before it was started again is not known any more. Only requests whose
    signature is right are remembered, so no stranger can fill it. Not for two threads at once.
    """

    def __init__(self, start: int, most: int = 300_000) -> None:
        """`start`: epoch seconds. `most`: nonces of one key; about 110 bytes each."""
        self._start, self._most = start, most
        self._keys: dict[str, _Seen] = {}

    def floor(self, key: str) -> int:
        """The oldest time, in epoch seconds, that a request of this key may have."""
        seen = self._keys.get(key)
        return self._start if seen is None else seen.floor

    def used(self, key: str, nonce: str) -> bool:
        """Whether a request of this key had the nonce before."""
        seen = self._keys.get(key)
        return seen is not None and hash(nonce) in seen.all

    def add(self, key: str, nonce: str, at: int, now: int) -> bool:
        """Remember the nonce of a request of time `at` (epoch seconds, as `now`). False: it is there already."""
        seen = self._keys.get(key)
        if seen is None:
            seen = self._keys[key] = _Seen(self._start)
        mark, group = hash(nonce), at // _STEP
        if mark in seen.all:
            return False
        if group not in seen.groups:
            seen.forget_before(now - WINDOW)
            seen.groups[group] = []
        if len(seen.all) >= self._most:
            seen.make_room()
        seen.groups.setdefault(group, []).append(mark)
        seen.all.add(mark)
        return True

    def forget(self, key: str) -> None:
        """The key is gone."""
        self._keys.pop(key, None)
