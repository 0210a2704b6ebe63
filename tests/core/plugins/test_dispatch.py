"""Jobs bound and dispatched: who serves them, what is refused, and with which words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.core.plugins.fakes import (
    BOX,
    CALL,
    LOCAL,
    SCRIPT,
    BoxLauncher,
    BoxOptions,
    CallExecutor,
    CallSettings,
    CallSpec,
    Offers,
    ScriptExecutor,
    ScriptSpec,
)
from tests.core.plugins.site import Site, plugin, reported

from anyjob.errors import BadSettings, PluginBroken, PluginConflict, PluginGone, UnknownJobType
from anyjob.executor import Capabilities, Command, DeadlineBy, Handle, Launcher, Options, Phase, Scope, Stage
from anyjob.executor.base import Executor
from anyjob.job import BadJob, ExecuteMode, Job
from anyjob.outcome import Strength
from anyjob.plugins import Binding, BoundLauncher, ExecutorType, LauncherType, PluginHost, hookimpl
from anyjob.plugins.resolver import Resolver
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.spec import Spec


def host(**plugins: object) -> PluginHost:
    return PluginHost({"ours": Offers(SCRIPT, CALL, BOX), **plugins}, local=LOCAL)


def script(**fields: Any) -> Job:
    given: dict[str, Any] = {"job_type": "script", "content": "true", **fields}
    return Job(name="s", **given)


def said(made: PluginHost, job: Job) -> list[str]:
    with pytest.raises(BadJob) as error:
        made.bind(job)
    return [str(problem) for problem in error.value.problems]


def test_command_is_bound_with_its_launcher() -> None:
    binding = host().bind(script(job_type="sh", xattrs={"launcher": "box", "image": "alpine"}))
    assert binding == Binding(
        job_type="script",
        plugin="ours",
        distribution="embedded",
        version="0",
        launcher=BoundLauncher(name="box", distribution="embedded", version="0"),
    )


def test_binding_survives_its_json() -> None:
    for job in (script(), Job(name="c", job_type="call")):
        binding = host().bind(job)
        assert Binding.from_json(binding.to_json()) == binding


def test_dispatch_gives_everything_that_the_verbs_need() -> None:
    made = host()
    job = script(xattrs={"launcher": "box", "image": "alpine", "grace": 3, "pageSize": 7, "command": "bash"})
    bound = made.dispatch(job, made.bind(job))
    assert isinstance(bound.executor, ScriptExecutor)
    assert bound.spec == ScriptSpec(script="true", shell="bash")
    assert (bound.common.grace, bound.mode.page_size, bound.note) == (3, 7, "")
    assert bound.place is not None
    assert (bound.place.name, bound.place.options) == ("box", BoxOptions(image="alpine"))
    assert bound.capabilities == Capabilities(
        deadline=DeadlineBy.SHIM,
        proof=Strength.REPORTED,
        limits=frozenset({"memory"}),
        phases=frozenset({Phase.PROCESS, Phase.REDUCE}),
    )


def test_place_hands_every_verb_to_the_launcher_with_the_options() -> None:
    made = host()
    place = made.dispatch(script(xattrs={"launcher": "box", "image": "alpine"})).place
    assert place is not None
    run, handle = cast("Run", None), Handle(kind="box", scope=Scope.NODE, data={})

    async def verbs() -> None:
        await place.start(run, Command(argv=["true"]))
        await place.watch(run, handle)
        await place.stop(run, handle, Stage.ASK)
        await place.find(run)
        await place.clean(run, handle)

    asyncio.run(verbs())
    launcher = made.launcher("box")
    assert isinstance(launcher, BoxLauncher)
    names = ["start", "watch", "stop", "find", "clean"]
    assert launcher.verbs == [(name, BoxOptions(image="alpine")) for name in names]


def test_executor_and_launcher_are_made_once() -> None:
    made = host()
    first, second = made.dispatch(script()), made.dispatch(script(content="false"))
    assert first.executor is second.executor is made.executor("sh")
    assert first.place
    assert second.place
    assert first.place.launcher is second.place.launcher is made.launcher("local")


def test_dispatch_of_the_same_job_object_is_kept() -> None:
    made = host()
    job = script()
    binding = made.bind(job)
    assert made.dispatch(job, binding) is made.dispatch(job, Binding.from_json(binding.to_json()))
    assert made.dispatch(replace(job, content="false"), binding).spec == ScriptSpec(script="false")


def test_the_first_dispatch_knows_what_binding_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand jobs that are due for the first time in one second are not read a second time."""
    made = host()
    job = script()
    binding = made.bind(job)
    with monkeypatch.context() as closed:
        closed.delattr(Resolver, "resolve")
        bound = made.dispatch(job, Binding.from_json(binding.to_json()))
        assert made.dispatch(job) is bound, "who serves it now is the same one"
        assert made.dispatch(job, binding) is bound
    older = replace(binding, version="0.0.1")
    noted = made.dispatch(job, older)
    assert noted.note
    assert made.dispatch(job) is not noted, "what differs from a stored binding is told of that one alone"


