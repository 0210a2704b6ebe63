"""`--set Field=value`, laid over a job's wire fields."""

from __future__ import annotations

import copy

import pytest

from anyjob.job import BadJob, Job, override


def test_a_field_is_set_to_the_text_after_the_first_equals_sign() -> None:
    fields = {"Name": "a", "JobType": "shell"}
    made = override(fields, ["Content=FOO=1 env", "Parameters=", "MaxAttempt=3", "MaxAttempt=4"])
    assert made == {"Name": "a", "JobType": "shell", "Content": "FOO=1 env", "Parameters": "", "MaxAttempt": "4"}
    assert fields == {"Name": "a", "JobType": "shell"}
    assert Job.from_wire(made).max_attempt == 4


@pytest.mark.parametrize("given", [None, "", '{"limits": {"cpu": 1}}', {"limits": {"cpu": 1}}])
def test_a_path_goes_into_xattrs_in_whatever_form_they_are(given: object) -> None:
    before = {"cpu": 1} if given else {}
    fields = {"Name": "a", "XAttrs": copy.deepcopy(given)}
    made = override(
        fields, ["XAttrs.limits.memory=1Mi", "XAttrs.grace=10", 'XAttrs.tags=["x"]', "XAttrs.t=1:30", 'XAttrs.q="5"']
    )
    assert made["XAttrs"] == {"limits": {**before, "memory": "1Mi"}, "grace": 10, "tags": ["x"], "t": "1:30", "q": "5"}
    assert fields["XAttrs"] == given


def test_what_cannot_be_set_is_told_at_once() -> None:
    with pytest.raises(BadJob) as caught:
        override(
            {"Name": "a", "XAttrs": {"grace": 10}},
            ["Conten=x", "echo", "Content.url=x", "XAttrs..a=1", "XAttrs.grace.x=1", "Zzz=1"],
        )
    path = "is no path; only XAttrs has parts, as in XAttrs.limits.memory=1Mi"
    assert str(caught.value) == (
        "Job 'a' cannot be used:\n"
        '  --set: "Conten=x" sets no field of a job; did you mean Content?\n'
        '  --set: "echo" is not an assignment; write Field=value\n'
        f'  --set: "Content.url=x" {path}\n'
        f'  --set: "XAttrs..a=1" {path}\n'
        '  --set: "XAttrs.grace.x=1" cannot be set: XAttrs.grace is 10, not an object\n'
        '  --set: "Zzz=1" sets no field of a job; write Field=value'
    )


def test_broken_xattrs_of_the_file_are_told_where_a_part_is_set() -> None:
    with pytest.raises(BadJob, match=r'--set: "XAttrs.a=1" is not JSON: line 1, column 2: a key is expected; write'):
        override({"Name": "a", "XAttrs": "{x"}, ["XAttrs.a=1"])
