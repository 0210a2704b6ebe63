"""One of the vendor's Python SDKs, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["Raised", "Sdk"]


class Raised(Exception):
    """What an SDK raised."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.code, self.status = told["code"], told["status"]
        super().__init__(told["text"])


class Sdk:
    """One of the SDKs of `sdkclient.py`."""

    def __init__(self, kind: str, address: str, key: str, secret: str, *, python: Path | str = sys.executable) -> None:
        program = [python, Path(__file__).with_name("sdkclient.py"), kind, address, key, secret]
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
        self.kind = kind
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet)

    def ask(self, action: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """None: it does not know the operation. Raises Raised."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([action, fields]) + "\n")
        self.process.stdin.flush()
        how, told = json.loads(self.process.stdout.readline())
        if how == "raised":
            raise Raised(told)
        return told

    def close(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()
