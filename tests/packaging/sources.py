"""Where outside rules come from: what docstrings name as their sources, and the page that lists what they may name."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.packaging.docstrings import ROOT, parsed

__all__ = [
    "NO_RULE",
    "OUTSIDE",
    "PAGE",
    "SPELLINGS",
    "SPELT_ONLY",
    "Document",
    "docstrings_of",
    "documents",
    "module_at",
    "named",
    "numbered",
    "of_a_vendor",
    "sources",
    "spells",
]

PAGE: Final = ROOT / "core/docs/sources.md"
_LINE: Final = re.compile(r"^Sources?: (.+)\.$", re.DOTALL)
_ROW: Final = re.compile(r"^\| (?P<key>[^|]+) \| (?P<title>[^|]+) \| (?P<version>[^|]+) \| (?P<address>\S+) \|$")

OUTSIDE: Final = {
    "SchedulerX": [
        "core/job/alerts.py",
        "core/job/job.py",
        "core/job/timing.py",
        "core/job/words.py",
        "core/modes/broadcast.py",
        "core/modes/sharding.py",
        "core/plugins/wellknown.py",
        "core/spec/mode.py",
        "core/spec/placeholders.py",
        "core/spec/script.py",
        "core/status.py",
        "core/timezone.py",
        "core/worker/retry.py",
        "executors/dataworks/spec.py",
        "executors/go/sources.py",
        "executors/go/spec.py",
        "executors/http/judge.py",
        "executors/http/spec.py",
        "executors/java/inspection.py",
        "executors/java/ours.py",
        "executors/java/spec.py",
        "executors/k8s/resource.py",
        "executors/k8s/spec.py",
        "executors/k8s/template.py",
        "executors/python/spec.py",
        "executors/shell/spec.py",
        "executors/springschedule/spec.py",
        "executors/xxljob/spec.py",
        "plugins/server/api/app.py",
        "plugins/server/api/batch.py",
        "plugins/server/api/instanceinfo.py",
        "plugins/server/api/jobfields.py",
        "plugins/server/api/jobinfo.py",
        "plugins/server/api/operations/__init__.py",
        "plugins/server/api/paging.py",
        "plugins/server/api/parameters.py",
        "plugins/server/api/refusals.py",
        "plugins/server/api/reply.py",
        "plugins/server/client/client.py",
        "plugins/server/client/form.py",
        "plugins/server/engine/alerts.py",
        "plugins/server/engine/ending.py",
        "plugins/server/engine/limits.py",
        "plugins/server/store/transitions.py",
        "plugins/server/timing/calendar.py",
        "plugins/server/timing/schedule.py",
        "plugins/server/timing/timeline.py",
    ],
    "Alibaba Cloud API": [
        "executors/dataworks/answer.py",
        "executors/dataworks/client.py",
        "executors/dataworks/health.py",
        "executors/dataworks/peerapi.py",
        "executors/dataworks/signature.py",
        "plugins/server/api/errors.py",
        "plugins/server/api/gateway.py",
        "plugins/server/api/nonces.py",
        "plugins/server/api/parameters.py",
        "plugins/server/api/reply.py",
        "plugins/server/api/signature.py",
        "plugins/server/client/connection.py",
        "plugins/server/client/signature.py",
    ],
    "DataWorks API": [
        "executors/dataworks/answer.py",
        "executors/dataworks/api2020.py",
        "executors/dataworks/api2024.py",
        "executors/dataworks/client.py",
        "executors/dataworks/peerapi.py",
        "executors/dataworks/plan.py",
        "executors/dataworks/sight.py",
        "executors/dataworks/spec.py",
    ],
    "XXL-JOB": [
        "executors/xxljob/admin.py",
        "executors/xxljob/calls.py",
        "executors/xxljob/fake.py",
        "executors/xxljob/lanes.py",
        "executors/xxljob/leases.py",
        "executors/xxljob/logpage.py",
        "executors/xxljob/message.py",
        "executors/xxljob/registry.py",
        "executors/xxljob/routes.py",
        "executors/xxljob/sending.py",
        "executors/xxljob/verdict.py",
    ],
    "Quartz": [
        "executors/springschedule/crontext.py",
        "plugins/server/timing/cron.py",
        "plugins/server/timing/crondays.py",
        "plugins/server/timing/cronfield.py",
        "plugins/server/timing/crontab.py",
        "plugins/server/timing/localtime.py",
    ],
    "Kubernetes": [
        "core/size.py",
        "executors/k8s/adopt.py",
        "executors/k8s/allowed.py",
        "executors/k8s/api.py",
        "executors/k8s/containerend.py",
        "executors/k8s/faults.py",
        "executors/k8s/informer.py",
        "executors/k8s/judge.py",
        "executors/k8s/labels.py",
        "executors/k8s/manifestpod.py",
        "executors/k8s/plan.py",
        "executors/k8s/pod.py",
        "executors/k8s/podend.py",
        "executors/k8s/quantity.py",
        "executors/k8s/reduce.py",
        "executors/k8s/refusal.py",
        "executors/k8s/stamped.py",
        "executors/k8s/stuck.py",
        "executors/k8s/waiting.py",
        "executors/k8s/words.py",
    ],
    "Docker": [
        "plugins/docker/address.py",
        "plugins/docker/container.py",
        "plugins/docker/credentials.py",
        "plugins/docker/ends.py",
        "plugins/docker/enginelog.py",
        "plugins/docker/refusal.py",
        "plugins/docker/watches.py",
    ],
    "Linux": [
        "core/cli/machine.py",
        "core/hole.py",
        "core/testing/processes.py",
        "core/worker/local/exits.py",
        "core/worker/shim/exits.py",
        "core/worker/shim/groups.py",
        "core/worker/shim/keeper.py",
        "core/worker/shim/kernel.py",
        "core/worker/shim/limits.py",
        "core/worker/shim/mounts.py",
        "core/worker/shim/nofile.py",
        "core/worker/shim/oom.py",
        "core/worker/shim/passage.py",
        "core/worker/shim/process.py",
        "core/worker/shim/scan.py",
        "core/worker/shim/spawner.py",
        "core/worker/shim/timers.py",
        "executors/python/zygote.py",
        "plugins/docker/peer.py",
        "plugins/server/cli/tour/leash.py",
        "plugins/server/trust/groupusers.py",
    ],
    "RFC": [
        "core/egress/address.py",
        "core/jsontext.py",
        "executors/http/answer.py",
        "executors/http/checks.py",
        "executors/http/exchange.py",
        "executors/http/spec.py",
        "executors/http/unpack.py",
        "executors/k8s/faults.py",
        "executors/k8s/wire.py",
    ],
}
"""The modules that code the rules of somebody else, by how the keys of the sources begin that each must name. A package
stands for its modules."""

NO_RULE: Final = {
    "executors/go/commands.py": "writes what `sources` carries",
    "executors/java/executor.py": "tells of what `ours` holds",
    "executors/k8s/fact.py": "quotes whatever a cluster says",
    "plugins/server/cli/cron.py": "tells of what `timing` reckons",
    "plugins/server/timing/settings.py": "reads what `calendar` holds",
}
"""Modules that speak of a vendor and code no rule of its, and why."""
SPELLINGS: Final = {
    "Linux": re.compile(r"/proc/|/sys/fs/cgroup|memory\.(max|events)|cgroup\.(kill|events)"),
    "XXL-JOB": re.compile(r"executorHandler|triggerMsg|fromLineNum|registryKey"),
    "Kubernetes": re.compile(
        r"\b(CrashLoopBackOff|DisruptionTarget|activeDeadlineSeconds|resourceVersion|ttlSecondsAfterFinished)\b"
    ),
    "Docker": re.compile(r"HostConfig|X-Registry-Auth|RepoDigests"),
    "Alibaba Cloud API": re.compile(r"ACS3-HMAC|InvalidTimeStamp|x-acs-"),
    "SchedulerX": re.compile(r"JobInstanceDetail|JobConfigInfo|NamespaceUid"),
}
"""What a module spells, in a text that is no docstring, that codes a rule of theirs."""
SPELT_ONLY: Final = {
    "core/testing/cases/secrets.py": "looks for a secret where anybody could",
    "core/worker/livefile.py": "asks whether a process is there",
    "core/worker/local/shimstart.py": "a way around the length of a path, as in `keeper`",
    "executors/k8s/runs.py": "sends what `plan` decided",
    "executors/dataworks/preview.py": "shows what `client` would send",
    "executors/python/prepare.py": "asks whether a program runs from a folder",
    "plugins/server/client/errors.py": "tells of an answer of the server",
}
"""Modules that spell such a word and code no rule, and why. Scripts of samples are jobs, and left out as well."""
_VENDOR: Final = re.compile(r"\bthe vendor\b|\bSchedulerX's\b|\bas SchedulerX\b|\bQuartz\b")
_NUMBERED: Final = re.compile(r"\b(?:RFC|PEP) [0-9]+\b")


class Document(NamedTuple):
    """A row of the page."""

    key: str
    title: str
    version: str
    address: str


@cache
def documents() -> dict[str, Document]:
    """Those of the page, by their keys."""
    rows = [found.groupdict() for line in PAGE.read_text().splitlines() if (found := _ROW.match(line))]
    made = [Document(**row) for row in rows if not row["key"].startswith(("key", "---"))]
    assert len({one.key for one in made}) == len(made), "a key stands twice"
    return {one.key: one for one in made}


def module_at(short: str) -> Path:
    """The file of a module that is named by its distribution's folder and its place in the package."""
    folder, kind, name, inside = re.split(r"^(core|(?:executors|plugins)/(\w+))/", short)
    assert not folder
    return ROOT / kind / "src" / (f"anyjob_{name}" if name else "anyjob") / inside


