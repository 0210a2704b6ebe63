"""Installed plugins: what is wrong with one is told in a sentence, and never keeps another from running."""

from __future__ import annotations

import sys

import pytest
from tests.core.plugins.site import Site, plugin, reported, runs

from anyjob.errors import BadSettings, PluginBroken, PluginConflict
from anyjob.job import Job
from anyjob.plugins import PluginSettings, PluginState

JOB = Job(name="a", job_type="bad")

LAUNCHER = (
    plugin("bad", "anyjob_bad")
    + """
from anyjob.plugins import LauncherType

@hookimpl
def anyjob_launchers():
    return [LauncherType(
        name="far", launcher="anyjob_bad_executor:Far", options="anyjob_bad_executor:Options", contract={contract}
    )]
"""
)


def test_installed_plugin_binds_and_dispatches_with_its_distribution(site: Site) -> None:
    host = site.load()
    job = Job(name="a", job_type="good", content="x")
    binding = host.bind(job)
    assert (binding.plugin, binding.distribution, binding.version) == ("good", "anyjob-good", "1.0")
    assert host.dispatch(job, binding).spec.model_dump() == {"text": "x"}
    report = reported(host, "good")
    assert (report.state, report.why, report.types, report.hooks) == (
        PluginState.OK,
        "",
        ("good",),
        ("anyjob_executors",),
    )


def test_loading_and_reporting_import_no_executor(site: Site) -> None:
    host = site.load()
    host.report()
    host.types()
    assert "anyjob_good_plugin" in sys.modules
    assert "anyjob_good_executor" not in sys.modules
    assert runs(host)
    assert "anyjob_good_executor" in sys.modules


def test_two_distributions_with_one_job_type_are_both_unused(site: Site) -> None:
    site.install("anyjob-one", "1.0", "one", plugin("bad", "anyjob_one"))
    site.install("anyjob-two", "2.0", "two", plugin("bad", "anyjob_two"))
    host = site.load()
    with pytest.raises(PluginConflict) as error:
        host.bind(JOB)
    assert str(error.value) == (
        "JobType 'bad' is claimed by plugin 'one' of anyjob-one 1.0 and by plugin 'two' of anyjob-two 2.0."
        " Neither is used. Uninstall one of them, or block it under [plugins] deny in the settings."
    )
    assert reported(host, "one").state is PluginState.CONFLICT
    assert reported(host, "one").why == (
        "JobType 'bad' is also claimed by plugin 'two' of anyjob-two 2.0; neither is used."
    )
    assert runs(host)


def test_alias_conflicts_as_a_job_type_does(site: Site) -> None:
    site.install("anyjob-one", "1.0", "one", plugin("one", "anyjob_one", ", aliases=('bad',)"))
    site.install("anyjob-two", "2.0", "bad", plugin("bad", "anyjob_two"))
    host = site.load()
    with pytest.raises(PluginConflict):
        host.bind(JOB)
    assert runs(host, "one")


def test_two_distributions_with_one_plugin_name_are_both_left_alone(site: Site) -> None:
    site.install("anyjob-one", "1.0", "bad", plugin("bad", "anyjob_one"))
    site.install("anyjob-two", "2.0", "bad", plugin("bad", "anyjob_two"))
    host = site.load()
    assert not {"anyjob_one_plugin", "anyjob_two_plugin"} & set(sys.modules)
    with pytest.raises(PluginConflict, match=r"anyjob-one 1\.0 and by plugin 'bad' of anyjob-two 2\.0"):
        host.bind(JOB)
    assert {r.why for r in host.report() if r.name == "bad"} == {
        "The plugin name 'bad' is also claimed by anyjob-one 1.0; neither is used.",
        "The plugin name 'bad' is also claimed by anyjob-two 2.0; neither is used.",
    }
    assert runs(host)


def test_conflict_is_solved_by_blocking_one_distribution(site: Site) -> None:
    site.install("anyjob-one", "1.0", "bad", plugin("bad", "anyjob_one"))
    site.install("anyjob-two", "2.0", "bad", plugin("bad", "anyjob_two"))
    host = site.load_with(PluginSettings(allow=("good", "bad"), deny=("Anyjob_One",)))
    assert host.bind(JOB).distribution == "anyjob-two"
    assert runs(host)