def test_every_problem_of_a_job_is_told_at_once() -> None:
    job = script(content="", xattrs={"launcher": "box", "imgae": "a", "grace": -1, "pageSize": 0, "leftover": "kill"})
    assert said(host(), job) == [
        'XAttrs.grace: "-1" is out of range; write at least 0',
        'XAttrs.pageSize: "0" is out of range; write at least 1',
        "Content is empty; write the script here",
        'XAttrs.imgae: "a" is read by nobody; did you mean image or grace?',
        'XAttrs.leftover: "kill" is read by nobody; did you mean leftovers or failover?',
    ]


class StrictLauncher(BoxLauncher):
    """Lets nothing pass, and says so."""

    async def preflight(self, options: BoxOptions) -> list[Problem]:
        return [Problem(field="XAttrs.image", value=options.image, remedy="is not here; pull it")]

    def privileges(self, job: Job, options: BoxOptions) -> list[str]:
        return [f"XAttrs.image: {options.image}"]


class AsAnotherUser(CallExecutor):
    """No command, but one of whose runs the user is kept: a launcher is chosen, and is not asked."""

    def ignores(self, spec: CallSpec | None) -> frozenset[str]:
        return frozenset({"launcher"})


@pytest.mark.parametrize("job_type", ["script", "as-another"])
def test_a_launcher_is_asked_of_commands_alone(job_type: str) -> None:
    other = ExecutorType(job_type="as-another", executor=AsAnotherUser, spec=CallSpec, settings=CallSettings)
    strict = LauncherType(name="local", launcher=StrictLauncher, options=BoxOptions)
    made = PluginHost({"ours": Offers(SCRIPT, other)}, local=strict)
    job = Job(name="a", job_type=job_type, content="true" if job_type == "script" else "")
    bound = made.dispatch(job, made.bind(job))
    asked = job_type == "script"
    assert bound.place is not None
    assert (bound.command_place is bound.place) is asked
    assert [str(problem) for problem in asyncio.run(bound.preflight())] == [
        'XAttrs.image: "busybox" is not here; pull it'
    ] * asked
    assert made.privileges(job) == ["XAttrs.image: busybox"] * asked


def test_key_of_another_launcher_is_read_by_nobody() -> None:
    assert said(host(), script(xattrs={"image": "alpine"})) == [
        'XAttrs.image: "alpine" is read by nobody; take it out: `anyjob schema script` lists the keys'
    ]


def test_launcher_that_is_not_there_is_a_problem() -> None:
    assert said(host(), script(xattrs={"launcher": "bxo", "image": "a"})) == [
        'XAttrs.launcher: "bxo" is no launcher here; did you mean box?'
    ]


def test_launcher_for_runs_that_are_no_commands_is_a_problem() -> None:
    made = host()
    assert said(made, Job(name="c", job_type="call", xattrs={"launcher": "box"})) == [
        "XAttrs.launcher: \"box\" does not fit JobType 'call', whose runs are no commands; take it out"
    ]
    assert made.bind(Job(name="c", job_type="call", xattrs={"launcher": "local"})).launcher is None


def test_limit_that_nobody_enforces_is_refused() -> None:
    made = host()
    made.bind(script(xattrs={"limits": {"memory": "1Gi"}}))
    assert said(made, script(xattrs={"limits": {"memory": "1Gi", "cpu": 2, "pids": 5}})) == [
        "XAttrs.limits.cpu: \"2\" is not enforced by launcher 'local'; take it out, or choose another launcher",
        "XAttrs.limits.pids: \"5\" is not enforced by launcher 'local'; take it out, or choose another launcher",
    ]
    assert said(made, Job(name="c", job_type="call", xattrs={"limits": {"memory": "1Gi"}})) == [
        "XAttrs.limits.memory: \"1Gi\" is not enforced by JobType 'call'; take it out"
    ]


def test_mode_that_maps_is_refused_where_nothing_maps() -> None:
    made = host()
    assert said(made, script(execute_mode=ExecuteMode.GRID)) == [
        (
            "ExecuteMode: \"grid\" needs a run that maps, which launcher 'local' does not;"
            " write standalone, broadcast or sharding"
        )
    ]
    assert said(made, Job(name="c", job_type="call", execute_mode=ExecuteMode.BATCH)) == [
        (
            "ExecuteMode: \"batch\" needs a run that maps, which JobType 'call' does not;"
            " write standalone, broadcast or sharding"
        )
    ]
    made.bind(script(execute_mode=ExecuteMode.SHARDING))


