"""Text that goes into a run: it arrives as it was written, and is never taken for code."""

from __future__ import annotations

import json
from collections.abc import Mapping

from anyjob.executor.capabilities import Phase
from anyjob.outcome import Cause, Json
from anyjob.run import Shard
from anyjob.testing.cases.contexts import environment
from anyjob.testing.fault import Fault, check, expect, lacks
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite

__all__ = ["InputCases"]

_ODD = 'it\'s "quoted" \\ back $(touch made) `touch made` ${HOME} ; | & < > * ? [a-z] {b,c} ~ %s !! \ttab 中文 😀'
_LINES = f"{_ODD}\nsecond=line\r\n\n  #{{schedulerx.jobId}} #{{other}} #{{\n trailing blanks  "
_LONGEST = 10_000


class InputCases(Suite):
    """Nobody's text is changed, and nobody's text is run."""

    def test_parameters_come_through(self, rig: Rig) -> None:
        """Quotes, line ends, shell characters and placeholders in Parameters reach the run as they are."""
        self._told(rig, self._printed(rig, Parameters=_LINES), "PARAMETERS", _LINES)

    def test_the_longest_parameters(self, rig: Rig) -> None:
        """Parameters of the greatest length that a job may have reach the run whole."""
        text = "ä" * (_LONGEST // 2)
        self._told(rig, self._printed(rig, Parameters=text), "PARAMETERS", text)

    def test_instance_parameters_are_only_text(self, rig: Rig) -> None:
        """Who fires a job may not write its code: what is in the instance parameters is neither run nor filled."""
        text = f"{_ODD} #{{schedulerx.jobId}}"
        got = rig.run(rig.job(rig.sample("echoes")), instance_parameters=text)
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'echoes' with odd characters")
        check(got.outcome.result == text, f"The instance parameters {text!r} arrived as {got.outcome.result!r}.")

    def test_a_jobs_name_is_only_text(self, rig: Rig) -> None:
        """A job's name may hold any characters but control characters; none of them does harm."""
        name = _ODD.replace("\t", " ")
        self._told(rig, self._printed(rig, Name=name), "JOB_NAME", name)

    def test_the_environment_of_the_job(self, rig: Rig) -> None:
        """Values of XAttrs.env with line ends, '=' and any script reach the run as they are."""
        if not rig.promise.command:
            lacks("its runs are no commands")
        values: dict[str, Json] = {"ODD": _LINES, "EMPTY": "", "EQUALS": "a=b=c"}
        got = self._printed(rig, xattrs={"env": values})
        for name, value in values.items():
            check(
                _line(name, str(value)) in got.log, f"XAttrs.env sets {name} to {value!r}; the run has another value."
            )

    def test_payloads_come_through(self, rig: Rig) -> None:
        """The payload of a mapped task and what upstream jobs gave are JSON of the same values."""
        payload: Json = {"text": _LINES, "list": [1, 2.5, None, True], "中": {"deep": []}}
        got = self._printed(rig, facts={"payload": payload, "upstream": [payload, 0]})
        env = environment(got.log)
        for name, value in (("TASK", payload), ("UPSTREAM", [payload, 0])):
            text = env.get(f"ANYJOB_{name}")
            if text is None and not rig.promise.command:
                lacks(f"it does not hand on {name}")
            try:
                seen = json.loads(text or "")
            except ValueError:
                raise Fault(f"ANYJOB_{name} is {text!r}, which is no JSON.") from None
            check(seen == value, f"ANYJOB_{name} is {text!r}, which does not mean {value!r}.")

    def test_what_a_run_has_not_is_not_there(self, rig: Rig) -> None:
        """A run without shard, payload, upstream and deadline has no such names: empty ones would mean something."""
        env = environment(self._printed(rig).log)
        for name in ("SHARD_ID", "SHARD_PARAMETER", "SHARD_TOTAL", "TASK", "UPSTREAM", "DEADLINE"):
            seen = env.get(f"ANYJOB_{name}")
            check(seen is None, f"The run has no {name.lower()}, and ANYJOB_{name} is {seen!r}; leave it out.")

    def test_the_phase_is_told(self, rig: Rig) -> None:
        """A run knows which part of its instance it does."""
        phases = sorted(rig.promise.capabilities.phases - {Phase.PROCESS})
        if not phases:
            lacks("it has no phase but PROCESS")
        for phase in phases:
            self._told(rig, self._printed(rig, facts={"phase": phase}), "PHASE", phase.value)

    def test_filled_text_is_not_filled_again(self, rig: Rig) -> None:
        """A placeholder in the text that replaces a placeholder stays as it is."""
        got = rig.run(rig.job(rig.sample("prints_placeholders"), Parameters="#{schedulerx.jobId}"), job_id=42)
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_placeholders'")
        seen = environment(got.log).get("jobParameters")
        check(seen == "#{schedulerx.jobId}", f"The Parameters '#{{schedulerx.jobId}}' were filled once more: {seen!r}")

    def test_a_strangers_text_is_not_pasted(self, rig: Rig) -> None:
        """Text of whoever fired the run is not pasted into the job's code: the run is refused, and says why."""
        got = self._sharded(rig, {})
        expect(got.outcome, Cause.BAD_CONFIG, where="A job that would paste a stranger's text")
        check("ANYJOB_SHARD_PARAMETER" in got.said, f"The outcome does not say where the text can be read: {got.said}")

    def test_pasting_is_the_owners_choice(self, rig: Rig) -> None:
        """With XAttrs.paste the job's owner takes the stranger's text."""
        got = self._sharded(rig, {"paste": True})
        expect(got.outcome, Cause.SUCCEEDED, where="A job whose owner allows pasting")
        seen = environment(got.log).get("shardingParameters")
        check(seen == "north", f"The shard's text is 'north'; pasted was {seen!r}.")

    # ---------------------------------------------------------------- what all of them share

    def _printed(
        self,
        rig: Rig,
        *,
        xattrs: Mapping[str, Json] | None = None,
        facts: Mapping[str, object] | None = None,
        **fields: Json,
    ) -> Finished:
        got = rig.run(rig.job(rig.sample("prints_environment"), xattrs=xattrs, **fields), **(facts or {}))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_environment'")
        return got

    def _told(self, rig: Rig, got: Finished, name: str, value: str) -> None:
        if not rig.promise.command and f"ANYJOB_{name}=".encode() not in got.log:
            lacks(f"it does not hand on {name}")
        seen = environment(got.log).get(f"ANYJOB_{name}")
        said = f"ANYJOB_{name} is {value[:300]!r} for this run; the job saw {seen and seen[:300]!r}."
        check(_line(f"ANYJOB_{name}", value) in got.log, said)

    def _sharded(self, rig: Rig, xattrs: Mapping[str, Json]) -> Finished:
        job = rig.job(rig.sample("prints_placeholders"), xattrs=xattrs)
        return rig.run(job, shard=Shard(id=0, parameter="north", total=1), instance_parameters="0=north")


def _line(name: str, value: str) -> bytes:
    return f"{name}={value}\n".encode()