def test_second_copy_of_a_distribution_further_down_the_path_is_not_a_conflict(
    site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Site(tmp_path_factory.mktemp("older"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(older.folder)])
    older.metadata("Anyjob.Good", "0.9", "[anyjob]\ngood = anyjob_good_plugin\n")
    host = site.load()
    assert host.bind(Job(name="a", job_type="good")).version == "1.0"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import docker_that_is_not_there", "ModuleNotFoundError: No module named 'docker_that_is_not_there'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax (anyjob_bad_plugin.py, line 1)"),
        (
            "from anyjob.plugins import ExecutorType\nExecutorType(job_type='A B', executor='a:B', spec='a:C')",
            "ValueError: JobType 'A B' is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first",
        ),
    ],
)
def test_plugin_that_fails_to_import_fails_only_its_own_jobs(site: Site, text: str, cause: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", text)
    host = site.load()
    with pytest.raises(PluginBroken) as error:
        host.bind(JOB)
    assert str(error.value) == (
        f"JobType 'bad' cannot run: plugin 'bad' of anyjob-bad 2.1 is not usable: it could not be imported: {cause}."
        " `anyjob plugins` shows the state of every plugin."
    )
    assert (reported(host, "bad").state, reported(host, "bad").why) == (
        PluginState.BROKEN,
        f"It could not be imported: {cause}.",
    )
    assert runs(host)


def test_broken_plugin_keeps_its_name_from_others(site: Site) -> None:
    site.install("anyjob-bad", "2.1", "bad", "import nothing_like_it")
    site.install("anyjob-else", "1.0", "else", plugin("bad", "anyjob_else"))
    host = site.load()
    with pytest.raises(PluginConflict):
        host.bind(JOB)
    assert runs(host)


def test_plugin_whose_executor_cannot_be_imported_fails_when_its_job_is_bound(site: Site) -> None:
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad"))
    site.module("anyjob_bad_executor", "import docker_that_is_not_there")
    host = site.load()
    assert reported(host, "bad").state is PluginState.OK
    with pytest.raises(PluginBroken) as error:
        host.bind(JOB)
    assert error.value.cause == (
        "its spec 'anyjob_bad_executor:ASpec' could not be imported:"
        " ModuleNotFoundError: No module named 'docker_that_is_not_there'"
    )
    assert reported(host, "bad").state is PluginState.BROKEN
    assert reported(host, "bad").why == f"I{error.value.cause[1:]}."
    assert runs(host)
    site.module("anyjob_bad_executor", (site.folder / "anyjob_good_executor.py").read_text())
    sys.modules.pop("anyjob_bad_executor", None)
    assert runs(site.load(), "bad")


@pytest.mark.parametrize(
    "text",
    [
        "CONTRACT = 2\n" + plugin("bad", "anyjob_bad"),
        plugin("bad", "anyjob_bad", ", contract=2"),
        LAUNCHER.replace("{contract}", "2"),
    ],
)
def test_plugin_for_a_newer_contract_is_refused(site: Site, text: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", text)
    host = site.load()
    with pytest.raises(PluginBroken) as error:
        host.bind(JOB)
    assert error.value.cause == "it was made for contract 2, and this anyjob offers 1; install a newer anyjob"
    assert reported(host, "bad").state is PluginState.REFUSED
    assert runs(host)


@pytest.mark.parametrize(
    "text",
    [
        "CONTRACT = 0\n" + plugin("bad", "anyjob_bad"),
        plugin("bad", "anyjob_bad", ", contract=0"),
        LAUNCHER.replace("{contract}", "0"),
    ],
)
def test_plugin_for_the_contract_before_the_promise_is_refused(site: Site, text: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", text)
    host = site.load()
    with pytest.raises(PluginBroken) as error:
        host.bind(JOB)
    assert error.value.cause == (
        "it was made for contract 0, whose names were not settled yet, and this anyjob keeps 1;"
        " install a newer version of the plugin"
    )
    assert reported(host, "bad").state is PluginState.REFUSED
    assert runs(host)


@pytest.mark.parametrize("text", [plugin("bad", "anyjob_bad"), plugin("bad", "anyjob_bad", ", contract=1")])
def test_plugin_that_says_nothing_is_one_for_contract_1(site: Site, text: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", text)
    assert runs(site.load(), "bad")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "@hookimpl\ndef anyjob_executor(): return []",
            "It implements anyjob_executor, which is no hook of anyjob; the nearest is anyjob_executors.",
        ),
        (
            "@hookimpl\ndef zzz(): return []",
            (
                "It implements zzz, which is no hook of anyjob; the hooks are anyjob_executors, anyjob_launchers,"
                " anyjob_find_executor, anyjob_check_job, anyjob_prepare_run, anyjob_run_started, anyjob_run_finished,"
                " anyjob_instance_changed, anyjob_commands."
            ),
        ),
        (
            "@hookimpl\ndef anyjob_check_job(jbo): return []",
            "Its anyjob_check_job takes 'jbo', which the hook does not give; it gives job.",
        ),
        (
            "@hookimpl\ndef anyjob_check_job(*, job): return []",
            "Its anyjob_check_job takes 'job' by keyword only; hooks are called by position.",
        ),
        (
            "@hookimpl(wrapper=True)\ndef anyjob_check_job(job): return (yield)",
            "Its anyjob_check_job is a wrapper; implementations are called one by one, so write a plain function.",
        ),
        (
            "@hookimpl\nasync def anyjob_check_job(job): ...",
            "Its anyjob_check_job is async; hooks are plain functions.",
        ),
        (
            "def anyjob_check_job(job): return []",
            "Its anyjob_check_job is not marked with @hookimpl, so it would never be called.",
        ),
    ],
)
def test_hook_that_would_never_be_called_rightly_is_found(site: Site, text: str, sentence: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad") + text)
    host = site.load()
    report = reported(host, "bad")
    assert (report.state, report.why) == (PluginState.REFUSED, sentence)
    with pytest.raises(PluginBroken):
        host.bind(JOB)
    assert runs(host)


def test_refused_plugin_has_no_hook_called(site: Site) -> None:
    policy = "\n@hookimpl\ndef anyjob_check_job(job): raise RuntimeError('called')\n"
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad", ", contract=2") + policy)
    host = site.load()
    assert reported(host, "bad").state is PluginState.REFUSED
    assert runs(host)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "@hookimpl\ndef anyjob_launchers(): raise OSError('no')",
            "Its anyjob_launchers failed: OSError: no.",
        ),
        (
            "@hookimpl\ndef anyjob_launchers(): return ['local']",
            "Its anyjob_launchers failed: TypeError: it gave str, not LauncherType.",
        ),
        (
            (
                "from anyjob.plugins import LauncherType\n"
                "@hookimpl\ndef anyjob_launchers(): yield LauncherType(name='local', launcher='a:B', options='a:C')"
            ),
            "Launcher 'local' is core's own and cannot be replaced.",
        ),
    ],
)
def test_plugin_that_offers_wrongly_is_told_and_unused(site: Site, text: str, sentence: str) -> None:
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad") + text)
    host = site.load()
    assert reported(host, "bad").why == sentence
    with pytest.raises(PluginBroken):
        host.bind(JOB)
    assert [offer.kind.name for offer in host.launchers()] == ["local"]
    assert runs(host)


