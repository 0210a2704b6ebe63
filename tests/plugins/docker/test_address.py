"""Where the engine is: who says so, and in which order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from anyjob_docker.address import DEFAULT, Address, BadAddress, find_address
from anyjob_docker.settings import DockerSettings, Tls


def context(home: Path, name: str, host: str, *, current: bool = True, skip: bool = False) -> Path:
    """A context as `docker context create` writes it; its folder for TLS files."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / identity
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name}))
    tls = home / ".docker" / "contexts" / "tls" / identity / "docker"
    tls.mkdir(parents=True)
    return tls


def test_settings_come_before_the_environment_and_that_before_the_context(tmp_path: Path) -> None:
    context(tmp_path, "mine", "unix:///of/the/context")
    home = {"HOME": str(tmp_path)}
    settings = DockerSettings(host="unix:///of/the/settings")
    own = find_address(settings, home | {"DOCKER_HOST": "unix:///of/the/environment"})
    assert (own.url, own.said_by) == ("unix:///of/the/settings", "[launchers.docker] host")
    named = find_address(DockerSettings(), home | {"DOCKER_HOST": "unix:///of/the/environment"})
    assert (named.url, named.said_by, named.socket) == (
        "unix:///of/the/environment", "DOCKER_HOST", "/of/the/environment",
    )  # fmt: skip
    current = find_address(DockerSettings(), home)
    assert (current.url, current.said_by) == ("unix:///of/the/context", "docker's context 'mine'")
    usual = find_address(DockerSettings(), home | {"DOCKER_CONTEXT": "default"})
    assert (usual.url, usual.said_by) == (DEFAULT, "the default socket")


def test_tls_of_each_way(tmp_path: Path) -> None:
    folder = context(tmp_path, "far", "tcp://far:2376")
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").touch()
    far = find_address(DockerSettings(), {"HOME": str(tmp_path)})
    assert (far.tls, far.verify, far.ca, far.key) == (True, True, f"{folder}/ca.pem", f"{folder}/key.pem")
    assert far.socket == ""
    named = find_address(
        DockerSettings(), {"DOCKER_HOST": "tcp://far:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    )
    assert (named.tls, named.verify, named.cert) == (True, True, f"{folder}/cert.pem")
    plain = find_address(DockerSettings(), {"DOCKER_HOST": "tcp://far:2375"})
    assert not plain.tls
    own = find_address(DockerSettings(host="tcp://far:2376", tls=Tls(ca=Path("/ca.pem"), verify=False)), {})
    assert (own.tls, own.verify, own.ca) == (True, False, "/ca.pem")
    assert Address.from_json(own.to_json()) == own


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadAddress, match=r"DOCKER_HOST names the engine ssh://far, which is not spoken here"):
        find_address(DockerSettings(), {"DOCKER_HOST": "ssh://far"})
    with pytest.raises(BadAddress, match=r"docker's context 'gone' is not in .*/contexts"):
        find_address(DockerSettings(), {"HOME": str(tmp_path), "DOCKER_CONTEXT": "gone"})
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    with pytest.raises(BadAddress, match=r"config.json cannot be read"):
        find_address(DockerSettings(), {"HOME": str(tmp_path)})
    context(tmp_path, "odd", "unix:///x", current=False)
    meta = next((tmp_path / ".docker" / "contexts" / "meta").glob("*/meta.json"))
    meta.write_text('{"Endpoints": []}')
    with pytest.raises(BadAddress, match=r"docker's context 'odd' cannot be read"):
        find_address(DockerSettings(), {"HOME": str(tmp_path), "DOCKER_CONTEXT": "odd"})
