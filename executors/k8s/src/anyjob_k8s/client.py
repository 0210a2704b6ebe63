# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""Where a cluster is and who we are there, by the package `kubernetes`: kubeconfig, exec plugins, in-cluster tokens.

The only module that knows that package, which is imported on first use: it takes a second. Everything here blocks.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from anyjob.errors import AnyJobError

__all__ = ["Access", "Login", "NoCluster"]

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_REMEDY: Final = (
    "Set KUBECONFIG or write ~/.kube/config, run the worker in a pod, or name the file in the settings:"
    " [executors.k8s.clusters.NAME] kubeconfig"
)


_RENEW: Final = "Renew them, or see that the program that the kubeconfig names for them runs for the worker's user."


class NoCluster(AnyJobError):
    """It cannot be told where the cluster is, or as whom to speak to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the API server is reached.

    `tls` None: plain HTTP. `prefix`: the path before every request's own. `proxy`: host and port of an HTTP proxy.
    `namespace`: of the context; empty where it names none.
    """

    server: str
    host: str
    port: int
    tls: ssl.SSLContext | None
    server_name: str
    prefix: str
    proxy: tuple[str, int] | None
    namespace: str


class Login:
    """One context of one kubeconfig, or the pod that the worker is in.

    `kubeconfig` None: `KUBECONFIG`, else `~/.kube/config`, else in-cluster. `context` None: the current one.
    """

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        self.kubeconfig = str(kubeconfig.expanduser()) if kubeconfig else _ambient()
        by = (
            "named by the setting kubeconfig"
            if kubeconfig
            else "named by KUBECONFIG"
            if os.environ.get("KUBECONFIG")
            else ""
        )
        self._named = f"{self.kubeconfig} ({by})" if by else self.kubeconfig
        self.context = context
        self._configuration: Any = None

    @property
    def key(self) -> tuple[str, str]:
        """Equal for logins that speak to the same cluster as the same user."""
        return (self.kubeconfig or "in-cluster", self.context or "")

    def load(self) -> Access:
        """Read everything anew. Raises NoCluster."""
        try:
            configuration, namespace = self._read()
            self._configuration = configuration
            return _access(configuration, namespace)
        except NoCluster:
            raise
        except Exception as error:  # the package raises its own, yaml's, ssl's and OSError alike
            where = self._named if self.kubeconfig else "the pod's service account"
            raise NoCluster(f"{where}: {_said(error)}. {_REMEDY}") from error

    def headers(self) -> Mapping[str, str]:
        """Who we are, for a request: an exec plugin is asked and a token read anew when they have expired.

        Raises NoCluster.
        """
        try:
            found = self._configuration.auth_settings()
        except Exception as error:
            raise NoCluster(f"the credentials of {self._named}: {_said(error)}. {_RENEW}") from error
        return {
            str(item["key"]): str(item["value"]).strip()
            for item in found.values()
            if item.get("in") == "header" and item.get("value")
        }

    def _read(self) -> tuple[Any, str]:
        from kubernetes.client import Configuration
        from kubernetes.config import incluster_config, kube_config

        configuration = Configuration()
        configuration.proxy = None  # of the environment: a cluster's own stands in its kubeconfig
        if not self.kubeconfig:
            if self.context:
                raise NoCluster(f"Context {self.context!r} is asked for, and there is no kubeconfig. {_REMEDY}")
            if not os.environ.get("KUBERNETES_SERVICE_HOST"):
                raise NoCluster(f"No cluster is known. {_REMEDY}")
            incluster_config.load_incluster_config(client_configuration=configuration)
            return configuration, _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else ""
        if wrong := _unreadable(self.kubeconfig):
            raise NoCluster(f"The kubeconfig {self._named} {wrong}. {_REMEDY}")
        listed: Any = kube_config.list_kube_config_contexts(config_file=self.kubeconfig)
        contexts, current = listed
        named = {item["name"]: item for item in contexts}
        name = self.context or current["name"]
        if name not in named:
            raise NoCluster(f"{self.kubeconfig} has no context {name!r}; it has {', '.join(sorted(named)) or 'none'}")
        kube_config.load_kube_config(self.kubeconfig, context=name, client_configuration=configuration)
        return configuration, str(named[name]["context"].get("namespace") or "")


def _ambient() -> str:
    if named := os.environ.get("KUBECONFIG"):
        return named
    usual = Path("~/.kube/config").expanduser()
    return str(usual) if usual.exists() else ""


def _unreadable(kubeconfig: str) -> str:
    """Why none of the files that it names can be read; empty: one can, what it holds is another matter."""
    wrong = ""
    for name in filter(None, kubeconfig.split(os.pathsep)):
        try:
            if Path(name).expanduser().read_bytes().strip():
                return ""
            wrong = wrong or "is empty"
        except FileNotFoundError:
            wrong = wrong or "does not exist"
        except OSError as error:
            wrong = wrong or f"cannot be read: {error.strerror}"
    return wrong or "names no file"


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or "it cannot be read"


def _access(configuration: Any, namespace: str) -> Access:
    server = str(configuration.host)
    url = urlsplit(server)
    secure = url.scheme != "http"
    proxy = urlsplit(str(configuration.proxy)) if configuration.proxy else None
    if proxy is not None and proxy.scheme != "http":
        raise NoCluster(f"proxy-url {configuration.proxy} is no http:// proxy, and no other is spoken")
    return Access(
        server=server,
        host=url.hostname or "",
        port=url.port or (443 if secure else 80),
        tls=_tls(configuration) if secure else None,
        server_name=getattr(configuration, "tls_server_name", None) or url.hostname or "",
        prefix=url.path.rstrip("/"),
        proxy=None if proxy is None else (proxy.hostname or "", proxy.port or 80),
        namespace=namespace,
    )


def _tls(configuration: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif configuration.ssl_ca_cert:
        context.load_verify_locations(configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file or None)
    return context
