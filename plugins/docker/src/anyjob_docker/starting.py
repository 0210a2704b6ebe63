"""From a plan to a container that runs: every step may be repeated, and a start that is given up leaves nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence
from anyjob.problem import Problem
from anyjob_docker.engine import RUN_LABEL, run_of
from anyjob_docker.refusal import image_exit, problems_exit, refused_exit
from anyjob_docker.trouble import EngineAway, EngineRefused

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob_docker.asked import AskedLimit
    from anyjob_docker.client import EngineClient
    from anyjob_docker.options import DockerOptions, PullPolicy

__all__ = ["Started", "Starting"]

_PATIENCE: Final = 60.0
"""Seconds in which an engine that goes away in the middle of a start may come back."""
_PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Started:
    """The container runs, or has run. `warnings`: what the engine said of its options."""

    ident: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Starting:
    """One start. Its methods block, and end soon after `given_up` is set."""

    client: EngineClient
    name: str
    options: DockerOptions
    policy: PullPolicy
    folder: str
    limits: Mapping[str, AskedLimit]
    credentials: Mapping[str, str] | None
    pull_timeout: float
    given_up: threading.Event = field(default_factory=threading.Event)
    pulled: bool = False

    def image(self) -> dict[str, Any] | None:
        """What the engine knows of the image; None: it must be pulled first."""
        if self.policy == "Always" and not self.pulled:
            return None
        return self._patiently(lambda: self.client.image(self.options.image))

    def pull(self) -> Exit | None:
        """Pull the image. An Exit: it cannot be had."""
        named = self.options.named
        if self.policy == "Never" or not named.path:
            remedy = "is not on the engine, and is not to be pulled; pull it there, or write another pullPolicy"
            problem = Problem(field="XAttrs.image", value=self.options.image, remedy=remedy)
            return problems_exit(Cause.DEPENDENCY_MISSING, [problem])
        until = time.monotonic() + self.pull_timeout
        late = False

        def enough() -> bool:
            nonlocal late
            late = time.monotonic() > until
            return late or self.given_up.is_set()

        try:
            self.client.pull(
                named.repository, named.digest or named.tag, self.options.platform, self.credentials, enough
            )
        except EngineRefused as refused:
            return image_exit(refused, self.options)
        except EngineAway as away:
            return self._given_up_on(away, sent=False)
        if late:
            remedy = f"was not pulled within {self.pull_timeout:g} s; pull it on the engine, or raise pull_timeout"
            problem = Problem(field="XAttrs.image", value=self.options.image, remedy=remedy)
            return problems_exit(Cause.DEPENDENCY_MISSING, [problem])
        self.pulled = True
        return None

    def run(self, config: Mapping[str, Json]) -> Started | Exit | None:
        """Create and start the container. None: its image is not there, or the start was given up before it began."""
        made = self._create(config)
        if made is None or isinstance(made, Exit):
            return made
        ident, warnings, begun = made
        if begun:
            return Started(ident, warnings)
        if self.given_up.is_set():
            self._patiently(lambda: self.client.remove(ident))
            return None
        return self._start(ident, warnings, config)

    def _create(self, config: Mapping[str, Json]) -> tuple[str, tuple[str, ...], bool] | Exit | None:
        """Id, warnings and whether it has begun already."""
        until = time.monotonic() + _PATIENCE
        sent = False
        while not self.given_up.is_set():
            try:
                made = self.client.create(self.name, config, self.options.platform)
                return made["Id"], tuple(made.get("Warnings") or ()), False
            except EngineRefused as refused:
                if refused.status == 404 and "image" in refused.said.lower():
                    return None
                if refused.status == 409 and "in use" in refused.said:
                    found = self._existing()
                    if found is not None:
                        return found
                    continue
                return self._refused(refused, config)
            except EngineAway as away:
                sent = sent or away.sent
                if time.monotonic() > until:
                    return self._given_up_on(away, sent=sent)
                time.sleep(_PAUSE)
        # Whether a request that was cut off has made it is looked up by whoever asks `find`.
        return None

    def _existing(self) -> tuple[str, tuple[str, ...], bool] | Exit | None:
        """The container that has the name: this run's own, made by a start that was cut off. None: it is gone again."""
        seen = self._patiently(lambda: self.client.inspect(self.name))
        if seen is None:
            return None
        if run_of(seen) != self.name:
            text = f"Container {self.name} is there already, and is no run of anyjob's: it has no label {RUN_LABEL}"
            return Exit(
                code=None, cause=Cause.START_FAILED, last_line=text, evidence=[Evidence(source="docker", text=text)]
            )
        return seen["Id"], (), seen["State"]["Status"] != "created"

    def _start(self, ident: str, warnings: tuple[str, ...], config: Mapping[str, Json]) -> Started | Exit:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self.client.start(ident)
                return Started(ident, warnings)
            except EngineRefused as refused:
                return self._refused(refused, config)
            except EngineAway:
                # It may have begun: whoever watches sees what became of it.
                if self._begun(ident) or time.monotonic() > until or self.given_up.is_set():
                    return Started(ident, warnings)
                time.sleep(_PAUSE)

    def _begun(self, ident: str) -> bool:
        try:
            seen = self.client.inspect(ident)
        except (EngineAway, EngineRefused):
            return False
        return seen is None or seen["State"]["Status"] != "created"

    def _refused(self, refused: EngineRefused, config: Mapping[str, Json]) -> Exit:
        user = config.get("User")
        who = user if isinstance(user, str) else None
        return refused_exit(refused.status, refused.said, self.options, who, self.folder, config, self.limits)

    def _given_up_on(self, away: EngineAway, *, sent: bool) -> Exit:
        cause = Cause.UNKNOWN if sent else Cause.DEPENDENCY_MISSING
        return Exit(code=None, cause=cause, last_line=str(away), evidence=[Evidence(source="docker", text=str(away))])

    def _patiently(self, call: Callable[[], Any]) -> Any:
        """The answer, also from an engine that comes back. Raises EngineAway."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return call()
            except EngineAway:
                if time.monotonic() > until or self.given_up.is_set():
                    raise
                time.sleep(_PAUSE)
