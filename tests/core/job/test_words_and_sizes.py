"""The small readers beside the job: sizes, nearest words, the numbers of the API."""

from __future__ import annotations

import pytest

from anyjob.nearest import did_you_mean, nearest
from anyjob.problem import Problem, WrongValue
from anyjob.size import parse_size
from anyjob.status import InstanceStatus, TaskStatus, TriggerType

UNITS = "write a number with Ki, Mi, Gi, Ti (powers of 1024) or k, M, G, T (powers of 1000)"


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), (512, 512), ("0", 0), ("1k", 1000), ("1K", 1000), ("10MB", 10_000_000), ("256Mi", 256 << 20),
     ("256MiB", 256 << 20),     ("1.5Gi", 3 << 29), ("2 Gi", 2 << 30), ("1Ei", 1 << 60), ("7B", 7), ("0.5Ki", 512)],
)  # fmt: skip
def test_a_size_is_read(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("12Zb", f"is not a size; {UNITS}"),
        ("", f"is not a size; {UNITS}"),
        ("-1", f"is not a size; {UNITS}"),
        ("1e3", f"is not a size; {UNITS}"),
        ("Mi", f"is not a size; {UNITS}"),
        ("٣Mi", f"is not a size; {UNITS}"),
        ("512m", "is not a size; did you mean 512Mi or 512M?"),
        ("512mb", "is not a size; did you mean 512Mi or 512M?"),
        ("4kib", "is not a size; did you mean 4Ki or 4k?"),
        ("0.3", "is not a whole number of bytes; write it in a smaller unit"),
        ("9999Ei", f"is larger than any machine; {UNITS}"),
    ],
)
def test_what_is_not_a_size_says_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(WrongValue) as caught:
        parse_size(text)
    assert str(caught.value) == caught.value.remedy == remedy


def test_the_problem_of_a_size_is_one_plain_line() -> None:
    problem = Problem(field="XAttrs.limits.memory", value="12Zb", remedy=f"is not a size; {UNITS}")
    assert str(problem) == f'XAttrs.limits.memory: "12Zb" is not a size; {UNITS}'


def test_a_problem_shows_no_control_characters_and_not_all_of_a_long_value() -> None:
    problem = Problem(field="A\n", value="\x1b]0;x\x07" + "y" * 1000, remedy="is bad")
    assert str(problem) == r'A\n: "\x1b]0;x\x07' + "y" * 71 + '..." is bad'


def test_the_nearest_words_look_past_case_and_underscores() -> None:
    words = ["MaxAttempt", "TaskMaxAttempt", "XAttrs", "Name"]
    assert nearest("max_attempt", words) == ["MaxAttempt"]
    assert nearest("xattr", words) == ["XAttrs"]
    assert nearest("MaxAtempt", words)[0] == "MaxAttempt"
    assert nearest("qqqq", words) == []
    assert did_you_mean("qqqq", words) == ""


def test_the_numbers_are_those_of_the_2019_api() -> None:
    assert {status.label: int(status) for status in InstanceStatus} == {
        "unknown": 0, "waiting": 1, "pool": 2, "running": 3, "success": 4, "failed": 5, "killed": 6, "paused": 7,
        "submitted": 8, "rejected": 9, "accepted": 10, "partial failed": 11, "skipped": 12, "removed": 99,
    }  # fmt: skip
    assert [int(status) for status in InstanceStatus if status.finished] == [4, 5, 12, 99]
    assert [status.label for status in TaskStatus] == ["unknown", "init", "pulled", "running", "success", "failed"]
    assert [int(status) for status in TaskStatus if status.finished] == [4, 5]
    assert {trigger.label: int(trigger) for trigger in TriggerType} == {
        "scheduled": 1, "data backfill": 2, "API": 3, "manual rerun": 4, "system retry": 5, "manual run": 6,
    }  # fmt: skip
