"""What plugins may write down about themselves, and the commands that they bring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
from tests.core.plugins.fakes import BOX, CALL, LOCAL, SCRIPT, Offers
from tests.core.plugins.site import reported

from anyjob.plugins import CommandType, ExecutorType, LauncherType, PluginHost, PluginState, hookimpl


class Commands:
    def __init__(self, *commands: object) -> None:
        self.commands = commands

    @hookimpl
    def anyjob_commands(self) -> Iterable[Any]:
        return self.commands


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: ExecutorType(job_type="Shell", executor="a:B", spec="a:C"),
            "JobType 'Shell' is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first",
        ),
        (
            lambda: ExecutorType(job_type="a", executor="a:B", spec="a:C", aliases=("-b",)),
            "JobType '-b' is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first",
        ),
        (
            lambda: ExecutorType(job_type="a", executor="a.b.C", spec="a:C"),
            "JobType 'a': executor 'a.b.C' names nothing to import; write 'package.module:Name'",
        ),
        (
            lambda: LauncherType(name="a\n", launcher="a:B", options="a:C"),
            "Launcher 'a\\n' is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first",
        ),
        (
            lambda: CommandType(name="serve", command="serve"),
            "Command 'serve': command 'serve' names nothing to import; write 'package.module:Name'",
        ),
    ],
)
def test_wrong_name_or_target_is_told_where_it_is_written(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == sentence


def test_types_and_launchers_are_listed_by_name() -> None:
    host = PluginHost({"ours": Offers(SCRIPT, CALL, BOX)}, local=LOCAL)
    assert [offer.kind.job_type for offer in host.types()] == ["call", "script"]
    assert [offer.kind.name for offer in host.launchers()] == ["box", "local"]
    assert [(r.name, r.types, r.launchers) for r in host.report()] == [
        ("core", (), ("local",)),
        ("ours", ("call", "script"), ("box",)),
    ]


def test_order_of_plugins_means_nothing() -> None:
    plugins = {"b": Offers(CALL), "a": Offers(SCRIPT), "c": Offers(BOX)}
    forth, back = PluginHost(plugins), PluginHost(dict(reversed(plugins.items())))
    assert forth.report() == back.report()
    assert [offer.kind for offer in forth.types()] == [offer.kind for offer in back.types()]


def test_commands_are_listed_and_a_name_with_two_claims_is_used_from_neither() -> None:
    serve, key = CommandType(name="serve", command="a:serve"), CommandType(name="key", command="a:key")
    host = PluginHost({"a": Commands(serve, key), "b": Commands(CommandType(name="key", command="b:key"))})
    assert [offer.kind for offer in host.commands()] == [serve]
    assert reported(host, "a").why == "Command 'key' is also claimed by plugin 'b' of embedded 0; neither is used."


def test_plugin_whose_commands_fail_is_told() -> None:
    host = PluginHost({"a": Commands("serve"), "b": Commands(CommandType(name="key", command="b:key"))})
    assert [offer.kind.name for offer in host.commands()] == ["key"]
    assert (reported(host, "a").state, reported(host, "a").why) == (
        PluginState.BROKEN,
        "Its anyjob_commands failed: TypeError: it gave str, not CommandType.",
    )


def test_schema_of_a_type_holds_its_keys_and_those_of_the_named_launcher() -> None:
    host = PluginHost({"ours": Offers(SCRIPT, BOX)}, local=LOCAL)
    plain, boxed = cast("Any", host.schema("sh")), cast("Any", host.schema("sh", "box"))
    assert plain["properties"]["Content"]["description"] == "the script"
    keys = set(plain["$defs"]["Job.XAttrs"]["properties"])
    assert {"command", "limits", "pageSize"} <= keys
    assert set(boxed["$defs"]["Job.XAttrs"]["properties"]) - keys == {"image"}


def test_launcher_that_nobody_brings_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        PluginHost().launcher("box")
    with pytest.raises(KeyError):
        PluginHost({"ours": Offers(SCRIPT)}).schema("sh", "box")
