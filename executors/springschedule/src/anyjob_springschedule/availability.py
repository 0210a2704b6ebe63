"""Whether an application that has dialled in serves the method that a job names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anyjob.executor import SeenApp
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem
from anyjob_springschedule.described import Method, read_methods
from anyjob_springschedule.spec import SpringSpec

__all__ = ["missing"]


def missing(spec: SpringSpec, apps: Iterable[SeenApp]) -> Problem | None:
    """What is wrong with the job, by the applications of its app group. None: one serves it; or none is connected, and
    one may still come."""
    known = list(apps)
    if not known:
        return None
    wrong: list[Problem] = []
    for app in known:
        problem = _missing(spec, read_methods(app.details))
        if problem is None:
            return None
        if app.connected:
            wrong.append(problem)
    # The most that any of them knows: a wrong bean is nearer than a wrong class.
    order = ("Content.bean", "Content.method", "Content.className")
    return min(wrong, key=lambda problem: order.index(problem.field), default=None)


def _missing(spec: SpringSpec, methods: Sequence[Method]) -> Problem | None:
    of_class = [one for one in methods if spec.class_name in one.classes]
    if not of_class:
        remedy = _near(
            "has no @Scheduled method in the applications of the app group", spec.class_name, _classes(methods)
        )
        return Problem(field="Content.className", value=spec.class_name, remedy=remedy)
    named = [one for one in of_class if one.method == spec.method]
    if not named:
        legal = {one.method for one in of_class}
        remedy = _near(f"is no @Scheduled method of {spec.class_name}", spec.method, legal)
        return Problem(field="Content.method", value=spec.method, remedy=remedy)
    beans = sorted({one.bean for one in named})
    if spec.bean is not None and spec.bean not in beans:
        remedy = f"is no bean with {spec.class_name}#{spec.method}; write {' or '.join(beans)}"
        return Problem(field="Content.bean", value=spec.bean, remedy=remedy)
    if spec.bean is None and len(named) > 1:
        remedy = f"is missing: {spec.class_name}#{spec.method} is on several beans; write one of {', '.join(beans)}"
        return Problem(field="Content.bean", value="", remedy=remedy)
    meant = next(one for one in named if spec.bean in (None, one.bean))
    return Problem(field="Content.method", value=spec.method, remedy=meant.refused) if meant.refused else None


def _classes(methods: Iterable[Method]) -> set[str]:
    return {name for one in methods for name in one.classes}


def _near(what: str, word: str, legal: set[str]) -> str:
    hint = did_you_mean(word, sorted(legal))
    if hint:
        return f"{what}; {hint}"
    shown = sorted(legal)[:5]
    more = f" and {len(legal) - len(shown)} more" if len(legal) > len(shown) else ""
    return f"{what}; there are {', '.join(shown)}{more}" if shown else f"{what}, and there is no other"