@cache
def sources(file: Path) -> tuple[str, ...]:
    """Each source that a docstring of the module names, with its place, in whatever name's docstring it stands."""
    found: list[str] = []
    for text in docstrings_of(file):
        for part in re.split(r"\n\s*\n", text):
            line = _LINE.match(" ".join(part.split()))
            if line:
                found += line[1].split("; ")
    return tuple(found)


def named(source: str) -> Document | None:
    """The document that a source names; None: the page does not have it."""
    keys = [key for key in documents() if source == key or source.startswith(f"{key}, ")]
    return documents()[max(keys, key=len)] if keys else None


def of_a_vendor(file: Path) -> bool:
    """Whether a docstring of the module speaks of a rule of a vendor's."""
    return any(_VENDOR.search(text) for text in docstrings_of(file))


def spells(file: Path, vendor: str) -> bool:
    """Whether the module's code spells what is that vendor's."""
    return any(SPELLINGS[vendor].search(text) for text in _texts(file))


@cache
def _texts(file: Path) -> tuple[str, ...]:
    """The texts of the module that are no docstrings."""
    said = set(docstrings_of(file))
    texts = (node.value for node in ast.walk(parsed(file)) if isinstance(node, ast.Constant))
    plain = (text.decode("latin-1") if isinstance(text, bytes) else text for text in texts)
    return tuple(text for text in plain if isinstance(text, str) and text not in said)


def numbered(file: Path) -> set[str]:
    """The numbered documents that the module speaks of, in docstrings and comments alike."""
    return set(_NUMBERED.findall(file.read_text()))


@cache
def docstrings_of(file: Path) -> tuple[str, ...]:
    """Those of all names of the module, constants and fields as well."""
    nodes = (node.value for node in ast.walk(parsed(file)) if isinstance(node, ast.Expr))
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
