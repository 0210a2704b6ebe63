"""What a type says of itself: spec, schema, capabilities, health."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final, cast

from anyjob.executor.capabilities import Capabilities, Health
from anyjob.job import BadJob
from anyjob.plugins.settings import PluginSettings
from anyjob.samples import BadSample
from anyjob.spec import CommonXAttrs
from anyjob.spec.schema import spec_schema
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, check, lacks
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["BindingCases"]

_TYPES: Final = {"string", "integer", "number", "boolean", "object", "array", "null"}
_MACHINE: Final = ("open", "os.", "socket.", "subprocess.", "shutil.", "glob.", "tempfile.", "ctypes.dlopen")

_LIGHT: Final = """
import json, sys
from anyjob.plugins import PluginHost
from anyjob.plugins.settings import PluginSettings
host = PluginHost.load(PluginSettings.model_validate_json(sys.argv[2]))
host.spec(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


class BindingCases(Suite):
    """A job is checked before it runs, on machines too that could not run it."""

    def test_the_spec_is_light(self, rig: Rig) -> None:
        """Checking a job imports the spec and not the executor, which a server need not have."""
        executor, spec = rig.kind.executor, rig.kind.spec
        if not (isinstance(executor, str) and isinstance(spec, str)) or self.plugin is not None:
            lacks("its classes are given directly, so nothing is imported late")
        module = executor.partition(":")[0]
        check(module != spec.partition(":")[0], f"Executor and spec stand in one module, {module}: put them apart.")
        settings = (self.plugin_settings or PluginSettings()).model_dump_json()
        argv = [sys.executable, "-W", "ignore", "-c", _LIGHT, rig.job_type, settings]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=rig.patience, check=False)
        check(done.returncode == 0, f"Loading the spec in a fresh interpreter fails: {done.stderr[-500:]}")
        loaded: list[str] = json.loads(done.stdout)
        check(module not in loaded, f"Loading the spec {spec} imports the executor's module {module}: keep it out.")

    def test_the_schema_is_json_schema(self, rig: Rig) -> None:
        """The spec's schema is JSON Schema 2020-12 that other programs can read."""
        schema = spec_schema(CommonXAttrs, rig.host().spec(rig.job_type))
        text = json.loads(json.dumps(schema, allow_nan=False))
        check(text == schema, "The schema changes on its way through JSON.")
        for fault in _schema_faults(text, text, "#"):
            raise Fault(f"The schema is no JSON Schema: {fault}")

    def test_bad_jobs_name_the_field(self, rig: Rig) -> None:
        """A wrong job is refused when it is created, with the field that is wrong and what to do."""
        model = rig.host().spec(rig.job_type)
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        bad = rig.samples.bad_jobs
        check(bad or not required, f"The spec requires {required}; name jobs without them in the samples' bad_jobs.")
        for sample in (*bad, self._unread(rig)):
            self._refused(rig, sample)

    def _unread(self, rig: Rig) -> BadSample:
        job = rig.job(rig.sample("succeeds"), xattrs={"noSuchKeyAnywhere": 1}).to_wire()
        return BadSample(
            {name: job[name] for name in job if name not in ("Name", "JobType")}, "XAttrs.noSuchKeyAnywhere"
        )

    def _refused(self, rig: Rig, bad: BadSample) -> None:
        try:
            from anyjob.job import Job

            rig.host().bind(Job.from_wire({"Name": "conformance", "JobType": rig.job_type, **bad.job}))
        except BadJob as refused:
            fields = [problem.field for problem in refused.problems]
            said = f"A job that is wrong in {bad.field} is refused for {fields}: {dict(bad.job)}"
            check(any(field == bad.field or field.startswith(f"{bad.field}.") for field in fields), said)
            for problem in refused.problems:
                check(problem.remedy.strip(), f"The problem of {problem.field} does not say what to do.")
        else:
            raise Fault(f"A job that is wrong in {bad.field} is taken: {dict(bad.job)}")

    def test_capabilities_are_constant(self, rig: Rig) -> None:
        """Capabilities are asked on servers too: they are the same each time, and do not touch the machine."""
        job = rig.job(rig.sample("succeeds"))
        bound = rig.bound(job)

        def asked() -> list[Capabilities]:
            own = bound.executor.capabilities(bound.spec)
            return [own] if bound.place is None else [own, bound.place.launcher.capabilities(bound.place.options)]

        check(asked() == asked(), f"The capabilities differ from one call to the next: {asked()}")

        async def watched() -> None:
            touched: list[str] = []

            def hook(event: str, args: tuple[object, ...]) -> None:
                if event.startswith(_MACHINE) and not quiet:
                    touched.append(f"{event}{args}")

            quiet: list[bool] = []
            sys.addaudithook(hook)
            asked()
            quiet.append(True)
            if touched:
                sys.stderr.write(f"capabilities touched the machine: {touched}\n")
                sys.stderr.flush()
                os._exit(0)
            from anyjob.testing.marks import die

            die()

        # An audit hook cannot be taken back, so it is set in a process of its own.
        with doomed(watched, rig.patience) as process:
            check(process.wait(), "The capabilities touch the machine; what they touched is in stderr.")

    def test_health_answers(self, rig: Rig) -> None:
        """Health is one of three words, and says why when it is not `healthy`."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> list[object]:
            async with rig.worker() as worker:
                await rig.finish(await rig.submit(worker, rig.order(job)))
                bound = worker.host.dispatch(job)
                said: list[object] = [await rig.within(bound.executor.health(), "health has not answered")]
                if bound.place is not None:
                    said.append(
                        await rig.within(bound.place.launcher.health(), "The launcher's health has not answered")
                    )
                return said

        for said in asyncio.run(life()):
            if not isinstance(said, Health):
                raise Fault(f"health gave {said!r}, not a Health.")
            check(said.state in ("undetected", "unhealthy", "healthy"), f"health gave the state {said.state!r}.")
            check(said.why or said.state == "healthy", f"health says {said.state} and not why.")
            check(said.state == "healthy", f"Runs work here, and health says {said.state}: {said.why}")


def _schema_faults(schema: Any, root: Any, where: str) -> Iterator[str]:
    """What in a schema no reader could use. Covers what specs make: types, references, patterns, nesting."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield f"{where} is a {type(schema).__name__}"
        return
    body = cast("dict[str, Any]", schema)
    kinds = body.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES:
            yield f"{where} has the type {kind!r}"
    if "$ref" in body and not _resolves(root, body["$ref"]):
        yield f"{where} refers to {body['$ref']!r}, which is nowhere"
    if "pattern" in body:
        try:
            re.compile(body["pattern"])
        except re.error as error:
            yield f"{where} has a pattern that cannot be read: {error}"
    if not all(isinstance(name, str) for name in body.get("required", [])):
        yield f"{where} requires something that is no name"
    for key in ("properties", "$defs", "patternProperties"):
        for name, inner in body.get(key, {}).items():
            yield from _schema_faults(inner, root, f"{where}/{key}/{name}")
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for number, inner in enumerate(body.get(key, [])):
            yield from _schema_faults(inner, root, f"{where}/{key}/{number}")
    for key in ("items", "additionalProperties", "contentSchema", "not"):
        if key in body:
            yield from _schema_faults(body[key], root, f"{where}/{key}")


def _resolves(root: Any, reference: str) -> bool:
    found = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return False
        found = cast("dict[str, Any]", found)[name]
    return reference.startswith("#")
