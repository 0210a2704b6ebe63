"""Jobs for methods: names, triggers and their dialect."""

from __future__ import annotations

from typing import Any

import pytest

from anyjob.outcome import Json
from anyjob.problem import WrongValue
from anyjob_springschedule.created import create
from anyjob_springschedule.crontext import quartz_cron
from anyjob_springschedule.described import Method, Trigger, read_methods


def method(class_name: str = "demo.Reports", name: str = "send", bean: str = "reports", **more: Any) -> Method:
    said = {"class": class_name, "method": name, "bean": bean, "triggers": [{"cron": "-"}], **more}
    return Method.model_validate(said)


def timed(**trigger: Any) -> Method:
    return method(triggers=[trigger])


class TestCron:
    @pytest.mark.parametrize(
        ("spring", "quartz"),
        [
            ("0 0 12 * * *", "0 0 12 * * ?"),
            ("0 0 12 * * ?", "0 0 12 * * ?"),
            ("0 0 12 ? * *", "0 0 12 * * ?"),
            ("0 0 12 1 * *", "0 0 12 1 * ?"),
            ("0 0 12 L-3 * ?", "0 0 12 L-3 * ?"),
            ("0 0 12 * * 1", "0 0 12 ? * MON"),  # 1 would be Sunday
            ("0 0 12 * * 0", "0 0 12 ? * SUN"),
            ("0 0 12 * * 7", "0 0 12 ? * SUN"),
            ("0 0 12 * * 1-5", "0 0 12 ? * MON-FRI"),
            ("0 0 12 * * MON-FRI", "0 0 12 ? * MON-FRI"),
            ("0 0 12 * * mon,wed", "0 0 12 ? * MON,WED"),
            ("0 0 12 * * 6-0", "0 0 12 ? * SAT,SUN"),
            ("0 0 12 * * */2", "0 0 12 ? * MON,WED,FRI,SUN"),
            ("0 0 12 * * 2/3", "0 0 12 ? * TUE,FRI"),
            ("0 0 12 * * 5L", "0 0 12 ? * FRIL"),
            ("0 0 12 * * 5#2", "0 0 12 ? * FRI#2"),
            ("*/10 * * jan * ?", None),
            ("@daily", "0 0 0 * * ?"),
            ("@weekly", "0 0 0 ? * SUN"),
            ("@yearly", "0 0 0 1 1 ?"),
            ("0 0 12 1 * MON", None),
            ("0 0 12 * *", None),
            ("0 0 12 * * 8", None),
            ("0 0 12 * * FRI/x", None),
        ],
    )
    def test_springs_dialect_becomes_quartzs(self, spring: str, quartz: str | None) -> None:
        if spring == "*/10 * * jan * ?":
            assert quartz_cron(spring) == "*/10 * * JAN * ?"  # what is wrong in a field is Spring's to have refused
        elif quartz is None:
            with pytest.raises(WrongValue):
                quartz_cron(spring)
        else:
            assert quartz_cron(spring) == quartz


class TestTriggers:
    @pytest.mark.parametrize(
        ("trigger", "time_type", "expression"),
        [
            ({"cron": "0 0 12 * * 1", "gap": 604800, "zone": "Asia/Shanghai"}, 1, "0 0 12 ? * MON"),
            ({"cron": "*/20 * * * * *", "gap": 20}, 4, "20"),
            ({"cron": "0/1 * * * * *", "gap": 0}, 4, "1"),
            ({"cron": "-"}, 100, ""),
            ({"fixedRate": 59_000}, 4, "59"),
            ({"fixedDelay": 300}, 4, "1"),
            ({"fixedDelay": 1500}, 4, "2"),
            ({"fixedRate": 60_000}, 3, "60"),
            ({"fixedDelay": 3_600_000}, 3, "3600"),
        ],
    )
    def test_by_the_vendors_rules(self, trigger: dict[str, Any], time_type: int, expression: str) -> None:
        ((made,), left) = create([timed(**trigger)], "shop")
        assert left == []
        assert (made.job.time_type.value, made.job.time_expression) == (time_type, expression)
        assert made.job.timezone == trigger.get("zone", "")

    def test_what_changes_is_said(self) -> None:
        ((made,), _) = create([timed(fixedRate=300, initialDelay=100)], "")
        assert made.notes == (
            "Spring waits 0.1 s first; the job does not",
            "Spring's period is 0.3 s; the job's is 1 s, as it has whole seconds",
            "Spring counts from start to start; the job starts 1 s after the run before has ended",
        )

    @pytest.mark.parametrize(
        "trigger", [{"cron": "*/20 * * * * *", "gap": 20}, {"fixedDelay": 3_600_000}, {"fixedRate": 59_000}]
    )
    def test_each_change_says_what_the_job_does_instead(self, trigger: dict[str, Any]) -> None:
        ((made,), _) = create([timed(**trigger)], "")
        (note,) = made.notes
        assert "; the job starts " in note

    @pytest.mark.parametrize(
        ("trigger", "why"),
        [
            ({"cron": "0 0 12 1 * MON", "gap": 86400}, "a job cannot say"),
            ({"initialDelay": 5}, "fires once after the start"),
            ({"unreadable": "x"}, "cannot be read"),
        ],
    )
    def test_what_no_job_can_say_gets_none(self, trigger: dict[str, Any], why: str) -> None:
        (made, (left,)) = create([timed(**trigger)], "shop")
        assert made == []
        assert why in left.why

    def test_a_method_that_cannot_be_called_gets_none(self) -> None:
        (made, (left,)) = create([method(refused="takes arguments")], "shop")
        assert (made, left.why) == ([], "takes arguments")


class TestJobs:
    def test_the_vendors_name_and_defaults(self) -> None:
        ((made,), _) = create([method("demo.Reports$Daily")], "shop")
        job = made.job
        assert (job.name, job.group_id, job.job_type) == ("Daily_send", "shop", "springschedule")
        assert job.content == '{"className":"demo.Reports$Daily","method":"send"}'
        assert (job.timeout, job.timeout_kill_enable, job.fail_enable) == (3600, True, True)
        assert (job.max_attempt, job.attempt_interval) == (3, 30)

    def test_a_bean_is_named_where_several_have_the_method(self) -> None:
        made, _ = create([method(bean="one"), method(bean="two")], "")
        assert [one.job.name for one in made] == ["Reports_send_one", "Reports_send_two"]
        assert '"bean":"two"' in made[1].job.content

    def test_equal_names_of_two_packages_and_two_triggers_of_one_method(self) -> None:
        twice = [{"cron": "-"}, {"fixedRate": 1000}]
        made, _ = create([method("a.Same", bean="sameA"), method("b.Same", bean="sameB", triggers=twice)], "")
        assert [one.job.name for one in made] == ["Same_send_sameA", "Same_send_sameB", "Same_send_sameB_2"]


class TestDescribed:
    def test_what_does_not_fit_is_left_out(self) -> None:
        fits: dict[str, Json] = {
            "class": "a.B",
            "method": "m",
            "bean": "b",
            "triggers": [],
            "taken": True,
            "of": "a later version",
        }
        found = read_methods({"a": "text", "b": {"class": 7}, "c": fits, "d": {**fits, "bean": "x" * 2000}})
        assert [one.plain_name for one in found] == ["a.B#m"]
        assert found[0].taken

    def test_a_trigger_in_words(self) -> None:
        said = {"cron": "0 0 12 * * *", "zone": "GMT+8", "fixedRate": 1500, "initialDelay": 100}
        assert str(Trigger.model_validate(said)) == "cron 0 0 12 * * * GMT+8 fixedRate 1.5 s initialDelay 0.1 s"
