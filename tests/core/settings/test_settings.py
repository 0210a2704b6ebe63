"""A settings file read: every wrong value at once, and no secret repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from anyjob.errors import BadSettings
from anyjob.secret import Source
from anyjob.settings import Found, Settings, find_settings, in_force, read_settings

LONG = "write a long random one, or make a key: anyjob key create --app GROUP"
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


PARTS_TOLD = "[server] or [worker]; the parts are worker, server, executors, launchers, secrets, egress, plugins"


def test_all_wrong_values_at_once(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """
        plugins = 5
        hold = true
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
        f"hold is no part of the settings; a setting stands below the heading of its part, such as {PARTS_TOLD}",
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


class Shop(BaseModel):
    model_config = ConfigDict(extra="forbid")
    goods: int = 3
    till: str = ""


def test_a_plugins_command_has_its_part(tmp_path: Path) -> None:
    settings = read(tmp_path, "[server]\ngoods = 5\n")
    assert settings.part("server", Shop) == Shop(goods=5)
    said = {one.key: (one.value, one.whence) for one in in_force(settings, {"server": Shop}) if "server" in one.key}
    assert said == {"server.goods": (5, settings.source), "server.till": ("", "default")}
    assert [one.note for one in in_force(settings, {}) if one.key == "server.goods"] == [
        "nothing reads this part: what does is not installed"
    ]
    assert Settings().part("server", Shop) == Shop()
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, "[server]\ngoods = 'many'\ntil = ''\n").part("server", Shop)
    assert [problem.field for problem in caught.value.problems] == ["server.goods", "server.til"]


def test_applications_have_their_part(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [worker.apps]
        listen = ["tcp:127.0.0.1:7782", "tcp:[::1]:7782", "unix:/run/apps.sock"]
        reconnect = 5
        [worker.apps.tokens]
        shop = "a-long-random-word"
        billing = {file = "keys/billing"}
        "*" = {env = "TOKEN"}
        """,
    )
    apps = settings.worker.apps
    assert [str(address) for address in apps.addresses] == apps.listen
    assert apps.reconnect == 5
    billing = apps.tokens["billing"]
    assert isinstance(billing, Source)
    assert billing.file == tmp_path / "keys/billing"
    assert "a-long-random-word" not in repr(settings.worker)
    said = {one.key: one.value for one in in_force(settings, {}) if one.key.startswith("worker.apps")}
    assert said["worker.apps.reconnect"] == 5
    assert "a-long-random-word" not in str(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('listen = ["7782"]', 'worker.apps.listen[0]: "7782" is no address; write tcp:HOST:PORT or unix:/PATH'),
        (
            'listen = ["tcp:h:99999"]',
            'worker.apps.listen[0]: "tcp:h:99999" is no address; write tcp:HOST:PORT or unix:/PATH',
        ),
        ('listen = ["unix:apps"]', 'worker.apps.listen[0]: "unix:apps" is no absolute path; write unix:/PATH'),
        (
            'listen = ["tcp:0.0.0.0:7782"]',
            "encrypted; listen on a loopback address or a Unix socket, or write insecure = true",
        ),
        ("reconnect = 0", 'worker.apps.reconnect: "0" is out of range; write more than 0'),
        ('tokens = {shop = " "}', f"worker.apps.tokens.shop is blank; {LONG}"),
        ('tokens = {shop = "default_token"}', f"worker.apps.tokens.shop is one that everybody tries first; {LONG}"),
        ('tokens = {shop = "aaaaaaaaaaaa"}', f"worker.apps.tokens.shop is one that everybody tries first; {LONG}"),
        ('tokens = {shop = "s3cret"}', f"worker.apps.tokens.shop has 6 characters, and 8 to 512 are taken; {LONG}"),
        ("tokens = {shop = {}}", "worker.apps.tokens.shop needs exactly one of file, env and command"),
        ('tokens = {shop = {fil = "/x"}}', "worker.apps.tokens.shop.fil is unknown; did you mean file?"),
        ('tockens = {shop = "secret of mine"}', "worker.apps.tockens is unknown; did you mean tokens?"),
    ],
)
def test_what_is_wrong_with_applications_is_told_without_any_token(tmp_path: Path, text: str, said: str) -> None:
    (told, *_) = problems(tmp_path, f"[worker.apps]\n{text}")
    assert said in told
    assert "s3cret" not in told
    assert "secret of mine" not in told
