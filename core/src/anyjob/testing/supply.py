"""Where the samples of a test class come from, and how long they last."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar, cast

from anyjob.samples import Samples
from anyjob.testing.fault import Fault, check

__all__ = ["Supply"]

T = TypeVar("T")


class Supply:
    """The samples of one type, made when the first case asks for them and let go by `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._samples: Samples | None = None
        self._seen: dict[str, object] = {}

    def once(self, what: str, see: Callable[[], T]) -> T:
        """What `see` gives, asked the first time only: for what several cases look at and one run shows."""
        if what not in self._seen:
            self._seen[what] = see()
        return cast("T", self._seen[what])

    def take(self, source: object, name: str) -> Samples:
        """The samples that `source` is, or gives. `name` names it in a fault; `source` counts the first time only."""
        if self._samples is None:
            self._samples = self._opened(source, name)
        return self._samples

    def close(self) -> None:
        """Leave what was entered. Raises what leaving it raises."""
        self._samples = None
        self._stack.close()

    def _opened(self, source: object, name: str) -> Samples:
        given: Any = source
        if not isinstance(given, Samples):
            check(callable(given), f"{name} is a {type(given).__name__}; name Samples, or a function that gives them.")
            try:
                made = given()
            except TypeError as error:
                raise Fault(f"{name} cannot be called without arguments: {error}") from error
            said = f"{name}() gave a {type(made).__name__}, no context manager; put @contextmanager on it."
            check(isinstance(made, AbstractContextManager), said)
            given = self._stack.enter_context(cast("AbstractContextManager[object]", made))
            name = f"What {name}() yields"
        check(isinstance(given, Samples), f"{name} is a {type(given).__name__}, not Samples.")
        return given
