"""What goes in comes out, the same on both kinds of database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.plugins.server.store.place import Place, a_group, a_job, an_instance

from anyjob.job.words import JobStatus, TimeType
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import (
    GroupGone,
    GroupNotEmpty,
    GroupTaken,
    JobGone,
    KeyTaken,
    NamespaceGone,
    NamespaceNotEmpty,
    NamespaceTaken,
    NameTaken,
    Transition,
    audit,
    groups,
    instances,
    jobs,
    keys,
    namespaces,
    outbox,
    reasons,
    scripts,
)

HOSTILE = "100%_\\ ' \" ; DROP TABLE jobs; -- 中文 \U0001f600 #{x} %s ?1 :a {} /"


def test_namespaces_and_groups(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        first = namespaces.NamespaceRow(uid="u1", name=HOSTILE, description="d", source="schedulerx", created=1)
        await store.write(lambda c: namespaces.insert(c, first))
        await store.write(lambda c: namespaces.insert(c, replace(first, uid="u2", name="Other", created=2)))
        with pytest.raises(NamespaceTaken, match="u1"):
            await store.write(lambda c: namespaces.insert(c, first))
        assert store.read_now(lambda c: namespaces.get(c, "u1")) == first
        assert store.read_now(lambda c: namespaces.get(c, "none")) is None
        assert [row.uid for row in store.read_now(namespaces.find)] == ["u1", "u2"]
        assert [row.uid for row in store.read_now(lambda c: namespaces.find(c, name="oth"))] == ["u2"]
        assert [row.uid for row in store.read_now(lambda c: namespaces.find(c, name="0%_\\"))] == ["u1"]
        assert store.read_now(lambda c: namespaces.find(c, name="%")) == [first]
        assert store.read_now(lambda c: namespaces.find(c, uid="u2", name="x")) == []
        assert await store.write(lambda c: namespaces.update(c, replace(first, name="new")))
        assert not await store.write(lambda c: namespaces.update(c, replace(first, uid="none")))
        group = groups.GroupRow(
            namespace="u1", group_id=HOSTILE, app_name="A_p", app_key="k", app_type=2, app_version=2, description="d",
            enable_log=True, max_jobs=1, max_concurrency=2, monitor_config="{}", monitor_contacts="[]",
            notification_policy="p", schedule_busy_workers=True, created=3,
        )  # fmt: skip
        number = await store.write(lambda c: groups.insert(c, group))
        with pytest.raises(GroupTaken):
            await store.write(lambda c: groups.insert(c, group))
        other = await store.write(lambda c: groups.insert(c, replace(group, namespace="u2", enable_log=False)))
        assert other > number > 0
        assert store.read_now(lambda c: groups.get(c, "u1", HOSTILE)) == replace(group, id=number)
        assert store.read_now(lambda c: groups.by_id(c, number)) == replace(group, id=number)
        assert [row.id for row in store.read_now(groups.find)] == [number, other]
        assert [row.id for row in store.read_now(lambda c: groups.find(c, "u2", "a_P"))] == [other]
        assert store.read_now(lambda c: groups.find(c, "u2", "a%P")) == []
        assert await store.write(lambda c: groups.update(c, replace(group, id=number, group_id="x", max_jobs=9)))
        assert store.read_now(lambda c: groups.by_id(c, number)) == replace(group, id=number, max_jobs=9)
        with pytest.raises(NamespaceGone, match="'none' does not exist"):
            await store.write(lambda c: groups.insert(c, replace(group, namespace="none")))
        with pytest.raises(NamespaceNotEmpty):
            await store.write(lambda c: namespaces.delete(c, "u1"))
        (job,) = await store.write(lambda c: jobs.insert(c, [a_job(number)]))
        assert store.read_now(lambda c: groups.count_jobs(c, number)) == 1
        with pytest.raises(GroupNotEmpty, match=r"still has 1 job\."):
            await store.write(lambda c: groups.delete(c, number))
        await store.write(lambda c: jobs.delete(c, [job]))
        await store.write(lambda c: instances.insert(c, [an_instance(5, job, group=number)]))
        assert await store.write(lambda c: groups.delete(c, number))
        assert not await store.write(lambda c: groups.delete(c, number))
        assert store.read_now(lambda c: instances.get(c, 5)) is None
        assert await store.write(lambda c: namespaces.delete(c, "u1"))
        assert not await store.write(lambda c: namespaces.delete(c, "u1"))

    asyncio.run(run())


def test_jobs(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        row = replace(a_job(group, HOSTILE), next_fire=77, binding='{"a":1}', creator="me")
        (first,) = await store.write(lambda c: jobs.insert(c, [row]))
        assert store.read_now(lambda c: jobs.get(c, first)) == replace(row, id=first)
        assert store.read_now(lambda c: jobs.by_name(c, group, HOSTILE)) == replace(row, id=first)
        with pytest.raises(NameTaken):
            await store.write(lambda c: jobs.insert(c, [a_job(group, "new"), row]))
        assert store.read_now(lambda c: jobs.by_name(c, group, "new")) is None, "one of them refused, none is kept"
        second, third = await store.write(lambda c: jobs.insert(c, [a_job(group, "Two"), a_job(group, "three")]))
        assert [first, second, third] == sorted({first, second, third})
        with pytest.raises(NameTaken):
            await store.write(lambda c: jobs.update(c, replace(row, id=first, name="Two")))
        changed = replace(row, id=first, name="one", status=JobStatus.DISABLED, revision=2, wire=row.wire + " ")
        await store.write(lambda c: jobs.update(c, changed))
        assert store.read_now(lambda c: jobs.get(c, first)) == changed
        with pytest.raises(GroupGone, match="App group 99 does not exist"):
            await store.write(lambda c: jobs.insert(c, [replace(row, group=99)]))
        with pytest.raises(JobGone, match="99"):
            await store.write(lambda c: scripts.insert(c, scripts.ScriptRow(job=99, created=1, content="")))
        with pytest.raises(JobGone, match="99"):
            await store.write(lambda c: jobs.update(c, replace(row, id=99, name="z")))
        assert [one.id for one in store.read_now(lambda c: jobs.many(c, [third, 99, first]))] == [first, third]
        await store.write(lambda c: jobs.set_next(c, [(second, 5), (first, 6), (99, 7), (third, None)]))
        assert store.read_now(jobs.due) == [(second, 5, JobStatus.ENABLED, TimeType.API)]
        assert await store.write(lambda c: jobs.delete(c, [second, 99], at=9)) == [second]
        assert store.read_now(lambda c: jobs.get(c, second)) is None
        gone = store.read_now(lambda c: jobs.get(c, second, removed=True))
        assert gone is not None
        assert (gone.removed, gone.next_fire) == (9, None)
        with pytest.raises(JobGone):
            await store.write(lambda c: jobs.update(c, replace(gone, removed=None)))
        assert store.read_now(jobs.due) == []
        assert store.read_now(lambda c: jobs.by_name(c, group, "Two")) is None
        assert store.read_now(lambda c: jobs.by_name(c, group, "Two", removed=True)) == gone
        (again,) = await store.write(lambda c: jobs.insert(c, [a_job(group, "Two")]))
        found = store.read_now(lambda c: jobs.by_name(c, group, "Two", removed=True))
        assert found is not None
        assert found.id == again
        assert again > third, "the name is free, the id is not"
        assert store.read_now(lambda c: groups.count_jobs(c, group)) == 3
        assert store.read_now(lambda c: jobs.page(c, group))[1] == 3
        assert place.ask("SELECT count(*) FROM jobs WHERE removed IS NULL") == [(3,)]

    asyncio.run(run())


def test_pages_of_jobs(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group, other = await a_group(store), await a_group(store, "other")
        made = [a_job(group, f"Job_{number}") for number in range(25)]
        made[3] = replace(made[3], status=JobStatus.DISABLED)
        ids = await store.write(lambda c: jobs.insert(c, [*made, a_job(other, "Job_1")]))
        rows, total = await store.read(lambda c: jobs.page(c, group, page=2, size=10))
        assert ([row.id for row in rows], total) == (ids[5:15][::-1], 25)
        assert (await store.read(lambda c: jobs.page(c, group, page=4)))[0] == []
        rows, total = await store.read(lambda c: jobs.page_of(c, ids[10:20], page=3, size=4))
        assert ([row.id for row in rows], total) == (ids[10:12][::-1], 10)
        assert await store.read(lambda c: jobs.page_of(c, ids[10:20], page=4, size=4)) == ([], 10)
        rows, total = await store.read(lambda c: jobs.page(c, group, status=JobStatus.DISABLED))
        assert ([row.id for row in rows], total) == ([ids[3]], 1)

    asyncio.run(run())


def test_instances(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        first = store.read_now(instances.next_id)
        assert 2**40 <= first < 2**52
        whole = an_instance(
            first, 7, group=3, status=InstanceStatus.RUNNING, trigger=TriggerType.SCHEDULED, start_time=1, end_time=2,
            parameters=HOSTILE, priority=10, progress="p", cause="failed", code=-9, result="r\x00\ud800", outcome="{}",
            work_addr="w", executor="e", retry_of=4, note="n", trace_id="t",
        )  # fmt: skip
        again = an_instance(first + 1, 7, trigger=TriggerType.SCHEDULED)
        by_hand = an_instance(first + 2, 7)
        assert await store.write(lambda c: instances.insert(c, [whole, again, by_hand])) == {first, first + 2}
        assert await store.write(lambda c: instances.insert(c, [again])) == set()
        assert await store.write(lambda c: instances.insert(c, [])) == set()
        with pytest.raises(Exception, match=r"(?i)unique"):
            await store.write(lambda c: instances.insert(c, [an_instance(first, 8)]))
        found = store.read_now(lambda c: instances.get(c, first))
        assert found is not None
        assert found == replace(whole, result="r\ufffd\ufffd")
        assert store.read_now(instances.next_id) == first + 3

    asyncio.run(run())


def test_pages_and_pruning_of_instances(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        ended = {"status": InstanceStatus.SUCCESS}
        rows = [an_instance(100 + n, 1 + n % 2, schedule_time=n, **(ended if n < 16 else {})) for n in range(20)]
        await store.write(lambda c: instances.insert(c, rows))

        def ids(**asked: object) -> list[int]:
            found, total = store.read_now(lambda c: instances.page(c, 1, size=100, **asked))  # pyright: ignore[reportArgumentType]
            assert total == len(found)
            return [row.id for row in found]

        assert ids() == list(range(119, 99, -1))
        assert ids(job=2, status=InstanceStatus.WAITING) == [119, 117]
        assert ids(since=3, until=5) == [105, 104, 103]
        assert store.read_now(lambda c: instances.page(c, 2)) == ([], 0)
        assert [row.id for row in store.read_now(instances.unfinished)] == [116, 117, 118, 119]
        assert await store.write(lambda c: instances.prune(c, 1, 3)) == [108, 106, 104, 102, 100]
        assert ids(job=1) == [118, 116, 114, 112, 110], "what has not ended stays, and counts for nothing"
        await store.write(lambda c: instances.prune(c, 2, 0))
        await store.write(lambda c: instances.transition(c, [ended_now(row.id) for row in instances.unfinished(c)]))
        await store.write(lambda c: [*instances.prune(c, 1, 0), *instances.prune(c, 2, 0)])
        assert ids() == []

    asyncio.run(run())


def test_ids_never_come_again(place: Place) -> None:
    """Whatever took the newest instances away, and after the store was opened again."""

    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        (job,) = await store.write(lambda c: jobs.insert(c, [a_job(group)]))
        first = store.read_now(instances.next_id)

        async def one(number: int) -> None:
            row = an_instance(first + number, job, group=group, status=InstanceStatus.SUCCESS)
            await store.write(lambda c: instances.insert(c, [row]))

        await one(0)
        await store.write(lambda c: instances.prune(c, job, 0))
        assert store.read_now(instances.next_id) == first + 1
        await one(1)
        await store.write(lambda c: jobs.delete(c, [job], at=5))
        assert await store.write(lambda c: jobs.purge(c, 6)) == [job]
        assert store.read_now(instances.next_id) == first + 2
        await one(2)
        await store.write(lambda c: groups.delete(c, group))
        store.close()
        again = place.open()
        assert again.read_now(instances.next_id) == first + 3
        assert await a_group(again) > group

    asyncio.run(run())


def test_deleted_jobs_go_with_their_history(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        ids = await store.write(lambda c: jobs.insert(c, [a_job(group, str(n)) for n in range(4)]))
        for at, job in enumerate(ids[:3], start=10):
            await store.write(lambda c, job=job, at=at: jobs.delete(c, [job], at))
            await store.write(lambda c, job=job: scripts.insert(c, scripts.ScriptRow(job=job, created=1, content="")))
            reason = reasons.ReasonRow(job=job, at=1, kind="full", text="t")
            await store.write(lambda c, reason=reason: reasons.add(c, [reason]))
            status = InstanceStatus.RUNNING if at == 11 else InstanceStatus.FAILED
            rows = [an_instance(at * 10 + n, job, status=status) for n in range(2)]
            await store.write(lambda c, rows=rows: instances.insert(c, rows))
        assert await store.write(lambda c: jobs.purge(c, 12)) == [ids[0]], "what runs is not over"
        assert store.read_now(lambda c: jobs.get(c, ids[0], removed=True)) is None
        kept = [ids[1], ids[2]]
        for table in ("instances", "reasons", "scripts"):
            assert place.ask(f"SELECT DISTINCT job FROM {table} ORDER BY job") == [(job,) for job in kept]
        assert place.ask("SELECT job FROM job_texts ORDER BY job") == [(job,) for job in ids[1:]]

    asyncio.run(run())


def test_what_is_asked_of_a_jobs_history(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        failed, success = InstanceStatus.FAILED, InstanceStatus.SUCCESS
        ends = [failed, success, failed, InstanceStatus.SKIPPED, failed]
        rows = [an_instance(number, 1, status=status) for number, status in enumerate(ends, start=1)]
        await store.write(lambda c: instances.insert(c, [*rows, an_instance(50, 2, status=failed)]))
        assert store.read_now(lambda c: instances.failures_in_a_row(c, 1)) == 2
        assert store.read_now(lambda c: instances.failures_in_a_row(c, 1, most=1)) == 1
        assert store.read_now(lambda c: [instances.failures_in_a_row(c, job) for job in (2, 3)]) == [1, 0]
        assert store.read_now(lambda c: [instances.crowded(c, keep) for keep in (0, 1, 5)]) == [[1, 2], [1], []]

    asyncio.run(run())


def ended_now(number: int) -> Transition:
    return Transition(id=number, to=InstanceStatus.FAILED, expect=[InstanceStatus.WAITING])


def test_scripts_reasons_outbox(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        (job,) = await store.write(lambda c: jobs.insert(c, [a_job(1)])) if await a_group(store) == 1 else (0,)
        script = scripts.ScriptRow(job=job, created=1, creator="c", description="d", content="x")
        assert await store.write(lambda c: scripts.insert(c, script)) == 1
        assert await store.write(lambda c: scripts.insert(c, replace(script, content="y"))) == 2
        assert [row.content for row in store.read_now(lambda c: scripts.history(c, job))] == ["y", "x"]

        full = reasons.ReasonRow(job=job, at=10, schedule_time=1, kind="full", text="t")
        late = replace(full, at=20, schedule_time=2)
        await store.write(lambda c: reasons.add(c, [full, late]))
        assert store.read_now(lambda c: reasons.newest(c, job)) == [replace(late, at=10, count=2, last=20)]
        many = [replace(full, at=n, text=str(n)) for n in range(100, 170)]
        await store.write(lambda c: reasons.add(c, many))
        kept = store.read_now(lambda c: reasons.newest(c, job))
        assert [row.at for row in kept] == list(range(169, 119, -1))
        assert len(store.read_now(lambda c: reasons.newest(c, job, 2))) == 2
        assert place.ask("SELECT count(*) FROM reasons") == [(50,)]

        message = outbox.OutboxRow(at=1, kind="failed", job=job, instance=5, group=1, payload='{"a":1}')
        await store.write(lambda c: outbox.add(c, [message, replace(message, kind="late", instance=None)]))
        first, second = store.read_now(outbox.unsent)
        assert (replace(first, id=0), second.kind) == (message, "late")
        await store.write(lambda c: outbox.mark_sent(c, [first.id], 9))
        assert store.read_now(outbox.unsent) == [second]
        assert await store.write(lambda c: outbox.prune(c, 9)) == 0
        assert await store.write(lambda c: outbox.prune(c, 10)) == 1
        assert store.read_now(outbox.unsent) == [second]

    asyncio.run(run())


def test_keys(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        sealed = store.seal.close("the secret", "id")
        row = keys.KeyRow(access_key_id="id", sealed_secret=sealed, label="l", policies='["a"]', created=1)
        await store.write(lambda c: keys.insert(c, row))
        with pytest.raises(KeyTaken):
            await store.write(lambda c: keys.insert(c, row))
        assert store.read_now(lambda c: keys.get(c, "id")) == row
        assert await store.write(lambda c: keys.revoke(c, "id", 5))
        assert not await store.write(lambda c: keys.revoke(c, "id", 6))
        assert store.read_now(keys.every) == [replace(row, revoked=5)]

    asyncio.run(run())


def test_the_audit_log_only_grows(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        line = audit.AuditRow(at=1, key="k", action="job.create", namespace="n", group_id="g", job=3, allowed=True)
        other = replace(line, key="other", allowed=False, job=None)
        await store.write(lambda c: audit.add(c, [line, other]))
        rows, total = store.read_now(audit.page)
        assert ([replace(row, id=0) for row in rows], total) == ([other, line], 2)
        assert store.read_now(lambda c: audit.page(c, key="k", group_id="g"))[1] == 1
        for text in ("UPDATE audit SET key = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"):
            with pytest.raises(Exception, match="the audit log only grows"):
                place.ask(text)
        assert store.read_now(audit.page)[1] == 2

    asyncio.run(run())
