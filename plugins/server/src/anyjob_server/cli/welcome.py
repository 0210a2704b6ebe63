"""What the first start of a server tells its owner."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from anyjob_server.api.listener import is_loopback
from anyjob_server.client.serverfile import default_state
from anyjob_server.first import First

__all__ = ["welcome"]


def welcome(first: First, url: str, state: Path) -> str:
    """Lines to copy: for this machine, for others, for the SDK."""
    here = "" if state == default_state() else f" --state {shlex.quote(str(state))}"
    secret = first.secret or "..."
    own = "" if first.secret else " (the one that the environment gave)"
    scheme, _, host = url.partition("://")
    near = is_loopback(urlsplit(url).hostname or "")
    away = (
        " (this address is of this machine only; --listen 0.0.0.0:PORT with --tls-cert and --tls-key lets others in)"
        if near
        else ""
    )
    shown = "its secret is shown this once" if first.secret else "its secret is yours"
    return f"""\
This is the first start. Made: namespace default, app group default, and access key {first.access_key_id}{own}; {shown}.

On this machine, as this user, commands need no more than this:

    anyjob job create FILE{here}
    anyjob job run NAME --wait{here}

Elsewhere{away}:

    export ANYJOB_SERVER={url}
    export ANYJOB_ACCESS_KEY_ID={first.access_key_id}
    export ANYJOB_ACCESS_KEY_SECRET={secret}

Python, with the official SDK (pip install alibabacloud-schedulerx220190430):

    from alibabacloud_schedulerx220190430.client import Client
    from alibabacloud_schedulerx220190430.models import CreateJobRequest
    from alibabacloud_tea_openapi.utils_models import Config

    client = Client(Config(endpoint="{host}", protocol="{scheme}", region_id="local",
                           access_key_id="{first.access_key_id}", access_key_secret="{secret}"))
    reply = client.create_job(CreateJobRequest(region_id="local", namespace="default", group_id="default",
                                               name="hello-sdk", job_type="shell", content="echo hello",
                                               execute_mode="standalone", time_type=100))
    print(reply.body.success, reply.body.message, reply.body.data)
"""
