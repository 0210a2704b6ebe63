"""A settings file read: every wrong value at once, and no secret repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from anyjob.errors import BadSettings
from anyjob.settings import Found, Settings, find_settings, read_settings

SIZE = "is not a size; write a number with Ki, Mi, Gi, Ti (powers of 1024) or k, M, G, T (powers of 1000)"


def read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "anyjob.toml"
    file.write_text(text)
    return read_settings(Found(file=file, by="--config"))


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/anyjob.toml cannot be used:\n")
    return [str(problem) for problem in caught.value.problems]


def test_every_part_as_its_model(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        server = {}
        [worker]
        cgroup = "off"
        users = {"*" = ["www"]}
        [plugins]
        deny = ["x"]
        [secrets.relative]
        file = "keys/db"
        [secrets.absolute]
        file = "/keys/db"
        [executors.shell]
        anything = 1
        [launchers.local]
        """,
    )
    assert (settings.worker.cgroup, dict(settings.worker.users)) == ("off", {"*": ["www"]})
    assert settings.plugins.deny == ("x",)
    assert (settings.secrets["relative"].file, settings.secrets["absolute"].file) == (
        tmp_path / "keys/db",
        Path("/keys/db"),
    )
    assert (settings.executors, settings.launchers) == ({"shell": {"anything": 1}}, {"local": {}})


def test_all_wrong_values_at_once(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """
        plugins = 5
        [workr]
        [worker]
        log_quota = "10Mx"
        cgroup = "on"
        [executors]
        Shell = {}
        shell = 1
        """,
    ) == [
        "plugins is not a table; write [plugins]",
        "workr is no part of the settings; did you mean worker?",
        f'worker.log_quota: "10Mx" {SIZE}',
        'worker.cgroup: "on" is not allowed; write auto or off',
        "executors: \"Shell\" is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first",
        'executors.shell: "1" is not a table; write [executors.shell]',
    ]


def test_no_message_repeats_what_may_be_a_secret(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        """
        [secrets]
        plain = "hunter2"
        [secrets.unknown]
        value = "hunter2"
        [secrets.typed]
        file = ["hunter2"]
        [secretz]
        db = "hunter2"
        """,
    )
    assert len(said) == 4
    assert "hunter2" not in "".join(said)
    assert (
        "secrets.plain is not a table; write [secrets.plain] with a file, env or command that holds the secret" in said
    )
    assert "hunter2" not in "".join(problems(tmp_path, "[secrets.db]\nfile = hunter2\n"))


def test_what_is_not_toml(tmp_path: Path) -> None:
    assert problems(tmp_path, "[worker]\ncgroup = off\n") == ["line 2, column 10 is not TOML: Invalid value"]
    (said,) = problems(tmp_path, "[worker")
    assert said.startswith("The file is not TOML at its end: ")
    (tmp_path / "bad.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(BadSettings, match="byte 6 is not UTF-8; save the file as UTF-8"):
        read_settings(Found(file=tmp_path / "bad.toml", by="--config"))


def test_no_file_counts_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYJOB_CONFIG", raising=False)
    assert find_settings(None, tmp_path) is None
    assert find_settings(None, None) is None
    # A link that leads nowhere was meant to be a file: reading it tells.
    (tmp_path / "anyjob.toml").symlink_to("nowhere")
    found = find_settings(None, tmp_path)
    assert found is not None
    with pytest.raises(BadSettings, match="cannot be read: No such file or directory"):
        read_settings(found)
