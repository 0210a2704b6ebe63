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

__all__ = ["CutOff", "Started", "Starting"]

_PATIENCE: Final = 60.0
"""Seconds in which an engine that goes away in the middle of a start may come back."""
_PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Started:
    """The container runs, or has run. `warnings`: what the engine said of its options."""

    ident: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CutOff:
    """The container is there, and whether its start is still at work nobody knows: an engine or a worker died over it.

    Such a container may never be startable again: an engine's containerd holds on to what was half made.
    """

    ident: str


@dataclass(slots=True, kw_only=True)
class Starting:
    """One start. Its methods block, and end soon after `given_up` is set. `helper`: the entry helper begins the
    command, so that a start that was cut off can be made void. `pull_timeout`: seconds for one pull."""

    client: EngineClient
    name: str
    options: DockerOptions
    policy: PullPolicy
    folder: str
    helper: bool
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

    def run(self, config: Mapping[str, Json]) -> Started | CutOff | Exit | None:
        """Create and start the container. None: its image is not there, or the start was given up before it began."""
        made = self._create(config)
        if made is None or isinstance(made, Exit | CutOff):
            return made
        ident, warnings, begun = made
        if begun:
            return Started(ident, warnings)
        if self.given_up.is_set():
            self.remove(ident)
            return None
        return self._start(ident, warnings, config)

    def found(self) -> Started | Exit:
        """The container in which the command has begun, whatever the engine says of it."""
        seen = self._patiently(lambda: self.client.inspect(self.name))
        if seen is not None and run_of(seen) == self.name:
            return Started(seen["Id"])
        text = f"The command has begun in a container {self.name}, and the engine knows of none"
        return Exit(code=None, cause=Cause.UNKNOWN, last_line=text, evidence=[Evidence(source="docker", text=text)])

    def remove(self, ident: str) -> None:
        """Remove a container that has not begun."""
        self._patiently(lambda: self.client.remove(ident))

    def _create(self, config: Mapping[str, Json]) -> tuple[str, tuple[str, ...], bool] | CutOff | Exit | None:
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

    def _existing(self) -> tuple[str, tuple[str, ...], bool] | CutOff | Exit | None:
        """The container that has the name: this run's own, made by a start that was cut off. None: it is gone again."""
        seen = self._patiently(lambda: self.client.inspect(self.name))
        if seen is None:
            return None
        if run_of(seen) != self.name:
            text = f"Container {self.name} is there already, and is no run of anyjob's: it has no label {RUN_LABEL}"
            return Exit(
                code=None, cause=Cause.START_FAILED, last_line=text, evidence=[Evidence(source="docker", text=text)]
            )
        begun = seen["State"]["Status"] != "created"
        return CutOff(seen["Id"]) if self.helper and not begun else (seen["Id"], (), begun)

    def _start(self, ident: str, warnings: tuple[str, ...], config: Mapping[str, Json]) -> Started | CutOff | Exit:
        until = time.monotonic() + _PATIENCE
        sent = False
        while not sent:
            try:
                self.client.start(ident)
                return Started(ident, warnings)
            except EngineRefused as refused:
                return self._refused(refused, config)
            except EngineAway as away:
                sent = away.sent
            if time.monotonic() > until or self.given_up.is_set():
                break
            time.sleep(_PAUSE)
        # It may have begun, or be about to: whoever watches sees what became of it.
        while self.helper and time.monotonic() < until and not self.given_up.is_set():
            try:
                seen = self.client.inspect(ident)
            except (EngineAway, EngineRefused):
                time.sleep(_PAUSE)
                continue
            if seen is not None and seen["State"]["Status"] == "created":
                return CutOff(ident)
            break
        return Started(ident, warnings)

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
