"""From a run and its command to a container: what is allowed, what is laid out, what the engine is asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from anyjob.executor import Command, Exit
from anyjob.outcome import Cause
from anyjob.problem import Problem
from anyjob_docker.asked import asked_limits
from anyjob_docker.container import Plan, plan
from anyjob_docker.credentials import read_credentials
from anyjob_docker.folder import HostFolder
from anyjob_docker.imagecommand import ImageCommand
from anyjob_docker.policy import refusals, secret_problem
from anyjob_docker.refusal import problems_exit
from anyjob_docker.starting import CutOff, Started, Starting

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_docker.engine import Engine
    from anyjob_docker.entryfile import EntryFile
    from anyjob_docker.options import DockerOptions
    from anyjob_docker.settings import DockerSettings

__all__ = ["Beginning"]

_ROUNDS: Final = 3


class Beginning:
    """One start. `plan` is what was last asked of the engine."""

    def __init__(
        self,
        run: Run,
        command: Command,
        options: DockerOptions,
        settings: DockerSettings,
        engine: Engine,
        entry: EntryFile,
        given_up: threading.Event,
    ) -> None:
        self._run, self._command, self._options, self._settings = run, command, options, settings
        self._engine, self._entry, self._given_up = engine, entry, given_up
        self.plan: Plan | None = None

    async def run(self) -> Started | Exit | None:
        """Do it. None: it was given up before anything had begun."""
        run, options, settings = self._run, self._options, self._settings
        limits, sockets = run.common.limits, [self._engine.address.socket]
        refused = refusals(options, limits, run.user, settings, sockets=sockets, look=True, xattrs=run.job.xattrs)
        if refused:
            return problems_exit(Cause.REJECTED, refused)
        credentials = self._credentials()
        if isinstance(credentials, Exit):
            return credentials
        folder = HostFolder(run.folder)
        starting = Starting(
            client=self._engine.client,
            name=run.name,
            options=options,
            policy=options.pull_policy or settings.pull_policy,
            folder=str(folder.work),
            helper=self._entry.path is not None,
            limits=asked_limits(run.job.xattrs, limits, settings.limits),
            credentials=credentials,
            pull_timeout=settings.pull_timeout,
            given_up=self._given_up,
        )
        for _ in range(_ROUNDS):
            image: dict[str, Any] | None = None
            if isinstance(self._command, ImageCommand) or starting.policy == "Always":
                image = await self._engine.begin(starting.image)
            if image is not None or not (isinstance(self._command, ImageCommand) or starting.policy == "Always"):
                made = self.plan = self._plan(folder, image)
                if isinstance(problem := self._shown(made), Exit):
                    return problem
                got = await self._engine.begin(lambda made=made: self._begin(folder, made, starting))
                if got is not None or self._given_up.is_set():
                    return got
            missing = await self._engine.pull(starting.pull)
            if missing is not None or self._given_up.is_set():
                return missing
        remedy = "is gone each time that it was pulled; look who removes it"
        return problems_exit(Cause.START_FAILED, [Problem(field="XAttrs.image", value=options.image, remedy=remedy)])

    def _plan(self, folder: HostFolder, image: Mapping[str, Any] | None) -> Plan:
        sources = [mount.source for mount in self._options.mounts]
        return plan(
            self._run,
            self._command,
            self._options,
            self._settings,
            work=str(folder.work),
            control=str(folder.control),
            entry=None if self._entry.path is None else str(self._entry.path),
            secrets=self._secrets(),
            # As they were checked: a link that is changed now leads nowhere.
            sources=[os.path.realpath(path) if path and path.startswith("/") else path for path in sources],
            image=image,
            quota=self._run.common.log_quota,
        )

    def _begin(self, folder: HostFolder, made: Plan, starting: Starting) -> Started | Exit | None:
        cut: CutOff | None = None
        for _ in range(_ROUNDS):
            if not folder.revoke():
                # What a container that runs already has before it must not be touched.
                return starting.found()
            if cut is not None:
                starting.remove(cut.ident)
                if self._given_up.is_set():
                    return None
            own = {name: value for name, value in self._secrets().items() if name != self._options.registry_secret}
            folder.prepare(self._command.files, own, made.order)
            got = starting.run(made.config)
            if not isinstance(got, CutOff):
                return got
            cut = got
        assert cut is not None
        return Started(cut.ident)

    def _secrets(self) -> dict[str, str]:
        return {name: self._run.secret(name) for name in self._run.common.secrets}

    def _credentials(self) -> Mapping[str, str] | Exit | None:
        name = self._options.registry_secret
        if name is None:
            return None if self._settings.credentials else {}
        unlisted = secret_problem(self._options, self._run.common)
        if unlisted:
            return problems_exit(Cause.BAD_CONFIG, unlisted)
        found = read_credentials(self._run.secret(name), name, self._options.named.domain)
        return problems_exit(Cause.BAD_CONFIG, [found]) if isinstance(found, Problem) else found

    def _shown(self, made: Plan) -> Exit | None:
        """Without the entry helper a secret in the environment would stand in what everybody may ask the engine."""
        if self._entry.path is not None or not made.hidden:
            return None
        problems = [
            Problem(
                field=f"XAttrs.env.{name}",
                value="",
                remedy="holds a secret, which `docker inspect` would show, because the entry helper is not here"
                f" ({self._entry.why}); let the job read the file in ANYJOB_SECRETS",
            )
            for name in made.hidden
        ]
        return problems_exit(Cause.BAD_CONFIG, problems)
