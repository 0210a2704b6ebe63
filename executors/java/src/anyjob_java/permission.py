"""What the settings let a job say of its JVM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from anyjob.problem import Problem
from anyjob_java.settings import JavaSettings
from anyjob_java.spec import LOCAL, JavaSpec
from anyjob_java.words import SAMPLES

__all__ = ["forbidden", "refused"]


def refused(spec: JavaSpec, settings: JavaSettings) -> list[Problem]:
    """What the job names and may not. Paths count as where they lead; elsewhere than on this node they are not ours."""
    return _named(spec, settings, settings.allows, _inside)


def forbidden(spec: JavaSpec, settings: JavaSettings) -> list[Problem]:
    """What of that is so whatever there is on the machine, and whatever a run fills in for placeholders."""
    return _named(
        spec, settings, lambda word: "#{" in word or settings.allows(word), lambda path, roots: len(roots) > 0
    )


def _named(
    spec: JavaSpec,
    settings: JavaSettings,
    allows: Callable[[str], bool],
    inside: Callable[[str, Sequence[Path]], bool],
) -> list[Problem]:
    problems = [
        Problem(
            field=f"XAttrs.jvmArgs[{number}]",
            value=word,
            remedy="is not allowed on this worker; take it away, or let [executors.java] jvm_args allow it",
        )
        for number, word in enumerate(spec.jvm_args)
        if not allows(word)
    ]
    if spec.launcher != LOCAL:
        return problems
    problems += [
        Problem(
            field=f"XAttrs.classpath[{number}]",
            value=entry,
            remedy=f"lies outside of {_listed(settings.roots)}, where [executors.java] roots lets jobs' entries be",
        )
        for number, entry in enumerate(spec.class_path)
        if entry != SAMPLES and not inside(entry.removesuffix("/*"), settings.roots)
    ]
    home = spec.java_home
    if home is not None and home.startswith("/") and not inside(home, settings.home_roots):
        remedy = f"lies outside of {_listed(settings.home_roots)}, where [executors.java] home_roots lets Java homes be"
        problems.append(Problem(field="XAttrs.javaHome", value=home, remedy=remedy))
    return problems


def _inside(path: str, roots: Sequence[Path]) -> bool:
    try:
        found = Path(path).resolve()
    except (OSError, RuntimeError):  # links in a circle
        return False
    return any(found.is_relative_to(root.resolve()) for root in roots)


def _listed(roots: Sequence[Path]) -> str:
    return " and ".join(map(str, roots)) or "every folder"
