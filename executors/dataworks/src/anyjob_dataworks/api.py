"""What both versions of the API can do for a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from anyjob.errors import AnyJobError
from anyjob.outcome import Json
from anyjob_dataworks.answer import Answer
from anyjob_dataworks.client import Operation

if TYPE_CHECKING:
    from anyjob_dataworks.plan import Plan
    from anyjob_dataworks.sight import Node, Sight

__all__ = ["Api", "Ask", "Known", "NotThere", "StopSaid"]

Ask: TypeAlias = Callable[[Operation], Answer]
"""Sends an operation and waits for its answer. Raises CallFault."""

Known: TypeAlias = Mapping[str, Json]
"""What is known of a started flow, by names of each version's own: ids that the service gave."""


class NotThere(AnyJobError):
    """The job names something that the service does not have. `field` is the one to correct."""

    def __init__(self, field: str, value: object, what: str) -> None:
        self.field, self.value = field, value
        super().__init__(f"{field}: {str(value)!r} is unknown to DataWorks: {what}. Correct it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSaid:
    """What the service said of a stop: the ids that it took, and why it did not take the others, a line each."""

    taken: frozenset[int]
    refused: tuple[str, ...]


class Api(ABC):
    """One version. Every method may block, and raises CallFault unless it says otherwise."""

    version: ClassVar[str]

    @abstractmethod
    def resolve(self, plan: Plan, ask: Ask) -> Known:
        """Look up what the start needs beside the plan. Also raises NotThere."""

    @abstractmethod
    def start(self, plan: Plan, known: Known) -> Operation:
        """The operation that starts the flow. Does not block."""

    @abstractmethod
    def started(self, answer: Answer) -> Known | None:
        """The id that the start gave; None: there is none in the answer. Does not block."""

    @abstractmethod
    def find(self, plan: Plan, known: Known, ask: Ask) -> Known | None:
        """The flow that carries the plan's mark; None: none does."""

    @abstractmethod
    def look(self, plan: Plan, known: Known, ask: Ask) -> Sight:
        """How the flow stands."""

    @abstractmethod
    def log(self, plan: Plan, node: Node) -> Operation:
        """The operation that gives a node's whole log, under the key `Operation.text`. Does not block."""

    @abstractmethod
    def stop(self, plan: Plan, known: Known, sight: Sight, ask: Ask) -> StopSaid:
        """Ask for the end of everything that has not ended."""

    @abstractmethod
    def name(self, known: Known) -> str:
        """The flow's instance, for people. Does not block."""
