"""`anyjob plugins`, `anyjob schema`, and the commands that plugins bring."""

from __future__ import annotations

import json
import re

from tests.core.cli.program import Program, Terminal, until

BROKEN = "import no_such_module\n"
TABLE = """
    from datetime import date
    from anyjob.plugins import notices

    notices.NOTICES = (
        notices.Notice(
            kind=notices.NoticeKind.HOOK, name="anyjob_commands", since="0.2.0",
            said=date(2026, 11, 27), gone=date(2027, 11, 27), instead="nothing",
        ),
    )
"""
"""Fills the table of the process that imports it, before the others: the product's own is empty."""
SLOW = """
    import time
    from pathlib import Path
    from anyjob.plugins import hookimpl

    @hookimpl
    def anyjob_run_finished(run, outcome):
        time.sleep(0.5)
        Path("told").write_text(f"{run.job.name} {outcome.cause}")
"""
RAISES = """
    from anyjob.plugins import hookimpl

    @hookimpl
    def anyjob_run_started(run):
        raise RuntimeError("no \x1b[31mchat")
"""
HANGS = """
    import threading
    from anyjob.plugins import hookimpl, host

    host._GOODBYE = 0.2

    @hookimpl
    def anyjob_run_started(run):
        threading.Event().wait()

    @hookimpl
    def anyjob_run_finished(run, outcome):
        raise NotImplementedError
"""
"""And has `anyjob run` wait for it less than it does."""
SICK = """
    from anyjob.executor import FunctionExecutor, Health, Launcher, Options
    from anyjob.plugins import CommandType, ExecutorType, LauncherType, hookimpl
    from anyjob.spec import Spec

    class SickSpec(Spec):
        pass

    class SickExecutor(FunctionExecutor[SickSpec]):
        def call(self, run, spec):
            raise NotImplementedError

        async def health(self):
            return Health(state="undetected", why="there is no \\x1b[31mengine here")

    class TiedExecutor(FunctionExecutor[SickSpec]):
        launcher = "away"

        def call(self, run, spec):
            raise NotImplementedError

    class LonelyExecutor(TiedExecutor):
        launcher = "nowhere"

    class AwayLauncher(Launcher[Options]):
        def capabilities(self, options):
            raise NotImplementedError

        start = watch = stop = find = clean = capabilities

        async def health(self):
            return Health(state="undetected", why="nobody listens")

    class RaisingExecutor(SickExecutor):
        async def health(self):
            raise RuntimeError("broken leg")

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="sick", executor=SickExecutor, spec=SickSpec, title="Sick leave")
        yield ExecutorType(job_type="hurt", executor=RaisingExecutor, spec=SickSpec)
        yield ExecutorType(job_type="tied", executor=TiedExecutor, spec=SickSpec)
        yield ExecutorType(job_type="lonely", executor=LonelyExecutor, spec=SickSpec)

    @hookimpl
    def anyjob_launchers():
        yield LauncherType(name="away", launcher=AwayLauncher, options=Options)

    def greet(name: str) -> None:
        "Say hello, and to whom."
        print("hello", name)

    @hookimpl
    def anyjob_commands():
        yield CommandType(name="greet", command="anyjob_sick:greet", help="Say hello.")
        yield CommandType(name="lost", command="anyjob_sick:nowhere", help="Lead nowhere.")
        yield CommandType(name="run", command="anyjob_sick:greet", help="Never reached.")
"""


