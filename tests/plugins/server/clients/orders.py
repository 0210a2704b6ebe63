"""What every client is told to do, and what the server must then have."""

from __future__ import annotations

from typing import Any

from tests.plugins.server.serving import Serving

from anyjob_server.client.target import DEFAULT_GROUP, DEFAULT_NAMESPACE

__all__ = ["INSTANCE_PARAMETERS", "Order", "job", "order", "sleeper"]

Order = dict[str, Any]

INSTANCE_PARAMETERS = "一次 & = + % 'x' \"y\""
GREETING = "你好 + & = %"

_SAY = """\
echo "the last line is the result: 100 % + more"
printf '%s|%s|%s|%s\\n' "$ANYJOB_JOB_NAME" "$ANYJOB_PARAMETERS" "$ANYJOB_INSTANCE_PARAMETERS" "$GREETING"
"""
_LATER = frozenset({"XAttrs", "Priority", "FailTimes", "SuccessNoticeEnable"})
"""What the older Java SDK does not know."""


def job(client: str) -> Order:
    """The fields of a job that a client creates: all kinds of values, and all that encodings get wrong."""
    fields: Order = {
        "Name": f"{client}: 夜间  报表 + & ' ~ * é%20 /?#",
        "Description": 'a=b&c=d; 100 % "quoted"\n第二行',
        "JobType": "shell",
        "ExecuteMode": "standalone",
        "TimeType": 100,
        "Content": _SAY,
        "Parameters": '{"k": "v  w", "名": "值+&=%"}',
        "XAttrs": f'{{"env": {{"GREETING": "{GREETING}"}}}}',
        "Priority": 10,
        "MaxConcurrency": 2,
        "MaxAttempt": 1,
        "AttemptInterval": 3,
        "Timeout": 3600,
        "TimeoutEnable": True,
        "TimeoutKillEnable": True,
        "FailEnable": False,
        "FailTimes": 2,
        "MissWorkerEnable": True,
        "SuccessNoticeEnable": False,
        "SendChannel": "mail,webhook",
        "ContactInfo": [
            {"UserName": "张 三", "UserMail": "a+b@c.example", "Ding": "http://x.example/y?z=1&t=a b"},
            {"UserName": "n2", "UserPhone": "+86 1"},
        ],
    }
    return {name: value for name, value in fields.items() if client != "java core" or name not in _LATER}


def sleeper(client: str) -> Order:
    """A job that has to be stopped."""
    return job(client) | {"Name": f"{client}: sleeps", "Content": "exec sleep 600"}


def result(client: str) -> str:
    """The result of the job's run: what reached its process of all that the client sent."""
    made = job(client)
    greeting = GREETING if "XAttrs" in made else ""
    return "|".join([made["Name"], made["Parameters"], INSTANCE_PARAMETERS, greeting])


def order(serving: Serving, client: str) -> Order:
    """What a program of `go`, `node` and `java` reads from standard input."""
    return {
        "Endpoint": serving.address,
        "KeyId": serving.key,
        "KeySecret": serving.secret,
        "Scope": {"Namespace": DEFAULT_NAMESPACE, "GroupId": DEFAULT_GROUP},
        "InstanceParameters": INSTANCE_PARAMETERS,
        "Job": job(client),
        "Sleeper": sleeper(client),
    }
