"""A job read through a spec: where values come from, and what people read when they are wrong."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from anyjob.job import Job, job_schema
from anyjob.problem import WrongValue
from anyjob.spec import At, CommonXAttrs, Limits, Spec
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.read import read_spec
from anyjob.spec.schema import spec_schema


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Port(BaseModel):
    model_config = ConfigDict(extra="forbid")
    container_port: Annotated[int, Field(alias="containerPort", ge=1, le=65535)]


class Mount(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str
    ports: tuple[Port, ...] = ()


class CallSpec(Spec):
    url: Annotated[str, Field(description="the URL to call"), At("Content.$.url")]
    retries: Annotated[int, Field(ge=0, le=9), At("Content.$.options.retries")] = 0
    colour: Annotated[Colour, At("XAttrs.$.colour")] = Colour.RED
    word: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]+$"), At("XAttrs.$.word")] = "ab"
    mounts: Annotated[list[Mount], At("XAttrs.$.mounts")] = Field(default_factory=list[Mount])
    flag: Annotated[bool, At("XAttrs.$.flag")] = False

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith("http"):
            raise ValueError("is no http URL; write http://... or https://...")
        return value


class ScriptSpec(Spec):
    script: Annotated[str, Field(description="the script"), At("Content")]


class HandlerSpec(Spec):
    handler: Annotated[str, Field(description="the handler's name"), At("Content.$.jobHandler", ("ClassName",))]


def job(**fields: Any) -> Job:
    return Job(name="j", job_type="t", **fields)


def said(model: type[Spec], **fields: Any) -> list[str]:
    spec, problems = read_spec(model, job(**fields))
    assert (spec is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_values_come_from_their_places() -> None:
    spec, problems = read_spec(
        CallSpec,
        job(content='{"url": "http://a", "options": {"retries": 3}}', xattrs={"colour": "green", "other": 1}),
    )
    assert (spec, problems) == (CallSpec(url="http://a", retries=3, colour=Colour.GREEN), [])


def test_text_places_are_read_raw() -> None:
    class Texts(Spec):
        content: Annotated[str, At("Content")]
        class_name: Annotated[str, At("ClassName")]
        parameters: Annotated[str, At("Parameters")]
        template: Annotated[str, At("Template")]

    spec, _ = read_spec(Texts, job(content="{not json", class_name="A", parameters="p q", template="kind: Pod"))
    assert spec == Texts(content="{not json", class_name="A", parameters="p q", template="kind: Pod")


def test_required_text_that_is_empty_is_asked_for_in_words() -> None:
    assert said(ScriptSpec) == ["Content is empty; write the script here"]


def test_required_key_that_is_missing_is_asked_for_in_words() -> None:
    assert said(CallSpec, content="{}") == ["Content.url is missing; write the URL to call here"]
    assert said(CallSpec, content='{"url": null}') == ["Content.url is missing; write the URL to call here"]


def test_every_fault_of_a_job_is_told_at_once() -> None:
    assert said(
        CallSpec,
        content='{"url": "ftp://a", "options": {"retries": 10}}',
        xattrs={"colour": "gren", "word": "A", "mounts": [{"path": 1, "ports": [{"containerPort": 0}]}], "flag": "si"},
    ) == [
        'Content.url: "ftp://a" is no http URL; write http://... or https://...',
        'Content.options.retries: "10" is out of range; write at most 9',
        'XAttrs.colour: "gren" is not allowed; did you mean green? Allowed: red or green',
        'XAttrs.word: "A" is too short; write at least 2 characters',
        'XAttrs.mounts[0].path: "1" is not text; put it in quotes',
        'XAttrs.mounts[0].ports[0].containerPort: "0" is out of range; write at least 1',
        'XAttrs.flag: "si" is neither true nor false; write one of them',
    ]


WRONG: list[tuple[str, Any, str]] = [
    ("word", "abcde", 'XAttrs.word: "abcde" is too long; write at most 4 characters'),
    ("word", "a1", 'XAttrs.word: "a1" does not match ^[a-z]+$; write what does'),
    ("mounts", {}, 'XAttrs.mounts: "{}" is not a list; write it as [...]'),
    ("mounts", "[/a.jar, b]", 'XAttrs.mounts: "[/a.jar, b]" is not a list; write it as ["/a.jar", "b"]'),
    ("mounts", ["a"], 'XAttrs.mounts[0]: "a" is not an object; write it as {"key": value}'),
    ("mounts", [{}], "XAttrs.mounts[0].path is missing; write it"),
    ("mounts", [{"path": "a", "prots": 1}], 'XAttrs.mounts[0].prots: "1" is unknown; did you mean ports?'),
    ("mounts", [{"path": "a", "xyz": 1}], 'XAttrs.mounts[0].xyz: "1" is unknown; known here: path, ports'),
    (
        "mounts",
        [{"path": "a", "ports": [{"containerPort": 1, "container_prt": 2}]}],
        'XAttrs.mounts[0].ports[0].container_prt: "2" is unknown; did you mean containerPort?',
    ),
    ("colour", 7, 'XAttrs.colour: "7" is not allowed; write red or green'),
    ("colour", "", "XAttrs.colour is empty, which is not allowed; write red or green"),
    ("flag", "", "XAttrs.flag is empty, which is neither true nor false; write one of them"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), WRONG)
def test_wrong_values_are_named_by_place_with_a_remedy(key: str, value: Any, sentence: str) -> None:
    assert said(CallSpec, content='{"url": "http://a"}', xattrs={key: value}) == [sentence]


def test_content_that_is_no_json_is_told_once_with_its_place() -> None:
    _, problems = read_spec(CallSpec, job(content='{"url": "http://a",\n "options": {]}'))
    assert [(p.field, p.remedy) for p in problems] == [
        ("Content", "is not JSON: line 2, column 14: a key is expected; write it in double quotes")
    ]
    assert problems[0].excerpt.splitlines() == [' "options": {]}', "             ^"]


def test_content_that_is_json_but_no_object_is_told() -> None:
    assert said(CallSpec, content="[1]") == ['Content: "[1]" is not an object; write it as {"key": value}']


def test_value_in_the_way_of_a_key_is_told_at_its_own_place() -> None:
    assert said(CallSpec, content='{"url": "http://a", "options": 5}') == [
        'Content.options: "5" is not an object; write it as {"key": value}'
    ]


def test_first_place_that_is_present_wins() -> None:
    for fields in ({"content": '{"jobHandler": "a"}'}, {"class_name": "a"}, {"content": "{}", "class_name": "a"}):
        spec, problems = read_spec(HandlerSpec, job(**fields))
        assert (spec, problems) == (HandlerSpec(handler="a"), [])
    assert said(HandlerSpec, content='{"jobHandler": "a"}', class_name="a") == []


def test_two_places_that_differ_are_a_problem_that_names_both() -> None:
    assert said(HandlerSpec, content='{"jobHandler": "a"}', class_name="b") == [
        'Content.jobHandler: "a" differs from ClassName, which says "b"; keep one of the two'
    ]


def test_missing_value_with_two_places_names_both() -> None:
    assert said(HandlerSpec) == ["Content.jobHandler is missing; write the handler's name here or in ClassName"]


def test_wrong_value_is_named_by_the_place_where_it_stands() -> None:
    class Number(Spec):
        number: Annotated[int, At("Content.$.n", ("Parameters",))]

    assert said(Number, parameters="x") == ['Parameters: "x" is not a whole number; write digits only']


def test_content_may_be_text_when_the_spec_also_takes_it_as_text() -> None:
    class Either(Spec):
        name: Annotated[str, At("Content.$.name", ("Content",))]

    assert read_spec(Either, job(content="plain"))[0] == Either(name="plain")
    assert read_spec(Either, job(content='{"name": "n"}'))[0] == Either(name="n")


def test_rule_over_the_whole_spec_names_what_it_reads() -> None:
    class Pair(Spec):
        low: Annotated[int, At("XAttrs.$.low")] = 0
        high: Annotated[int, At("XAttrs.$.high")] = 1

        @model_validator(mode="after")
        def _ordered(self) -> Pair:
            if self.low > self.high:
                raise WrongValue("has low above high; swap them")
            return self

    assert said(Pair, xattrs={"low": 5}) == ["XAttrs has low above high; swap them"]


def test_union_tells_of_the_member_that_was_meant() -> None:
    fields = {"env": {"A": {"secrt": "x"}, "B": 5, "C": {"secret": "ok"}, "D": "text"}}
    assert said(CommonXAttrs, xattrs=fields) == [
        "XAttrs.env.A.secret is missing; write it",
        'XAttrs.env.A.secrt: "x" is unknown; did you mean secret?',
        'XAttrs.env.B: "5" is not text and is not an object; put it in quotes or write it as {"key": value}',
    ]


def test_a_variable_that_no_process_can_be_given_is_refused_with_its_name() -> None:
    """The kernel would refuse the whole command and say `Argument list too long`."""
    (told,) = said(CommonXAttrs, xattrs={"env": {"BIG": "\u00e9" * 65_001, "FITS": "x" * 130_000}})
    assert told.startswith("XAttrs.env.BIG: ")
    assert told.endswith("has 130002 bytes, and a variable may have 130000; let the job read a file")


def test_tagged_union_member_is_named() -> None:
    class Cat(BaseModel):
        kind: Literal["cat"]
        lives: int

    class Dog(BaseModel):
        kind: Literal["dog"]

    class Pet(Spec):
        pet: Annotated[Cat | Dog, Field(discriminator="kind"), At("XAttrs.$.pet")]

    assert said(Pet, xattrs={"pet": {"kind": "cat", "lives": "nine"}}) == [
        'XAttrs.pet.lives: "nine" is not a whole number; write digits only'
    ]


def test_common_keys_are_checked() -> None:
    assert said(
        CommonXAttrs,
        xattrs={
            "limits": {"memory": "5q", "memroy": 1, "cpu": 0},
            "env": {"A B": "x", "ANYJOB_X": "y"},
            "encoding": "base64",
            "stopSignal": "NOPE",
            "leftovers": "keep",
        },
    ) == [
        (
            'XAttrs.limits.memory: "5q" is not a size; write a number with Ki, Mi, Gi, Ti (powers of 1024)'
            " or k, M, G, T (powers of 1000)"
        ),
        'XAttrs.limits.cpu: "0" is out of range; write more than 0',
        'XAttrs.limits.memroy: "1" is unknown; did you mean memory?',
        'XAttrs.env: "A B" is no name for an environment variable; use letters, digits and _',
        'XAttrs.env: "ANYJOB_X" starts with ANYJOB_, which anyjob sets itself; choose another name',
        'XAttrs.stopSignal: "NOPE" is no signal of this system; use TERM, INT, QUIT, HUP, USR1, ...',
        'XAttrs.leftovers: "keep" is not allowed; write kill, wait, fail or allow',
        'XAttrs.encoding: "base64" is no text encoding that Python knows; write utf-8, gbk, latin-1, ...',
    ]


def test_an_empty_text_is_called_empty() -> None:
    assert said(CommonXAttrs, xattrs={"limits": {"memory": ""}, "leftovers": "", "user": "", "env": ""}) == [
        (
            "XAttrs.limits.memory is empty, which is not a size; write a number with Ki, Mi, Gi, Ti (powers of 1024)"
            " or k, M, G, T (powers of 1000)"
        ),
        'XAttrs.env is empty, which is not an object; write it as {"key": value}',
        "XAttrs.user is empty; write something",
        "XAttrs.leftovers is empty, which is not allowed; write kill, wait, fail or allow",
    ]


def test_common_keys_are_read_in_their_units() -> None:
    spec, _ = read_spec(
        CommonXAttrs, job(xattrs={"limits": {"memory": "256Mi"}, "encoding": "GBK", "stopSignal": "SIGint"})
    )
    assert spec is not None
    assert (spec.limits, spec.encoding, spec.stop_signal) == (Limits(memory=268435456), "gbk", "INT")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("pageSize", 0, 'XAttrs.pageSize: "0" is out of range; write at least 1'),
        ("dispatcherSize", 201, 'XAttrs.dispatcherSize: "201" is out of range; write at most 200'),
        (
            "taskDispatchMode",
            "pul",
            'XAttrs.taskDispatchMode: "pul" is not allowed; did you mean pull? Allowed: push or pull',
        ),
        ("failover", "maybe", 'XAttrs.failover: "maybe" is neither true nor false; write one of them'),
    ],
)
def test_keys_of_the_mode_are_checked(key: str, value: Any, sentence: str) -> None:
    assert said(ModeXAttrs, xattrs={key: value}) == [sentence]


@pytest.mark.parametrize(
    ("annotation", "sentence"),
    [
        (str, "Odd.x has no At; write one, for example Annotated[str, At('Content')]"),
        (
            Annotated[str, At("Contents")],
            (
                "Odd.x lives at 'Contents'; a place is Content, ClassName, Parameters, Template, GroupId, "
                "Content.$.key or XAttrs.$.key"
            ),
        ),
        (Annotated[str, Field(alias="y"), At("Content")], "Odd.x has an alias; its place alone names it in a job"),
    ],
)
def test_spec_with_wrong_places_is_its_authors_fault(annotation: Any, sentence: str) -> None:
    odd = type("Odd", (Spec,), {"__annotations__": {"x": annotation}})
    with pytest.raises(TypeError) as error:
        read_spec(odd, job())
    assert str(error.value) == sentence


def test_two_keys_of_one_content_that_differ() -> None:
    class Twice(Spec):
        status: Annotated[int, At("Content.$.respCode", ("Content.$.status",))]

    same = Job(name="j", job_type="t", content='{"respCode": 200, "status": 200}')
    assert read_spec(Twice, same)[1] == []
    differ = Job(name="j", job_type="t", content='{"respCode": 200, "status": 201}')
    assert [problem.field for problem in read_spec(Twice, differ)[1]] == ["Content.respCode"]


class Grouped(Spec):
    group: Annotated[str, At("GroupId")] = ""


def test_a_spec_may_look_at_the_app_group_and_no_form_writes_it() -> None:
    assert read_spec(Grouped, Job(name="j", job_type="x", group_id="shop"))[0] == Grouped(group="shop")
    described = cast("dict[str, Any]", spec_schema(Grouped))["properties"]["GroupId"]
    assert described == cast("dict[str, Any]", job_schema())["properties"]["GroupId"]