def test_state_health_and_capabilities_of_what_is_installed(anyjob: Program) -> None:
    anyjob.install("sick", SICK)
    anyjob.install("broken", BROKEN)
    said = json.loads(anyjob("plugins", "--json").out)
    by_name = {one["name"]: one for one in said["plugins"]}
    assert list(by_name) == ["core", *sorted({*by_name} - {"core"})]
    assert by_name["broken"] == {
        "name": "broken",
        "distribution": "anyjob-broken",
        "version": "1.0",
        "state": "broken",
        "why": "It could not be imported: ModuleNotFoundError: No module named 'no_such_module'.",
        "types": [],
        "launchers": [],
        "hooks": [],
        "notices": [],
    }
    assert (by_name["shell"]["state"], by_name["shell"]["types"]) == ("ok", ["shell"])
    health = {name: (one["health"], one["why"]) for name, one in said["types"].items()}
    assert health["hurt"] == ("unhealthy", "its health failed: RuntimeError: broken leg")
    assert health["shell"] == ("healthy", "")
    assert health["sick"] == ("undetected", "there is no \x1b[31mengine here")
    assert health["tied"] == ("undetected", "launcher away: nobody listens")
    assert health["lonely"] == ("unhealthy", "launcher nowhere: is not installed")
    assert "local" in said["launchers"]
    assert {"greet", "lost", "run"} <= set(said["commands"])

    text = anyjob("plugins").out.decode()
    assert "\x1b" not in text
    assert re.search(r"^  contract +1: plugins for this number or an older one$", text, re.MULTILINE)
    assert "   " * 20 not in text, "one long cell pads no other row"
    assert "broken (anyjob-broken 1.0)\n  state  broken: It could not be imported: ModuleNotFoundError" in text
    assert re.search(r"  sick +undetected: there is no \\x1b\[31mengine here", text)


SAMPLES = """
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob_sick import SickExecutor, SickSpec

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="{name}", executor=SickExecutor, spec=SickSpec, samples="{samples}")
"""


def test_a_plugin_whose_samples_are_broken_is_not_called_ok(anyjob: Program) -> None:
    anyjob.install("sick", SICK)
    anyjob.install("lost", SAMPLES.format(name="lost", samples="anyjob_lost.samples:SAMPLES"))
    anyjob.install("odd", SAMPLES.format(name="odd", samples="anyjob_odd:__name__"))
    said = json.loads(anyjob("plugins", "--json").out)
    states = {one["name"]: (one["state"], one["why"]) for one in said["plugins"]}
    assert states["sick"] == ("ok", ""), "it ships none"
    assert states["lost"][0] == states["odd"][0] == "broken"
    assert "The samples 'anyjob_lost.samples:SAMPLES' of JobType 'lost' could not be imported: Mod" in states["lost"][1]
    assert "are no Samples and no function: str; its jobs run." in states["odd"][1]
    assert {"lost", "odd"} <= set(said["types"]), "their jobs run"
    assert said["contract"] == 1


def test_a_terminal_gets_the_same_words(anyjob: Program) -> None:
    terminal = Terminal(anyjob, "plugins")
    assert terminal.finish() == 0
    assert b"anyjob-shell 0.1.0" in terminal.shown
    assert b"healthy" in terminal.shown


def test_what_is_deprecated_is_said_of_each_plugin_that_uses_it(anyjob: Program) -> None:
    anyjob.install("atable", TABLE)
    said = "Hook anyjob_commands is deprecated since anyjob 0.2.0 and may go from 2027-11-27 on; use nothing."
    anyjob.install("sick", SICK)
    by_name = {one["name"]: one["notices"] for one in json.loads(anyjob("plugins", "--json").out)["plugins"]}
    assert by_name["sick"] == [said]
    assert by_name["shell"] == []
    text = re.sub(r"\s+", " ", anyjob("plugins").out.decode())
    assert f"hooks anyjob_commands, anyjob_executors, anyjob_launchers notice {said}" in text


def test_commands_of_plugins(anyjob: Program) -> None:
    anyjob.install("sick", SICK)
    assert anyjob("greet", "you").out == b"hello you\n"
    assert b"Say hello, and to whom." in anyjob("greet", "--help").out
    listed = anyjob("--help").out.decode()
    assert re.search("greet +Say hello.", listed)
    assert "Never reached." not in listed
    lost = anyjob("lost")
    assert (lost.status, lost.out) == (1, b"")
    assert lost.err == (
        "anyjob: `anyjob lost` of plugin 'sick' of anyjob-sick 1.0 cannot be used: AttributeError: module 'anyjob_sick'"
        " has no attribute 'nowhere'. Install what it lacks, or update it.\n"
    )