def test_unknown_type_names_the_package_or_the_nearest() -> None:
    with pytest.raises(UnknownJobType) as error:
        host().bind(Job(name="x", job_type="xxl-job"))
    assert str(error.value) == (
        "JobType 'xxljob': no installed plugin runs it. Install anyjob-xxljob: uv sync in a clone of anyjob,"
        " else pip install it from where this anyjob is."
        " Installed types: call, script, sh."
    )
    with pytest.raises(UnknownJobType) as error:
        host().bind(Job(name="x", job_type="scrpt"))
    assert str(error.value) == (
        "JobType 'scrpt': no installed plugin runs it. Did you mean 'script'? Installed types: call, script, sh."
    )


# ---------------------------------------------------------------- settings


def test_settings_reach_the_executor_that_declares_them() -> None:
    made = PluginHost({"ours": Offers(CALL)}, executor_settings={"call": {"pool": 9}, "other": {"x": 1}})
    before = CallExecutor.made
    executor = made.executor("call")
    assert isinstance(executor, CallExecutor)
    assert executor.settings.pool == 9
    made.bind(Job(name="c", job_type="call"))
    assert CallExecutor.made == before + 1


def test_without_a_settings_file_a_model_may_say_what_is_allowed() -> None:
    pools: list[int] = []
    for alone, given in ((True, {}), (False, {}), (True, {"call": {"pool": 9}})):
        executor = PluginHost({"ours": Offers(CALL)}, executor_settings=given, alone=alone).executor("call")
        assert isinstance(executor, CallExecutor)
        pools.append(executor.settings.pool)
    assert pools == [99, 4, 9]


def test_settings_that_are_wrong_are_named_with_their_part() -> None:
    made = PluginHost(
        {"ours": Offers(CALL, SCRIPT)},
        executor_settings={"call": {"pool": 0, "polo": 1}, "script": {"x": 1}},
        source="anyjob.toml",
    )
    with pytest.raises(BadSettings) as error:
        made.bind(Job(name="c", job_type="call"))
    assert str(error.value) == (
        "anyjob.toml cannot be used:\n"
        '  executors.call.pool: "0" is out of range; write at least 1\n'
        '  executors.call.polo: "1" is unknown; did you mean pool?'
    )
    with pytest.raises(BadSettings) as error:
        made.bind(script())
    assert str(error.value) == (
        'anyjob.toml cannot be used:\n  executors.script.x: "1" is read by nobody; script has no settings'
    )


# ---------------------------------------------------------------- bindings and time


def test_other_version_of_the_bound_distribution_goes_on_and_is_noted() -> None:
    made = host()
    job = script()
    binding = made.bind(job)
    assert binding.launcher is not None
    assert made.dispatch(job, binding).note == ""
    older = replace(binding, version="0.1", launcher=replace(binding.launcher, version="0.0.9"))
    own = binding.launcher.version
    assert made.dispatch(job, older).note == (
        f"bound to embedded 0.1, served by 0; bound to anyjob 0.0.9 (launcher 'local'), served by {own}"
    )


def test_other_distribution_than_the_bound_one_is_refused() -> None:
    made = host()
    job = script()
    binding = made.bind(job)
    with pytest.raises(PluginGone) as error:
        made.dispatch(job, replace(binding, distribution="anyjob-script", version="1.0"))
    assert str(error.value) == (
        "Job 's' was bound to anyjob-script 1.0 for JobType 'script', but now embedded 0 claims the type."
        " Install that distribution again, or update the job to bind it anew."
    )
    launcher = BoundLauncher(name="local", distribution="other", version="1")
    with pytest.raises(PluginGone, match=r"bound to other 1 \(launcher 'local'\)"):
        made.dispatch(job, replace(binding, launcher=launcher))


def test_bound_distribution_that_is_gone_is_refused() -> None:
    job = script()
    binding = host().bind(job)
    with pytest.raises(PluginGone) as error:
        PluginHost({"other": Offers(CALL)}).dispatch(job, binding)
    assert str(error.value) == (
        "Job 's' was bound to embedded 0 for JobType 'script', but it is not installed any more."
        " Install that distribution again, or update the job to bind it anew."
    )


# ---------------------------------------------------------------- families


class Family:
    """Serves every `db-...`, and counts the questions."""

    def __init__(self, kind: type[Executor[Any]] = CallExecutor) -> None:
        self.asked: list[str] = []
        self.kind = kind

    @hookimpl
    def anyjob_find_executor(self, job_type: str) -> ExecutorType | None:
        self.asked.append(job_type)
        return replace(CALL, job_type=job_type) if job_type.startswith("db-") else None


class Failing:
    @hookimpl
    def anyjob_find_executor(self, job_type: str) -> ExecutorType | None:
        raise OSError("no list")


class Lying:
    @hookimpl
    def anyjob_find_executor(self, job_type: str) -> ExecutorType | None:
        return CALL


