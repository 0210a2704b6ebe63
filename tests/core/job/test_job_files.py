"""Jobs in files: what is read, and how a mistake is shown."""

# ruff: noqa: E501 - a message is asserted whole, beside the value that brings it
from __future__ import annotations

from pathlib import Path

import pytest

from anyjob.job import BadJob, BadJobFile, Contact, Job, TimeType, parse_jobs, read_job, read_jobs

YAML = """\
Name: nightly
JobType: shell
Content: |
  #!/bin/sh
  echo "it's 1:30"
TimeType: cron
TimeExpression: 0 30 1 * * ?
MaxAttempt: 3
FailEnable: true
Parameters: 1.10
Calendar: ~
XAttrs:
  grace: 10
  ratio: 1.5
  user: yes
  code: 007
  day: 2030-01-01
  at: 1:30
  none: null
  limits: {memory: 12Mi}
ContactInfo:
  - {UserName: Ann, UserPhone: +8613811110000}
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_yaml_job_is_read_without_the_surprises_of_yaml(tmp_path: Path) -> None:
    job = read_job(write(tmp_path, "job.yaml", YAML))
    assert job == Job(
        name="nightly",
        job_type="shell",
        content='#!/bin/sh\necho "it\'s 1:30"\n',
        time_type=TimeType.CRON,
        time_expression="0 30 1 * * ?",
        max_attempt=3,
        fail_enable=True,
        parameters="1.10",
        xattrs={
            "grace": 10,
            "ratio": 1.5,
            "user": "yes",
            "code": "007",
            "day": "2030-01-01",
            "at": "1:30",
            "none": None,
            "limits": {"memory": "12Mi"},
        },
        contact_info=(Contact(user_name="Ann", user_phone="+8613811110000"),),
    )


def test_several_documents_or_a_list_are_several_jobs(tmp_path: Path) -> None:
    documents = write(
        tmp_path, "a.yml", "---\nName: a\nJobType: x\n---\n---\nName: b\nJobType: x\nParameters: 0.50\n...\n"
    )
    entries = write(tmp_path, "b.yml", "- {Name: a, JobType: x}\n- {Name: b, JobType: x, Parameters: 0.50}\n")
    array = write(
        tmp_path, "c.json", '[{"Name": "a", "JobType": "x"}, {"Name": "b", "JobType": "x", "Parameters": "0.50"}]'
    )
    assert [job.name for job in read_jobs(documents)] == ["a", "b"]
    assert read_jobs(documents) == read_jobs(entries) == read_jobs(array)
    with pytest.raises(BadJobFile, match="holds 2 jobs, and one is asked for"):
        read_job(documents)


def test_the_form_goes_by_extension_else_by_the_first_character(tmp_path: Path) -> None:
    text = '\n{"Name": "a", "JobType": "x",\n\t"Content": "a\\r\\nb"}'
    assert read_job(write(tmp_path, "a.json", text)).content == "a\r\nb"
    assert read_job(write(tmp_path, "a.job", "\ufeff" + text)).content == "a\r\nb"
    assert read_job(write(tmp_path, "b.job", "Name: a\nJobType: x\n")).name == "a"
    with pytest.raises(BadJobFile):
        read_job(write(tmp_path, "a.yaml", text))  # YAML has no tabs there


def test_a_line_end_written_as_an_escape_stays_and_that_of_a_block_becomes_a_newline(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfName: a\r\nJobType: x\r\nParameters: "a\\r\\nb"\r\nContent: |\r\n  echo 1\r\n  echo 2\r\n'
    job = read_job(write(tmp_path, "a.yaml", text))
    assert (job.parameters, job.content) == ("a\r\nb", "echo 1\necho 2\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "Name: a\n\tJobType: x\n", "line 2, column 1: a tab cannot indent YAML; use spaces\n    \\tJobType: x\n    ^"),
        ("a.yaml", "Name: a\n  Content: b\n", "line 2, column 10: a colon with a space after it stands inside a value; put the value in quotes, or indent it as those above\n      Content: b\n             ^"),
        ("a.yaml", "Name: a\nContent: echo: b\n", "line 2, column 14: a colon with a space after it stands inside a value; put the value in quotes, or indent it as those above\n    Content: echo: b\n                 ^"),
        ("a.yaml", "XAttrs:\n    a: 1\n  b: 2\n", "line 3, column 3: the indentation does not fit the lines above; begin it where they do\n      b: 2\n      ^"),
        ("a.yaml", 'Name: "a\n', "line 2, column 1: the text ends, and a quote or bracket is not closed; close it\n    \n    ^"),
        ("a.yaml", "Name: a\nName: b\n", 'line 2, column 1: the key "Name" stands twice, first in line 1; keep one of the two\n    Name: b\n    ^'),
        ("a.yaml", "Name: a\nXAttrs:\n  b: 1\n  'b': 2\n", "line 4, column 3: the key \"b\" stands twice, first in line 3; keep one of the two\n      'b': 2\n      ^"),
        ("a.yaml", "Name: *a\n", "line 1, column 7: this alias (*) names no anchor (&) above it; put a text that begins with * in quotes\n    Name: *a\n          ^"),
        ("a.yaml", "Name: a\n<<: {JobType: x}\n", "line 2, column 1: merge keys (<<) are not read; write the fields out\n    <<: {JobType: x}\n    ^"),
        ("a.yaml", "Name: a\nXAttrs: {[a]: 1}\n", "line 2, column 10: a key must be a word or a text\n    XAttrs: {[a]: 1}\n             ^"),
        ("a.yaml", "Name: !!python/name:os.system x\n", "line 1, column 7: the tag 'tag:yaml.org,2002:python/name:os.system' is not read; write the value without it\n    Name: !!python/name:os.system x\n          ^"),
        ("a.yaml", "Name: a\nContent: x\x1b\n", "line 2, column 11: the character U+001B cannot stand in YAML\n    Content: x\\x1b\n              ^"),
        ("a.yaml", "- " * 65 + "a", None),
        ("a.yaml", "Name: &a [*a]\n", "line 1, column 7: it is nested more than 64 levels deep\n    Name: &a [*a]\n          ^"),
        ("a.yaml", 'Name: "\\U00110000"\n', None),
        ("a.yaml", "just words\n", "a job is written as fields with values, for example JobType: shell"),
        ("a.yaml", "# nothing\n", "it holds no job"),
        ("a.json", "[]", "it holds no job"),
        ("a.json", '{"Name": "a",\n "XAttrs": {"b": 1,\n  "b": 2}}', 'line 3, column 3: the key "b" stands twice, first in line 2; keep one of the two\n      "b": 2}}\n      ^'),
        ("a.json", '{"Name": "a"', 'line 1, column 13: the text ends, and a bracket or quote is not closed; close it\n    {"Name": "a"\n                ^'),
        ("a.yaml", b"Name: \xc3\xa9\n# \xff\n", "line 2, column 3: this byte is not UTF-8; save the file as UTF-8"),
        ("a.yaml", "#" * (1024 * 1024 + 1), "it is larger than 1048576 bytes, the most that a file of jobs may have"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_file_that_cannot_be_read_names_file_place_and_remedy(
    name: str, text: str | bytes, message: str | None
) -> None:
    with pytest.raises(BadJobFile) as caught:
        parse_jobs(
            text if isinstance(text, bytes) else text.encode(), name, form="json" if name == "a.json" else "yaml"
        )
    if message is not None:
        separator = ", " if message.startswith("line") else ": "
        assert str(caught.value) == f"{name}{separator}{message}"


def test_aliases_cannot_grow_a_small_file_into_a_large_one() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(BadJobFile, match=r"aliases \(\*\) written out the file has more than 1048576 characters"):
        parse_jobs("\n".join(rows).encode(), "bomb", form="yaml")
    one = f"---\nName: n\nJobType: x\nDescription: &a '{'y' * 3000}'\nXAttrs: {{a: [{', '.join(['*a'] * 200)}]}}\n"
    assert parse_jobs(one.encode(), "fits")
    with pytest.raises(BadJobFile, match="written out"):
        parse_jobs((one * 3).encode(), "documents share the bound")


def test_a_file_that_is_not_there_or_is_a_folder_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadJobFile) as caught:
        read_job(tmp_path / "no.yaml")
    assert str(caught.value) == f"{tmp_path / 'no.yaml'}: it cannot be read: No such file or directory"
    with pytest.raises(BadJobFile, match="it cannot be read: Is a directory"):
        read_job(tmp_path)


def test_every_bad_job_of_a_file_is_told() -> None:
    text = "---\nName: a\n---\nName: fine\nJobType: x\n---\nName: c\nJobType: x\nPriority: 2\n"
    with pytest.raises(BadJob) as caught:
        parse_jobs(text.encode(), "jobs.yaml")
    assert str(caught.value) == (
        "Job 'a' of jobs.yaml, job 1 cannot be used:\n"
        "  JobType is missing; every job has one\n"
        "Job 'c' of jobs.yaml, job 3 cannot be used:\n"
        '  Priority: "2" is not allowed; write 1 (low), 5 (medium), 10 (high) or 15 (very_high)'
    )


def test_overrides_are_laid_over_every_job_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "- {Name: a}\n- {Name: b, JobType: y}\n")
    assert [job.job_type for job in read_jobs(path, ["JobType=x"])] == ["x", "x"]