def test_a_blocked_plugin_is_not_imported_for_its_commands(anyjob: Program) -> None:
    anyjob.install("loud", "from pathlib import Path\nPath('imported').touch()\n")
    (anyjob.folder / "a.toml").write_text("[plugins]\ndeny = ['loud']\n")
    anyjob.environment["ANYJOB_CONFIG"] = "a.toml"
    anyjob("--help")
    anyjob("greet")
    assert not (anyjob.folder / "imported").exists()
    said = json.loads(anyjob("plugins", "--json").out)["plugins"]
    assert [(one["state"], one["why"]) for one in said if one["name"] == "loud"] == [
        ("blocked", "It is blocked by [plugins] deny in the settings.")
    ]


def test_schema_of_a_type(anyjob: Program) -> None:
    schema = json.loads(anyjob("schema", "shell").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "Content" in schema["required"]
    assert "fileFormat" in json.dumps(schema)
    unknown = anyjob("schema", "shel")
    assert (unknown.status, unknown.out) == (2, b"")
    assert "Did you mean 'shell'?" in unknown.err
    launcher = anyjob("schema", "shell", "--launcher", "locl")
    assert launcher.status == 2
    assert "did you mean local?" in launcher.err


def test_version(anyjob: Program) -> None:
    assert anyjob("--version").out == b"anyjob 0.1.0\n"


def test_a_slow_observer_hears_of_the_end_before_the_command_ends(anyjob: Program) -> None:
    anyjob.install("slow", SLOW)
    done = anyjob("run", anyjob.job("echo hi"))
    assert done.status == 0
    assert (anyjob.folder / "told").read_text() == "a succeeded"
    assert "observer 'slow'" not in done.err


def test_what_an_observer_raised_is_said_at_the_end(anyjob: Program) -> None:
    anyjob.install("raises", RAISES)
    job = anyjob.job("echo hi; exit 3")
    done = anyjob("run", job)
    assert (done.status, done.out) == (3, b"hi\n")
    told = "anyjob: observer 'raises': told 1 event, failed on 1 (RuntimeError: no \\x1b[31mchat)"
    assert done.err.splitlines()[-1] == told
    quiet = anyjob("run", "--quiet", job)
    assert (quiet.status, quiet.out, quiet.err) == (3, b"", "")


def test_an_observer_that_hangs_is_left_and_named(anyjob: Program) -> None:
    anyjob.install("hangs", HANGS)
    done = anyjob("run", anyjob.job("exit 3"))
    assert done.status == 3
    said = (
        r"anyjob: observer 'hangs': told 0 events, at one event for [0-9]+ s, 1 waits behind it; it is left there, and"
    )
    assert re.match(said, done.err.splitlines()[-1])


def test_observers_of_a_worker_that_lives_are_shown(anyjob: Program) -> None:
    anyjob.install("raises", RAISES)
    going = anyjob.start("run", anyjob.job("while [ ! -e ../../../go ]; do sleep 0.05; done"), "--state", "st")
    try:
        until((anyjob.folder / "st" / "observers.json").exists, "the worker's word on its observers")
        until(lambda: _observed(anyjob), "what the observer was told")
        (one,) = _observed(anyjob)
        assert (one["plugin"], one["told"], one["failed"], one["waiting"]) == ("raises", 1, 1, 0)
        shown = anyjob("plugins", "--state", "st").out.decode()
        assert re.search(r"\nObservers\n  raises  st  told 1 event, failed on 1 \(RuntimeError: no ", shown)
    finally:
        (anyjob.folder / "go").touch()
        anyjob.finish(going)
    assert json.loads(anyjob("plugins", "--state", "st", "--json").out)["observers"] == []


def _observed(anyjob: Program) -> list[dict[str, object]]:
    """What `anyjob plugins` says of those that were told something."""
    said = json.loads(anyjob("plugins", "--state", "st", "--json").out)["observers"]
    return [one for one in said if one["told"]]
