"""A cron expression that cannot be used."""

from __future__ import annotations

from anyjob.errors import AnyJobError
from anyjob.excerpt import excerpt
from anyjob.problem import Problem, short

__all__ = ["BadCron"]


class BadCron(AnyJobError):
    """What is wrong with a cron expression, and where.

    `field` is one of the seven (`day-of-month`), or `expression` where no field is to blame. `value` is the part of the
    text that is wrong, empty where something is missing; `position` is its offset in `text`, from 0. `remedy` goes on
    where the value ends. Raised by `Cron.parse`.
    """

    def __init__(self, text: str, position: int, field: str, value: str, remedy: str) -> None:
        self.text, self.position, self.field, self.value, self.remedy = text, position, field, value, remedy
        super().__init__(text, position, field, value, remedy)  # so that it can be pickled

    def __str__(self) -> str:
        """`Cron "0 0 25 * * ?" cannot be used:`, the Problem of the field, and the place."""
        place = "\n".join(f"      {line}" for line in self.excerpt.splitlines())
        what = Problem(field=self.field, value=self.value, remedy=self.remedy)
        return f'Cron "{short(self.text)}" cannot be used:\n  {what}\n{place}'

    @property
    def excerpt(self) -> str:
        """The expression with a mark under the place."""
        return excerpt(self.text, self.position)

    def problem(self, field: str = "TimeExpression") -> Problem:
        """As a Problem of the job's field that holds the expression."""
        what = f'"{short(self.value)}" {self.remedy}' if self.value else self.remedy
        return Problem(field=field, value=self.text, remedy=f"is no cron: {self.field} {what}", excerpt=self.excerpt)
