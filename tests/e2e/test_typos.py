"""A job of each type with a typo in each of its fields: the answer names field, value and remedy.

By CreateJob, and by what `anyjob run FILE` does before it runs anything.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from tests.core.cli.program import Program
from tests.e2e.typos import Field, Typo, fields_of, misspelt, typos_of
from tests.e2e.way import PAGE
from tests.plugins.server.serving import Serving

from anyjob.cli.inputs import the_job
from anyjob.cli.status import BAD_INPUT, of_error
from anyjob.errors import AnyJobError
from anyjob.job import read_fields
from anyjob.plugins import PluginHost
from anyjob.problem import short, shown
from anyjob.spec.place import layout
from anyjob_server.client.client import Client
from anyjob_server.client.connection import Connection
from anyjob_server.client.errors import BadRequest, NotSigned

_RIGHT: Final = {
    "java": "hello",
    "python": "hello",
    "shell": "hello",
    "go": "hello",
    "http": "form",
    "xxljob": "hello",
    "dataworks": "node",
    "k8s": "hello",
    "springschedule": "count",
}
"""The nine types, each with the example whose job is mistyped."""
_SETTINGS: Final = '[server.users]\n"*" = "root"\n[executors.go]\nfolders = ["/"]\n'
_LAUNCHERS: Final = ("docker", "k8s")
_REMEDY: Final = re.compile(r"; |did you mean|at most")
_LACKS: Final = re.compile(r"is (missing|empty); ")
"""What is said of a field that is not there, as it is misspelt, or as only one beside it was written."""
_NEEDS: Final = re.compile(r"needs \S+; write it too")
"""What is said of a field that needs one which is misspelt."""
_SCOPE: Final = ("Namespace", "GroupId")
"""Looked up by the server before anything else is looked at; said in the vendor's words."""


@cache
def _host() -> PluginHost:
    return PluginHost.load(alone=True)


@cache
def _right(job_type: str) -> dict[str, Any]:
    """The job of the type's example, as CreateJob takes it."""
    folder = Path(__file__).parents[2] / "executors" / job_type / "examples"
    (fields,) = read_fields(folder / f"{_RIGHT[job_type]}.yaml")
    return {**PAGE, **fields, "JobType": job_type, "GroupId": "default"}


def _without_rivals(job_type: str, field: Field) -> dict[str, Any]:
    """The right job, without what may stand elsewhere for the field."""
    job = json.loads(json.dumps(_right(job_type)))
    for places in layout(_host().spec(job_type)).values():
        names = [place.field for place in places]
        for place in places if field.name in names else ():
            inside = job if not place.keys else job.get(place.root, {})
            inside.pop(place.keys[0] if place.keys else place.root, None)
    return job


def _cases() -> list[Any]:
    """Each field of each type, and each option of a shell job's launcher."""
    cases: list[Any] = []
    for job_type in _RIGHT:
        own = fields_of(_host().schema(job_type))
        cases += [pytest.param(job_type, field, {}, id=f"{job_type}-{field.name}") for field in own]
    known = {field.path for field in fields_of(_host().schema("shell"))}
    for launcher in _LAUNCHERS:
        options = [field for field in fields_of(_host().schema("shell", launcher)) if field.path not in known]
        more = {"launcher": launcher, "image": "busybox"}
        cases += [pytest.param("shell", field, more, id=f"shell in {launcher}-{field.name}") for field in options]
    return cases


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """It lets the examples' jobs name what they name, as the command lets its own user."""
    with Serving(tmp_path_factory.mktemp("typos"), _SETTINGS) as serving:
        yield serving


@pytest.fixture(scope="module")
def client(serving: Serving) -> Iterator[Client]:
    with serving.client() as client:
        yield client


@pytest.mark.parametrize("job_type", _RIGHT)
def test_without_a_typo_nothing_is_refused(client: Client, job_type: str) -> None:
    assert client.call("CreateJob", {**_right(job_type), "CheckOnly": True}) is None
    assert _by_run(_right(job_type)) == ""


