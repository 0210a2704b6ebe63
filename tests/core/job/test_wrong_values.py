"""Every wrong value has its sentence: the field, the value, what is wrong, what to write."""

# ruff: noqa: E501 - a message is asserted whole, beside the value that brings it
from __future__ import annotations

import pickle

import pytest

from anyjob.job import BadJob, Job, TimeType
from anyjob.problem import Problem

INT = "write 0 to 2147483647"
FROM_ONE = "write 1 to 2147483647"
MODES = "standalone, broadcast, parallel, grid, batch or sharding"
CHANNELS = "default, sms, mail, phone or webhook, with commas between"
ZONES = "write an IANA name such as Asia/Shanghai, or GMT+8, or UTC+08:00"
DELAY = "write the seconds between an end and the next start, 1 to 60"
MOMENT = "write a time as yyyy-MM-dd HH:mm:ss, or milliseconds since 1970"


def problems_of(fields: dict[str, object]) -> tuple[Problem, ...]:
    with pytest.raises(BadJob) as caught:
        Job.from_wire({"Name": "hello", "JobType": "shell", **fields})
    return caught.value.problems


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("Name", "", "Name is missing; every job has one"),
        ("Name", "n" * 101, f'Name: "{"n" * 77}..." has 101 characters; at most 100 are allowed'),
        ("Name", "a\x1b[31m", r'Name: "a\x1b[31m" holds the control character U+001B at character 2; take it out'),
        ("Name", "a\u2028b", r'Name: "a\u2028b" holds the control character U+2028 at character 2; take it out'),
        ("Name", ["a"], 'Name: "["a"]" is not text; put it in quotes'),
        ("Name", "a\ud800", r'Name: "a\ud800" holds half of a surrogate pair at character 2 of a text; it is not Unicode'),
        ("JobType", "", "JobType is missing; every job has one"),
        ("JobType", "shel l", 'JobType: "shel l" is not a job type; did you mean shell?'),
        ("JobType", "_x", "JobType: \"_x\" is not a job type; write 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("JobType", "../../etc", "JobType: \"../../etc\" is not a job type; write 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("JobType", "KELVIN\u212a", "JobType: \"KELVIN\u212a\" is not a job type; write 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("JobType", "a" * 65, f'JobType: "{"a" * 65}" has 65 characters; at most 64 are allowed'),
        ("ExecuteMode", "brodcast", f'ExecuteMode: "brodcast" is not allowed; did you mean broadcast? Allowed: {MODES}'),
        ("ExecuteMode", "x", f'ExecuteMode: "x" is not allowed; write {MODES}'),
        ("TimeType", 2, 'TimeType: "2" is not allowed; write -1 (none), 1 (cron), 3 (fixed_rate), 4 (second_delay), 5 (one_time) or 100 (api)'),
        ("TimeType", 101, 'TimeType: "101" is not allowed; write -1 (none), 1 (cron), 3 (fixed_rate), 4 (second_delay), 5 (one_time) or 100 (api)'),
        ("TimeType", "fixedRate", 'TimeType: "fixedRate" is not allowed; did you mean fixed_rate? Allowed: -1 (none), 1 (cron), 3 (fixed_rate), 4 (second_delay), 5 (one_time) or 100 (api)'),
        ("Priority", 7, 'Priority: "7" is not allowed; write 1 (low), 5 (medium), 10 (high) or 15 (very_high)'),
        ("Priority", True, 'Priority: "true" is not allowed; write 1 (low), 5 (medium), 10 (high) or 15 (very_high)'),
        ("Status", "2", 'Status: "2" is not allowed; write 0 (disabled) or 1 (enabled)'),
        ("TaskDispatchMode", "pul", 'TaskDispatchMode: "pul" is not allowed; did you mean pull? Allowed: push or pull'),
        ("MaxAttempt", "three", f'MaxAttempt: "three" is not a whole number; {INT}'),
        ("MaxAttempt", "1.0", f'MaxAttempt: "1.0" is not a whole number; {INT}'),
        ("MaxAttempt", 1.0, f'MaxAttempt: "1.0" is not a whole number; {INT}'),
        ("MaxAttempt", True, f'MaxAttempt: "true" is not a whole number; {INT}'),
        ("MaxAttempt", "٣", f'MaxAttempt: "٣" is not a whole number; {INT}'),
        ("MaxAttempt", -1, f'MaxAttempt: "-1" is out of range; {INT}'),
        ("MaxAttempt", 2**31, f'MaxAttempt: "2147483648" is out of range; {INT}'),
        ("MaxAttempt", "9" * 40, f'MaxAttempt: "{"9" * 40}" is not a whole number; {INT}'),
        ("MaxConcurrency", 0, f'MaxConcurrency: "0" is out of range; {FROM_ONE}'),
        ("PageSize", "0", f'PageSize: "0" is out of range; {FROM_ONE}'),
        ("Timeout", 0, f'Timeout: "0" is out of range; {FROM_ONE}'),
        ("FailTimes", 0, f'FailTimes: "0" is out of range; {FROM_ONE}'),
        ("DataOffset", 2**31, 'DataOffset: "2147483648" is out of range; write -2147483648 to 2147483647'),
        ("StartTime", -2, 'StartTime: "-2" is out of range; write -1 to 253402300799999'),
        ("TimeoutEnable", "yes", 'TimeoutEnable: "yes" is neither true nor false; write one of them'),
        ("TimeoutEnable", 1, 'TimeoutEnable: "1" is neither true nor false; write one of them'),
        ("Parameters", "é" * 5001, f'Parameters: "{"é" * 77}..." has 10002 bytes in UTF-8; at most 10000 are allowed'),
        ("Parameters", 1.5, 'Parameters: "1.5" is not text; put it in quotes'),
        ("Parameters", {"a": 1}, 'Parameters: "{"a": 1}" is not text; put it in quotes'),
        ("Content", "one\ntw\0o", r'Content: "one\ntw\x00o" holds a NUL byte at line 2, column 3; take it out'),
        ("Content", "\0", r'Content: "\x00" holds a NUL byte at line 1, column 1; take it out'),
        ("Content", {"a": {1, 2}}, 'Content: "<dict>" holds a set, which JSON does not have; write it as text'),
        ("Content", {"a": float("nan")}, 'Content: "{"a": NaN}" holds a number that is not finite; JSON has none'),
        ("Timezone", "GTM+8", 'Timezone: "GTM+8" is not a time zone; did you mean GMT+8?'),
        ("Timezone", "Asia/Shangai", 'Timezone: "Asia/Shangai" is not a time zone; did you mean Asia/Shanghai?'),
        ("Timezone", "GMT+24", 'Timezone: "GMT+24" is no offset from GMT; hours go to 23 and minutes to 59'),
        ("Timezone", "../passwd", f'Timezone: "../passwd" is not a time zone; {ZONES}'),
        ("SendChannel", "sms,emial", f"SendChannel: \"sms,emial\" holds 'emial', which is no channel; did you mean mail? Allowed: {CHANNELS}"),
        ("SendChannel", "fax", f"SendChannel: \"fax\" holds 'fax', which is no channel; write {CHANNELS}"),
        ("SendChannel", "default,sms", 'SendChannel: "default,sms" names default beside others; write default alone, or the others without it'),
        ("SendChannel", 5, 'SendChannel: "5" is not a list; write it as [...]'),
        ("ContactInfo", "x", 'ContactInfo: "x" is not JSON: line 1, column 1: a value is expected; write text in double quotes, a number, true, false, null, {...} or [...]'),
        ("ContactInfo", {"UserName": "x"}, 'ContactInfo: "{"UserName": "x"}" is not a list; write it as [...]'),
        ("ContactInfo", ["x"], 'ContactInfo.1: "x" is not an object; write one with UserName, UserPhone, UserMail, Ding'),
        ("ContactInfo", [{}, {"Mail": "a@b"}], 'ContactInfo.2.Mail: "a@b" is not a field of a contact; did you mean UserMail?'),
        ("ContactInfo", [{"UserName": True}], 'ContactInfo.1.UserName: "true" is not text; put it in quotes'),
        ("JarUrl", "oss://x.jar", 'JarUrl: "oss://x.jar" is not supported, as in SchedulerX itself, whose older pages list it; take it away'),
        ("max_attempt", 3, 'max_attempt: "3" is not a field of a job; did you mean MaxAttempt?'),
        ("Conten", "x", 'Conten: "x" is not a field of a job; did you mean Content?'),
        ("Zzz\x1b[2J", "x", r'Zzz\x1b[2J: "x" is not a field of a job; take it away'),
        ("XAttrs", "[1]", 'XAttrs: "[1]" is not an object; write it as {"key": value}'),
        ("XAttrs", "null", 'XAttrs: "null" is not an object; write it as {"key": value}'),
        ("XAttrs", {1: 2}, 'XAttrs: "{"1": 2}" holds the key 1; a key is text'),
        ("XAttrs", {"a": b"x"}, 'XAttrs: "<dict>" holds a bytes, which JSON does not have; write it as text'),
        ("XAttrs", {"a": 2**63}, 'XAttrs: "{"a": 9223372036854775808}" holds a whole number of more than 64 bits; write it as text, in quotes'),
        ("XAttrs", '{"a": 1, "a": 2}', 'XAttrs: "{"a": 1, "a": 2}" is not JSON: line 1, column 10: the key "a" stands twice, first in line 1; keep one of the two'),
        ("XAttrs", '{"a": NaN}', 'XAttrs: "{"a": NaN}" is not JSON: line 1, column 1: it holds NaN, which JSON does not have; write it as text, in quotes'),
        ("TimeExpression", "0 0 * * * ?", "TimeType is missing; without it TimeExpression fires nothing"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_wrong_value_has_one_line_that_says_what_to_write(field: str, value: object, line: str) -> None:
    (problem,) = problems_of({field: value})
    assert str(problem) == line
    assert str(problem).isprintable()


@pytest.mark.parametrize(
    ("time_type", "expression", "line"),
    [
        (1, "", "TimeExpression is missing; TimeType 1 (cron) needs 6 or 7 cron fields, for example 0 0/10 * * * ?"),
        (1, "*/5 * * * *", 'TimeExpression: "*/5 * * * *" does not fit TimeType 1 (cron); write 6 or 7 cron fields, for example 0 0/10 * * * ?'),
        (3, "", "TimeExpression is missing; TimeType 3 (fixed_rate) needs the seconds between two starts, for example 30"),
        (3, "0", 'TimeExpression: "0" does not fit TimeType 3 (fixed_rate); write the seconds between two starts, for example 30'),
        (3, "10s", 'TimeExpression: "10s" does not fit TimeType 3 (fixed_rate); write the seconds between two starts, for example 30'),
        (4, "61", f'TimeExpression: "61" does not fit TimeType 4 (second_delay); {DELAY}'),
        (4, "0", f'TimeExpression: "0" does not fit TimeType 4 (second_delay); {DELAY}'),
        (5, "2030-02-30 10:00:00", f'TimeExpression: "2030-02-30 10:00:00" does not fit TimeType 5 (one_time); {MOMENT}'),
        (5, "2030-2-3 10:00:00", f'TimeExpression: "2030-2-3 10:00:00" does not fit TimeType 5 (one_time); {MOMENT}'),
        (5, "tomorrow", f'TimeExpression: "tomorrow" does not fit TimeType 5 (one_time); {MOMENT}'),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_time_expression_must_have_the_shape_of_its_type(time_type: int, expression: str, line: str) -> None:
    assert [str(problem) for problem in problems_of({"TimeType": time_type, "TimeExpression": expression})] == [line]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('{"a": 1,}', (1, 8), "this comma has nothing after it; take it away"),
        ("[1, ]", (1, 3), "this comma has nothing after it; take it away"),
        ("{'a': 1}", (1, 2), "JSON has double quotes only; write them instead"),
        ("{a: 1}", (1, 2), "a key is expected; write it in double quotes"),
        ('{"a" 1}', (1, 6), "a colon is expected after the key; write one"),
        ('{"a": 1 "b": 2}', (1, 9), "a comma or a closing bracket is expected; write one"),
        ('{"a": 1', (1, 8), "the text ends, and a bracket or quote is not closed; close it"),
        ('{"a": "x', (1, 7), "this quote is not closed; close it"),
        ('{"a": "x\ny"}', (1, 9), "a line break or control character stands inside a text; write it as an escape, \\n"),
        (r'{"a": "C:\q"}', (1, 10), "this backslash starts no escape of JSON; write it twice"),
        ('{"a": 1}\n  {}', (2, 3), "the JSON has ended before this; take the rest away"),
        (" ", (1, 2), "there is nothing in it; write a value"),
        ('{"a":\n  True}', (2, 3), "a value is expected; write text in double quotes, a number, true, false, null, {...} or [...]"),
        ('{"a": 1e999}', (1, 1), "it holds the number 1e999, which is out of range; write it as text, in quotes"),
        ('{"a": ' + "9" * 5000 + "}", (1, 1), f"it holds the number {'9' * 20}..., which has more than 64 bits; write it as text, in quotes"),
        ("[" * 100_000 + "]" * 100_000, (1, 1), "it is nested more than 64 levels deep"),
        ("[" * 65 + "]" * 65, (1, 1), "it is nested more than 64 levels deep"),
        ('{"x": {"k": 1,\n "y": {"k": 2}, "k": 3}}', (2, 17), 'the key "k" stands twice, first in line 1; keep one of the two'),
        ('{"x": ["k", "k", {"k": "k"}], "\\u0078": 1}', (1, 31), 'the key "x" stands twice, first in line 1; keep one of the two'),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_broken_json_is_shown_at_its_place(text: str, place: tuple[int, int], says: str) -> None:
    (problem,) = problems_of({"XAttrs": text})
    assert problem.field == "XAttrs"
    assert problem.remedy == f"is not JSON: line {place[0]}, column {place[1]}: {says}"
    line, mark = problem.excerpt.split("\n")
    assert len(line) < 100
    assert mark.strip() == "^"
    if len(text) < 60:
        assert mark.index("^") == place[1] - 1


def test_all_wrong_fields_are_told_at_once_with_the_excerpt_below() -> None:
    with pytest.raises(BadJob) as caught:
        Job.from_wire(
            {"Name": "nightly", "Job_Type": "shell", "Priority": 7, "XAttrs": '{\n "grace": ten\n}', "MaxAttempt": "x",
             "StartTime": 20, "EndTime": 10},
            source="jobs.yaml",
        )  # fmt: skip
    assert str(caught.value) == (
        "Job 'nightly' of jobs.yaml cannot be used:\n"
        '  Job_Type: "shell" is not a field of a job; did you mean JobType?\n'
        "  JobType is missing; every job has one\n"
        '  Priority: "7" is not allowed; write 1 (low), 5 (medium), 10 (high) or 15 (very_high)\n'
        r'  XAttrs: "{\n "grace": ten\n}" is not JSON: line 2, column 11: a value is expected; write text in double quotes,'
        " a number, true, false, null, {...} or [...]\n"
        '       "grace": ten\n'
        "                ^\n"
        f'  MaxAttempt: "x" is not a whole number; {INT}\n'
        '  EndTime: "10" is not after StartTime (20); write a later one, or -1'
    )


def test_an_end_must_come_after_the_start() -> None:
    (problem,) = problems_of({"StartTime": 10, "EndTime": 10})
    assert str(problem) == 'EndTime: "10" is not after StartTime (10); write a later one, or -1'


def test_python_is_told_the_same_in_the_names_of_the_api() -> None:
    with pytest.raises(BadJob) as caught:
        Job(
            name="", job_type="Sh ell", max_attempt=-1, time_type=TimeType.SECOND_DELAY,
            task_dispatch_mode="",  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
    assert [str(problem) for problem in caught.value.problems] == [
        'JobType: "Sh ell" is not a job type; did you mean shell?',
        "Name is empty; write 1 to 100 characters",
        f'MaxAttempt: "-1" is out of range; {INT}',
        "TaskDispatchMode is empty, which is not allowed; write push or pull",
        "TimeExpression is missing; TimeType 4 (second_delay) needs the seconds between an end and the next start, 1 to 60",
    ]


def test_a_bad_job_survives_pickling() -> None:
    with pytest.raises(BadJob) as caught:
        Job.from_wire({"Name": "hello"})
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.problems == caught.value.problems


def test_a_name_is_escaped_once() -> None:
    with pytest.raises(BadJob) as caught:
        Job.from_wire({"Name": "it's\x01", "JobType": "shell"})
    assert str(caught.value).splitlines()[0] == r"Job 'it's\x01' cannot be used:"
