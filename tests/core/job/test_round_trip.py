"""Whatever a job holds, it comes back from the wire the same."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from anyjob.job import BadJob, Channel, Contact, ExecuteMode, Job, JobStatus, Priority, TaskDispatchMode, TimeType

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60)
counts = st.integers(0, 2**31 - 1)
sizes = st.integers(1, 2**31 - 1)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
times = st.one_of(
    st.tuples(st.sampled_from([TimeType.API, TimeType.NONE]), lines),
    st.tuples(st.just(TimeType.CRON), st.just("0 0/10 * * * ?")),
    st.tuples(st.just(TimeType.FIXED_RATE), sizes.map(str)),
    st.tuples(st.just(TimeType.SECOND_DELAY), st.integers(1, 60).map(str)),
    st.tuples(st.just(TimeType.ONE_TIME), st.just("2030-10-10 10:10:00")),
)
channels = st.just((Channel.DEFAULT,)) | st.lists(
    st.sampled_from([Channel.SMS, Channel.MAIL, Channel.PHONE, Channel.WEBHOOK]), min_size=1, unique=True
).map(tuple)
contacts = st.builds(Contact, user_name=lines, user_phone=lines, user_mail=lines, ding=lines)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    time_type, expression = draw(times)
    start = draw(st.integers(-1, 10**13))
    return Job(
        name=draw(lines.filter(bool)),
        job_type=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)).replace("golang", "go"),
        region_id=draw(lines),
        namespace=draw(lines),
        namespace_source=draw(lines),
        group_id=draw(lines),
        description=draw(texts),
        execute_mode=draw(st.sampled_from(ExecuteMode)),
        class_name=draw(lines),
        content=draw(texts),
        parameters=draw(texts),
        max_concurrency=draw(sizes),
        max_attempt=draw(counts),
        attempt_interval=draw(counts),
        queue_size=draw(sizes),
        time_type=time_type,
        time_expression=expression,
        calendar=draw(lines),
        data_offset=draw(st.integers(-(2**31), 2**31 - 1)),
        timezone=draw(st.sampled_from(["", "GMT+8", "Asia/Shanghai", "UTC-03:30"])),
        timeout_enable=draw(st.booleans()),
        timeout=draw(sizes),
        fail_enable=draw(st.booleans()),
        send_channel=draw(channels),
        contact_info=tuple(draw(st.lists(contacts, max_size=2))),
        status=draw(st.sampled_from(JobStatus)),
        xattrs=draw(st.dictionaries(texts, json_values, max_size=4)),
        priority=draw(st.sampled_from(Priority)),
        start_time=start,
        end_time=draw(st.just(-1) | st.integers(max(start, -1) + 1, 10**14)),
        task_dispatch_mode=draw(st.sampled_from(TaskDispatchMode)),
        template=draw(texts),
    )


@given(jobs())
def test_a_job_comes_back_from_the_wire_the_same(job: Job) -> None:
    assert Job.from_wire(job.to_wire()) == job


@given(jobs())
def test_a_job_comes_back_when_everything_travels_as_text(job: Job) -> None:
    wire = json.loads(json.dumps(job.to_wire()))
    as_text = {name: json.dumps(value) if isinstance(value, list) else str(value) for name, value in wire.items()}
    assert Job.from_wire(as_text) == job


@given(
    st.dictionaries(
        st.sampled_from(["Name", "JobType", "XAttrs", "TimeType", "ContactInfo", "Content", "Zzz"]), json_values
    )
)
def test_no_value_of_json_raises_anything_but_bad_job(fields: dict[str, object]) -> None:
    problems: list[str] = []
    try:
        Job.from_wire(fields)
    except BadJob as wrong:
        problems = [str(problem) for problem in wrong.problems] or [""]
    assert all(line.isprintable() and line for line in problems)
