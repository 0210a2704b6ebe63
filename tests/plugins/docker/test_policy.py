"""What settings forbid, and how patterns are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from anyjob.spec import Limits
from anyjob_docker.asked import AskedLimit, asked_limits, in_units
from anyjob_docker.image import Image, allowed_image
from anyjob_docker.options import DockerOptions
from anyjob_docker.policy import refusals
from anyjob_docker.settings import DockerSettings


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("team/app:1", "docker.io/team/app:1"),
        ("localhost/app", "localhost/app:latest"),
        ("r.example.com:5000/a/b:x", "r.example.com:5000/a/b:x"),
        ("a@sha256:" + "0" * 64, "docker.io/library/a@sha256:" + "0" * 64),
        ("0" * 64, "sha256:" + "0" * 64),
    ],
)
def test_names_of_images(text: str, full: str) -> None:
    assert Image.parse(text).full == full


@pytest.mark.parametrize("text", ["", "UPPER", "a:", "a b", "-x", "a//b", "../x", "Team/app", "a:b:c", "x" * 600])
def test_what_is_no_name_of_an_image(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no name of an image"):
        Image.parse(text)


@pytest.mark.parametrize(
    ("pattern", "image", "allowed"),
    [
        ("*", "evil.com/x", True),
        ("busybox", "busybox:1", True),
        ("busybox", "docker.io/library/busybox", True),
        ("busybox*", "busybox.evil.com/x", False),
        ("busybox", "evil.com/busybox", False),
        ("python:3.*", "python:3.12", True),
        ("python:3.*", "python:2.7", False),
        ("python:3.*", "python@sha256:" + "0" * 64, False),
        ("r.example.com/*", "r.example.com/a", True),
        ("r.example.com/*", "r.example.com/a/b", False),
        ("r.example.com/**", "r.example.com/a/b:9", True),
        ("r.example.com/**", "r.example.com.evil.com/a", False),
        ("*/team/app", "any.example.com/team/app", True),
        ("busybox", "0" * 64, False),
    ],
)
def test_patterns_of_images(pattern: str, image: str, *, allowed: bool) -> None:
    assert allowed_image(Image.parse(image), pattern) is allowed


STRICT: dict[str, Any] = {
    "images": ["busybox"],
    "mounts": ["/data/**", "/etc/ssl:ro", "cache"],
    "users": ["1000:*"],
    "capabilities": ["NET_*"],
    "limits": {"memory": "1Gi"},
}


@pytest.mark.parametrize(
    ("options", "more", "field"),
    [
        ({"image": "busybox"}, {}, None),
        ({"image": "alpine"}, {}, "XAttrs.image"),
        ({"network": "bridge"}, {}, None),
        ({"network": "other"}, {}, "XAttrs.network"),
        ({"network": "host"}, {}, "XAttrs.network"),
        ({"network": "container:x"}, {"host_network": True}, "XAttrs.network"),
        ({"network": "host"}, {"host_network": True}, None),
        ({"privileged": True}, {}, "XAttrs.privileged"),
        ({"privileged": True}, {"privileged": True}, None),
        ({"capabilities": ("NET_RAW",)}, {}, None),
        ({"capabilities": ("NET_RAW", "SYS_ADMIN")}, {}, "XAttrs.capabilities[1]"),
        ({"mounts": [{"source": "/data/x", "target": "/x"}]}, {}, None),
        ({"mounts": [{"source": "/data", "target": "/x"}]}, {}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "/data/../etc", "target": "/x"}]}, {}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "/etc/ssl", "target": "/x", "readOnly": True}]}, {}, None),
        ({"mounts": [{"source": "/etc/ssl", "target": "/x"}]}, {}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "cache", "target": "/x"}]}, {}, None),
        ({"mounts": [{"source": "other", "target": "/x"}]}, {}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"target": "/x", "size": 1024}]}, {}, None),
        ({"mounts": [{"source": "/", "target": "/x"}]}, {"mounts": ["*"]}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "/var/run", "target": "/x"}]}, {"mounts": ["*"]}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "/run/docker.sock", "target": "/x"}]}, {"mounts": ["*"]}, "XAttrs.mounts[0].source"),
        ({"mounts": [{"source": "/run/docker.sock", "target": "/x"}]}, {"mounts": ["*"], "engine_socket": True}, None),
        ({"mounts": [{"source": "/srv/my.sock", "target": "/x"}]}, {"mounts": ["*"]}, "XAttrs.mounts[0].source"),
    ],
)
def test_refusals_name_the_field(options: dict[str, Any], more: dict[str, Any], field: str | None) -> None:
    made = DockerOptions.model_validate({"image": "busybox"} | options)
    settings = DockerSettings.model_validate(STRICT | more)
    problems = refusals(made, Limits(), None, settings, sockets=["/srv/my.sock"])
    assert [problem.field for problem in problems] == ([] if field is None else [field])
    for problem in problems:
        assert "[launchers.docker]" in problem.remedy


def test_users_and_limits() -> None:
    made = DockerOptions.model_validate({"image": "busybox"})
    settings = DockerSettings.model_validate(STRICT)
    assert not refusals(made, Limits.model_validate({"memory": "1Gi"}), "1000:5", settings)
    problems = refusals(made, Limits.model_validate({"memory": "2Gi"}), "0", settings)
    assert [problem.field for problem in problems] == ["XAttrs.user", "XAttrs.limits.memory"]
    assert str(problems[1]).endswith("allows; write 1Gi or less")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            {"memory": "2Gi"},
            'XAttrs.limits.memory: "2Gi" is more than [launchers.docker] limits.memory allows; write 1Gi',
        ),
        ({"memory": "2048 MiB"}, '"2048 MiB" is more than [launchers.docker] limits.memory allows; write 1024MiB or'),
        ({"memory": "4GB"}, '"4GB" is more than [launchers.docker] limits.memory allows; write 1Gi or less'),
        ({"memory": 2147483648}, '"2147483648" is more than [launchers.docker] limits.memory allows; write 1073741824'),
        ({"cpu": 2.5}, 'XAttrs.limits.cpu: "2.5" is more than [launchers.docker] limits.cpu allows; write 2 or less'),
    ],
)
def test_limits_are_told_in_the_words_of_the_job(written: dict[str, Any], said: str) -> None:
    made = DockerOptions.model_validate({"image": "busybox"})
    settings = DockerSettings.model_validate({"limits": {"memory": "1Gi", "cpu": 2}})
    (problem,) = refusals(made, Limits.model_validate(written), None, settings, xattrs={"limits": written})
    assert said in str(problem)


def test_limits_that_a_policy_or_the_settings_set_are_told_as_they_are() -> None:
    limits, usual = Limits.model_validate({"memory": "3Gi"}), Limits.model_validate({"memory": "1Gi", "cpu": 64})
    assert asked_limits({"limits": {"memory": "2Gi"}}, limits, usual) == {
        "memory": AskedLimit("XAttrs.limits.memory", "3Gi"),
        "cpu": AskedLimit("launchers.docker.limits.cpu", "64"),
    }
    assert [in_units("memory", size) for size in (10**12, 3 << 20, 1025)] == ["1T", "3Mi", "1025"]


def test_refusals_say_what_to_write_or_to_ask_for() -> None:
    options = {"image": "alpine", "network": "other", "privileged": True, "capabilities": ("SYS_ADMIN",)}
    made = DockerOptions.model_validate(options | {"mounts": [{"source": "other", "target": "/x"}]})
    problems = refusals(made, Limits(), "0", DockerSettings.model_validate(STRICT))
    said = {problem.field: problem.remedy for problem in problems}
    for field, listed in (
        ("image", "images of [launchers.docker]: busybox"),
        ("network", "networks of [launchers.docker]: none, bridge"),
        ("capabilities[0]", "capabilities of [launchers.docker]: NET_*"),
        ("mounts[0].source", "mounts of [launchers.docker]: /data/**, /etc/ssl:ro, cache"),
        ("user", "users of [launchers.docker]: 1000:*"),
    ):
        remedy = f"is not among the {listed}; write one of them, or ask your operator to add it there"
        assert said[f"XAttrs.{field}"] == remedy
    assert said["XAttrs.privileged"].endswith("ask your operator for `privileged = true` in [launchers.docker]")
    (none,) = refusals(
        DockerOptions.model_validate({"image": "busybox", "capabilities": ("SYS_ADMIN",)}),
        Limits(), None, DockerSettings(),
    )  # fmt: skip
    assert "allows no capabilities; take it out, or ask your operator to add it to `capabilities`" in none.remedy


def test_without_settings_a_user_may_what_he_may_but_not_own_the_machine() -> None:
    alone = DockerSettings.alone()
    for options, field in (
        ({"mounts": [{"source": "/home", "target": "/x"}], "network": "mine"}, []),
        ({"mounts": [{"source": "/run/docker.sock", "target": "/x"}]}, ["XAttrs.mounts[0].source"]),
        ({"privileged": True, "network": "host"}, ["XAttrs.network", "XAttrs.privileged"]),
    ):
        made = DockerOptions.model_validate({"image": "busybox"} | options)
        assert [problem.field for problem in refusals(made, Limits(), None, alone)] == field


@pytest.mark.parametrize(
    "wrong",
    [{"host": "ssh://x"}, {"mounts": ["/a/../b"]}, {"tls": {"cert": "x"}}, {"limits": {"memory": "lots"}}, {"x": 1}],
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DockerSettings.model_validate(wrong)