@pytest.mark.parametrize(
    ("deny", "allow", "sentence"),
    [
        (("bad",), ("good", "bad"), "it is blocked by [plugins] deny in the settings"),
        (("anyjob-bad",), ("good", "bad"), "it is blocked by [plugins] deny in the settings"),
        ((), ("good",), "it is not listed under [plugins] allow in the settings"),
    ],
)
def test_blocked_plugin_is_not_imported(
    site: Site, deny: tuple[str, ...], allow: tuple[str, ...], sentence: str
) -> None:
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad"))
    host = site.load_with(PluginSettings(allow=allow, deny=deny))
    assert "anyjob_bad_plugin" not in sys.modules
    report = reported(host, "bad")
    assert (report.state, report.why) == (PluginState.BLOCKED, f"I{sentence[1:]}.")
    with pytest.raises(PluginBroken) as error:
        host.bind(JOB)
    assert error.value.cause == sentence
    assert runs(host)


def test_blocked_plugin_leaves_its_name_to_others(site: Site) -> None:
    site.install("anyjob-bad", "2.1", "bad", plugin("bad", "anyjob_bad"))
    site.install("anyjob-else", "1.0", "else", plugin("bad", "anyjob_else"))
    host = site.load_with(PluginSettings(allow=("good", "bad", "else"), deny=("bad",)))
    assert host.bind(JOB).distribution == "anyjob-else"


def test_nothing_runs_without_a_required_plugin(site: Site) -> None:
    site.install("anyjob-guard", "2.1", "guard", "import nothing_like_it")
    with pytest.raises(BadSettings) as error:
        site.load_with(PluginSettings(allow=("good", "guard"), require=("good", "anyjob-guard", "gone")))
    assert str(error.value) == (
        "The settings cannot be used:\n"
        "  plugins.require: \"anyjob-guard\" cannot be used: plugin 'guard' of anyjob-guard 2.1:"
        " it could not be imported: ModuleNotFoundError: No module named 'nothing_like_it'\n"
        '  plugins.require: "gone" is not installed; install it, or take it out'
    )


def test_metadata_that_cannot_be_read_harms_nobody(site: Site) -> None:
    info = site.folder / "junk-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(b"[anyjob]\njunk \xff\n")
    site.metadata("anyjob-odd", "1.0", "[anyjob]\nOdd Name = nowhere\n")
    site.names.append("Odd Name")
    host = site.load()
    assert reported(host, "Odd Name").state is PluginState.REFUSED
    assert runs(host)
