"""What a type says of itself: spec, schema, capabilities."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from anyjob.executor.capabilities import Capabilities
from anyjob.plugins.settings import PluginSettings
from anyjob.spec import CommonXAttrs
from anyjob.spec.schema import spec_schema
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, check, lacks
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["BindingCases"]

_TYPES: Final = {"string", "integer", "number", "boolean", "object", "array", "null"}
_MACHINE: Final = ("open", "os.", "socket.", "subprocess.", "shutil.", "glob.", "tempfile.", "ctypes.dlopen")
_BEGUN: Final = ("subprocess.", "os.fork", "os.posix_spawn", "os.exec", "socket.bind", "socket.connect", "conformance.")

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

    def test_capabilities_are_constant(self, rig: Rig) -> None:
        """Capabilities are asked on servers too: they are the same each time, and do not touch the machine."""
        bound = rig.bound(rig.job(rig.sample("succeeds")))

        def asked() -> list[Capabilities]:
            own = bound.executor.capabilities(bound.spec)
            return [own] if bound.place is None else [own, bound.place.launcher.capabilities(bound.place.options)]

        check(asked() == asked(), f"The capabilities differ from one call to the next: {asked()}")
        for found in asked():
            check(isinstance(cast("object", found), Capabilities), f"capabilities gave {found!r}, no Capabilities.")
        touched = _touched(rig, asked, _MACHINE)
        check(not touched, f"The capabilities touch the machine: {touched}")

    def test_an_executor_is_made_in_silence(self, rig: Rig) -> None:
        """Making the executor starts nothing: servers make it only to ask for capabilities. Begin in `serve`."""
        rig.host().executor(rig.job_type)  # what is imported now is not imported below
        host = rig.host()

        def made() -> None:
            before = set(threading.enumerate())
            host.executor(rig.job_type)
            for thread in set(threading.enumerate()) - before:
                sys.audit("conformance.thread", thread.name)

        touched = _touched(rig, made, _BEGUN)
        check(not touched, f"Making the executor begins something: {touched}; begin it in `serve`.")


def _touched(rig: Rig, do: Callable[[], object], events: tuple[str, ...]) -> list[str]:
    """What `do` does of `events`, the beginnings of audit events of Python."""
    told = rig.folder / "touched"

    async def watched() -> None:
        touched: list[str] = []
        watching = True

        def hook(event: str, args: tuple[object, ...]) -> None:
            if watching and event.startswith(events):
                touched.append(f"{event}{args}")

        sys.addaudithook(hook)
        do()
        watching = False
        told.write_text(json.dumps(touched))

    # An audit hook cannot be taken back, so it is set in a process of its own.
    with doomed(watched, rig.patience) as process:
        process.wait()
    return json.loads(told.read_text())


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