@pytest.mark.parametrize(("job_type", "field", "xattrs"), _cases())
def test_the_answer_names_field_value_and_remedy(
    client: Client, job_type: str, field: Field, xattrs: Mapping[str, Any]
) -> None:
    base = _without_rivals(job_type, field)
    if xattrs:
        base["XAttrs"] = {**base.get("XAttrs", {}), **xattrs}
    wrong: list[str] = []
    for typo in typos_of(field):
        job = typo.made_in(base)
        said = [_by_server(client, job), _by_run(job)]
        wrong += [f"{typo.kind}: {why}" for text in said if (why := _lacking(text, typo))]
        alike = [line for line in said[0].splitlines() if "CreateJob needs it" not in line]
        if alike != said[1].splitlines() and typo.name not in _SCOPE:
            wrong.append(f"{typo.kind}: one job, two texts: {said}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Namespace": "defualt"}, "namespace can not find namespace: defualt, .* Namespace: did you mean default[?]"),
        ({"GroupId": "defualt"}, "app is not existed, groupId=defualt, .* GroupId: did you mean default[?]"),
        ({"Calendar": "workdya"}, 'Calendar: "workdya" is no calendar here; did you mean workday[?]'),
        ({"TimeType": 1}, "TimeExpression is missing; TimeType 1 .cron. needs 6 or 7 cron fields, for example "),
        ({"TimeType": 1, "TimeExpression": "0 0/61 * * * ?"}, '"0 0/61 .*" is no cron: minute "61" .*; write 1 to 59'),
        ({"TimeType": 1, "TimeExpression": "0 0 0 ? MOM *"}, 'is no cron: month "MOM" .*; write 1 .JAN. to 12 .DEC.'),
        (
            {"TimeType": 5, "TimeExpression": "2022-13-10 10:10:00"},
            '"2022-13-10 10:10:00" does not fit .*; write a time',
        ),
        ({"Timezone": "Asia/Shanghia"}, 'Timezone: "Asia/Shanghia" is not a time zone; did you mean Asia/Shanghai[?]'),
        ({"SendChannel": "sms,mial"}, 'SendChannel: "sms,mial" holds .mial., .*; did you mean mail[?]'),
        (
            {"XAttrs": {"stopSignal": "TRM"}},
            'XAttrs.stopSignal: "TRM" is no signal of this system; did you mean .*TERM',
        ),
        ({"XAttrs": {"encoding": "utf-88"}}, 'XAttrs.encoding: "utf-88" is no text encoding .*; did you mean utf-8'),
        ({"XAttrs": {"launcher": "locl"}}, 'XAttrs.launcher: "locl" is no launcher here; did you mean local[?]'),
        ({"XAttrs": {"limits": {"memory": "64Mii"}}}, 'XAttrs.limits.memory: "64Mii" is not a size; write a number'),
        ({"XAttrs": {"env": {"A": {"secrt": "b"}}}}, 'XAttrs.env.A.secrt: "b" is unknown; did you mean secret[?]'),
        ({"JarUrl": "a.jar"}, 'JarUrl: "a.jar" is not supported, as in SchedulerX itself, .*; take it away'),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(list(value)),
)
def test_what_no_schema_tells(client: Client, fields: dict[str, Any], says: str) -> None:
    assert re.search(says, _by_server(client, {**_right("shell"), **fields}))


@pytest.mark.parametrize("word", [*_RIGHT, "golang", "xxl-job", "DataWorks", "Kubernetes"])
def test_a_job_type_by_one_letter(client: Client, word: str) -> None:
    wrong = misspelt(word.lower(), [*_RIGHT])
    job = {**_right("shell"), "JobType": wrong}
    said = _by_server(client, job)
    assert said == _by_run(job)
    assert re.match(f"JobType '{wrong}': no installed plugin runs it. Did you mean .*'{word.lower()}'", said), said


@pytest.mark.parametrize("name", _SCOPE)
def test_where_a_job_is_to_be_made_by_one_letter(serving: Serving, client: Client, name: str) -> None:
    """The gateway says so, and every SDK raises it."""
    job = {"Namespace": "default", **_right("shell")}
    with Connection(client.target) as connection, pytest.raises(NotSigned) as refused:
        connection.call("CreateJob", {**{key: job[key] for key in job if key != name}, misspelt(name): "default"})
    assert f"Missing{name}: {name} is mandatory for this action." in str(refused.value)
    assert f"{misspelt(name)} is given: did you mean {name}?" in str(refused.value)


def test_the_command_ends_with_2_and_the_same_words(serving: Serving, client: Client, tmp_path: Path) -> None:
    job = {**_right("http"), "MaxAtempt": 1, "XAttrs": {"limts": {"memory": "64Mi"}}}
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job))
    program = Program(tmp_path)
    done = program("run", str(path))
    assert (done.status, done.out) == (BAD_INPUT, b"")
    said = _by_server(client, job)
    assert done.err.replace(f" of {path} cannot", " cannot") == f"anyjob: {said}\n"
    assert '  MaxAtempt: "1" is not a field of a job; did you mean MaxAttempt' in said
    assert '  XAttrs.limts: "{"memory": "64Mi"}" is read by nobody; did you mean limits?' in said


def _by_server(client: Client, job: Mapping[str, Any]) -> str:
    """The message of CreateJob; empty when it took the job."""
    try:
        client.call("CreateJob", job)
    except BadRequest as error:
        return error.message
    return ""


def _by_run(job: Mapping[str, Any]) -> str:
    """The message of `anyjob run -`, which ends with 2; empty when it would run the job."""
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(job).encode()))
    try:
        with patch("sys.stdin", stdin):
            _host().bind(the_job("-", [], None, _host()))
    except AnyJobError as error:
        said = error
    else:
        return ""
    assert of_error(said) == BAD_INPUT, said
    return str(said).replace(" of standard input cannot", " cannot")


def _line(said: str, typo: Typo) -> str:
    """What a message says of the typo."""
    start = f'  {typo.name}: "{short(shown(typo.value))}" '
    return next((line for line in said.splitlines() if line.startswith(start)), "")


def _lacking(said: str, typo: Typo) -> str:
    """What a message should say of the typo, and does not."""
    if not said:
        return f"{typo.name} = {typo.value!r} was taken"
    if typo.name in _SCOPE and re.search("is not existed|can not find", said):
        return "" if short(str(typo.value)) in said and f"{typo.name}: there is default" in said else said
    line = _line(said, typo)
    if not line:
        return f"nothing is said of {typo.name} = {typo.value!r}: {said}"
    if typo.right and not re.search(rf"did you mean .*\b{re.escape(typo.right)}\b", line):
        return f"{typo.right} is not what it suggests: {line}"
    if not _REMEDY.search(line):
        return f"no remedy: {line}"
    others = [one for one in said.splitlines()[1:] if not one.startswith((f"  {typo.name}: ", "      "))]
    blamed = [one for one in others if not _LACKS.search(one) and not (typo.kind == "key" and _NEEDS.search(one))]
    return "".join(f"blamed without a reason: {one}" for one in blamed)
