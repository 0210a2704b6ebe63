"""The processes that a worker started for many runs, durable: the next worker finds them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from anyjob.worker.book import Write

__all__ = ["KeptProcess", "SharedBook"]


@dataclass(slots=True, kw_only=True)
class KeptProcess:
    """A shared process. `name` is its own for ever; runs of one `key`, app group and user share it.

    `token` is the digest of its token. `runs` counts those that it was given, of at most `most`. `retired`: it takes no
    more. `wait`: seconds in which it must have dialled in. `group_user`: the app group's own user; it is `user` where
    the job named none.
    """

    name: str
    job_type: str
    key: str
    group: str
    user: str | None
    token: str
    most: int
    runs: int = 0
    retired: bool = False
    wait: float = 60.0
    group_user: str | None = None

    @property
    def sharing(self) -> tuple[str, str, str | None, str]:
        """What runs must have in common to share it."""
        return self.job_type, self.group, self.user, self.key


class SharedBook:
    """Those that are known. Implements `LedgerPart`."""

    kinds = frozenset({"shared", "shared_over"})

    def __init__(self) -> None:
        self.write: Write
        self.processes: dict[str, KeptProcess] = {}

    def keep(self, one: KeptProcess) -> None:
        """It is about to be started, or something of it has changed."""
        self.write({"m": "shared", **asdict(one)})
        self.processes[one.name] = one

    def over(self, name: str) -> None:
        """It has ended."""
        if self.processes.pop(name, None) is not None:
            self.write({"m": "shared_over", "name": name})

    def replay(self, line: Mapping[str, Any]) -> None:
        if line["m"] == "shared":
            self.processes[line["name"]] = KeptProcess(**{name: line[name] for name in line if name != "m"})
        else:
            self.processes.pop(line["name"], None)

    def lines(self) -> Iterable[Mapping[str, Any]]:
        for one in self.processes.values():
            yield {"m": "shared", **asdict(one)}