def test_plugin_serves_a_family_of_types() -> None:
    family = Family()
    made = host(family=family)
    assert made.bind(Job(name="d", job_type="db-one")).plugin == "family"
    assert made.dispatch(Job(name="d", job_type="db-one")).spec == CallSpec()
    assert family.asked == ["db-one"]
    assert made.executor("db-one") is not made.executor("db-two")
    made.bind(script())
    with pytest.raises(UnknownJobType):
        made.bind(Job(name="d", job_type="other"))
    assert family.asked == ["db-one", "db-two", "other"]


def test_two_plugins_that_find_one_type_are_a_conflict() -> None:
    made = host(one=Family(), two=Family())
    with pytest.raises(PluginConflict) as error:
        made.bind(Job(name="d", job_type="db-one"))
    assert error.value.claims == ("plugin 'one' of embedded 0", "plugin 'two' of embedded 0")
    made.bind(script())


@pytest.mark.parametrize(
    ("plugin", "cause"),
    [
        (Failing(), "its anyjob_find_executor failed: OSError: no list"),
        (Lying(), "its anyjob_find_executor failed: ValueError: asked for 'db-one', it gave 'call'"),
    ],
)
def test_plugin_that_fails_to_find_fails_the_type_alone(plugin: object, cause: str) -> None:
    made = host(odd=plugin, family=Family())
    with pytest.raises(PluginBroken) as error:
        made.bind(Job(name="d", job_type="db-one"))
    assert (error.value.plugin, error.value.cause) == ("odd", cause)
    made.bind(script())


# ---------------------------------------------------------------- plugins at fault


class NoPlaces(Spec):
    text: str = ""


class Unmade(CallExecutor):
    def __init__(self) -> None:
        raise OSError("no port")


class Odd(CallExecutor):
    def __init__(self) -> None: ...

    def capabilities(self, spec: CallSpec) -> Capabilities:
        raise KeyError("gpu")


class NoVerbs(Launcher[Options]): ...


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (
            ExecutorType(job_type="bad", executor=CallExecutor, spec=NoPlaces),
            "NoPlaces.text has no At; write one, for example Annotated[str, At('Content')]",
        ),
        (
            ExecutorType(job_type="bad", executor=Unmade, spec=CallSpec),
            "its Unmade could not be made: OSError: no port",
        ),
        (ExecutorType(job_type="bad", executor=Odd, spec=CallSpec), "its capabilities failed: KeyError: 'gpu'"),
        (
            ExecutorType(job_type="bad", executor="anyjob.job:Job", spec=CallSpec),
            "its executor 'anyjob.job:Job' is no Executor",
        ),
        (
            ExecutorType(job_type="bad", executor="anyjob.job:Nothing", spec=CallSpec),
            (
                "its executor 'anyjob.job:Nothing' could not be imported:"
                " AttributeError: module 'anyjob.job' has no attribute 'Nothing'"
            ),
        ),
    ],
)
def test_type_whose_classes_are_wrong_fails_with_the_cause(kind: ExecutorType, cause: str) -> None:
    made = host(bad=Offers(kind))
    with pytest.raises(PluginBroken) as error:
        made.bind(Job(name="b", job_type="bad"))
    assert error.value.cause == cause
    made.bind(script())


def test_launcher_that_is_broken_fails_only_jobs_that_name_it() -> None:
    made = host(bad=Offers(LauncherType(name="bad", launcher=NoVerbs, options=Options)))
    with pytest.raises(PluginBroken, match="its NoVerbs could not be made: TypeError"):
        made.bind(script(xattrs={"launcher": "bad"}))
    made.bind(script())


def test_entry_that_is_a_class_is_refused() -> None:
    made = host(bad=Family)
    assert reported(made, "bad").why == "Its entry point names a class; name a module or an object."
    made.bind(script())


def test_launcher_of_a_broken_distribution_is_named(site: Site) -> None:
    site.install("anyjob-dock", "1.5", "dock", "import nothing_like_it")
    site.install("anyjob-script", "1.0", "script", plugin("script", "tests.core.plugins.fakes"))
    (site.folder / "anyjob_script_plugin.py").write_text(
        "from anyjob.plugins import hookimpl\n"
        "from tests.core.plugins.fakes import SCRIPT\n"
        "@hookimpl\ndef anyjob_executors(): return [SCRIPT]\n"
    )
    made = site.load()
    with pytest.raises(PluginBroken) as error:
        made.bind(script(xattrs={"launcher": "dock"}))
    assert str(error.value) == (
        "JobType 'script' cannot run: plugin 'dock' of anyjob-dock 1.5 is not usable: it could not be imported:"
        " ModuleNotFoundError: No module named 'nothing_like_it'. `anyjob plugins` shows the state of every plugin."
    )
    made.bind(script())
