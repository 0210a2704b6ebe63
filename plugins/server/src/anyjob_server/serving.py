"""A server that listens, and tells the commands of its machine where."""

from __future__ import annotations

import os
import pwd
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificates

from anyjob.errors import BadSettings, StateUnusable, WorkerError
from anyjob.problem import Problem
from anyjob_server.address import Address
from anyjob_server.api.listener import Listener, tls_context
from anyjob_server.client.serverfile import SERVER_FILE, ServerFile, write_server_file
from anyjob_server.first import First, given_key, make_first
from anyjob_server.server import Server
from anyjob_server.settings import ServerSettings

__all__ = ["NotTheOwner", "Serving", "check_tls", "make_state_folder", "refuse_anothers", "tls_files"]

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - to be told apart, not to be listened on


def make_state_folder(folder: Path) -> None:
    """Closed to others, but for root, whose jobs run as other users and must pass through it. Raises StateUnusable,
    NotTheOwner."""
    try:
        folder.mkdir(mode=0o711 if os.getuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
    refuse_anothers(folder)


def refuse_anothers(folder: Path) -> None:
    """Root keeps out of another user's state folder. Raises NotTheOwner."""
    if os.getuid() == 0 and folder.exists() and (owner := folder.stat().st_uid) != 0:
        raise NotTheOwner(folder, owner)


def tls_files(settings: ServerSettings) -> tuple[Path, Path] | None:
    """Certificate and key, where there are. Raises BadSettings for one without the other."""
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        if cert is None and key is None:
            return None
        lacking, other = ("tls_cert", "tls_key") if cert is None else ("tls_key", "tls_cert")
        option = lacking.replace("_", "-")
        remedy = f"is missing: server.{other} is given; name both, also as --{option}, or neither"
        raise BadSettings("The settings", [Problem(field=f"server.{lacking}", value="", remedy=remedy)])
    return cert, key


def check_tls(settings: ServerSettings) -> None:
    """Whether certificate and key can be used, where there are. Raises BadSettings."""
    if (files := tls_files(settings)) is not None:
        tls_context(*files, "The settings")


class NotTheOwner(WorkerError):
    """Root would leave files in another user's state folder that its server cannot open any more."""

    def __init__(self, folder: Path, owner: int) -> None:
        try:
            self.owner = pwd.getpwuid(owner).pw_name
        except KeyError:
            self.owner = str(owner)
        super().__init__(
            f"State folder {folder} belongs to user {self.owner}, whose server could not open any more what root writes"
            f" there. Run this as that user (runuser -u {self.owner} -- anyjob ...), start the service instead, or give"
            f" the folder to root first (chown -R root: {folder})."
        )


class Serving:
    """Leaving the block ends the server in order: requests that are read are answered, runs are left to the next
    start."""

    def __init__(
        self,
        server: Server,
        address: Address,
        *,
        tls: tuple[Path, Path] | None = None,
        insecure: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """`tls`: certificate chain and key, PEM.

        Raises BadSettings for files that cannot be used, and for an address that others can reach with neither `tls`
        nor `insecure`.
        """
        self.server, self._address, self._environment = server, address, environment
        address.refuse_open(closed=tls is not None or insecure)
        context: ssl.SSLContext | None = None
        self._fingerprint = ""
        if tls is not None:
            context = tls_context(*tls, "The settings")
            self._fingerprint = load_pem_x509_certificates(tls[0].read_bytes())[0].fingerprint(SHA256()).hex()
        self._listener = Listener(server.app, address.host, address.port, tls=context, insecure=insecure)
        self.url = ""
        """Where commands of this machine reach it."""
        self.first: First | None = None
        """What was made, if this was the first start."""

    async def __aenter__(self) -> Self:
        """Raises AddressTaken, BadSettings for half a key in the environment, and what starting the server raises."""
        given = given_key(self._environment)
        self._address.probe()
        make_state_folder(self.server.state)
        await self.server.__aenter__()
        try:
            self.first = await make_first(self.server.store, self.server.keys, given)
            try:
                await self._listener.open()
            except OSError as error:
                raise self._address.taken(error) from None
            host, port = self._listener.address
            shown = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
            self.url = f"{'https' if self._fingerprint else 'http'}://{shown}:{port}"
            key, secret = self.server.keys.lend()
            file = ServerFile(url=self.url, pid=os.getpid(), key=key, secret=secret, fingerprint=self._fingerprint)
            write_server_file(self.server.state, file)
        except BaseException:
            await self._listener.close()
            await self.server.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        (self.server.state / SERVER_FILE).unlink(missing_ok=True)
        self.server.engine.ends.close()
        await self._listener.close()
        await self.server.__aexit__(kind, error, at)
