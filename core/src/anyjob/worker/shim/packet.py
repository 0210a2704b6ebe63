"""What a helper of the shim says on its SOCK_SEQPACKET socket."""

from __future__ import annotations

import socket

LONGEST = 1 << 16
"""Bytes of a packet; what is longer comes in a file."""


def receive(channel: socket.socket) -> bytes | None:
    """The next packet, without waiting. None: nothing was said yet; empty: whoever was there is gone."""
    try:
        return channel.recv(LONGEST, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""
