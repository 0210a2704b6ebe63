"""Where the API listens, and with what."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from tests.plugins.server.api.wireground import ground

from anyjob.errors import BadSettings
from anyjob_server.api.listener import Listener, is_loopback, tls_context

CERTIFICATE = Path(__file__).parents[3] / "core" / "egress" / "peer.pem"  # its key is in it


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)
    Listener(None, host, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "::ffff:192.0.2.1"])
def test_others_only_by_tls_or_by_word(host: str) -> None:
    with pytest.raises(BadSettings, match="--tls-cert and --tls-key, or --insecure"):
        Listener(None, host, 0)
    Listener(None, host, 0, insecure=True)
    Listener(None, host, 0, tls=tls_context(CERTIFICATE, CERTIFICATE, "The settings"))


def test_tls() -> None:
    with ground(tls=tls_context(CERTIFICATE, CERTIFICATE, "The settings")) as made:
        made.tls = ssl.create_default_context(cafile=str(CERTIFICATE))
        made.tls.check_hostname = False
        assert made.say(made.signer.acs3("A", {"N": "1"}))[0] == 200
        made.tls = None
        with pytest.raises(ConnectionResetError):
            made.say(made.signer.acs3("A", {}))


@pytest.mark.parametrize(("certificate", "key"), [("none.pem", "none.pem"), ("text.pem", "text.pem")])
def test_files_that_cannot_be_used(tmp_path: Path, certificate: str, key: str) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(BadSettings, match=r"server\.tls_cert") as refused:
        tls_context(tmp_path / certificate, tmp_path / key, "The settings")
    assert certificate in str(refused.value)
