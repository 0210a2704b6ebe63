"""The user's fault: a job, or a file of jobs, that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anyjob.errors import AnyJobError
from anyjob.excerpt import excerpt, line_and_column
from anyjob.problem import Problem, short

if TYPE_CHECKING:
    from anyjob.job.job import Job

__all__ = ["BadJob", "BadJobFile"]


class BadJob(AnyJobError):
    """A job holds values that cannot be used. `problems` names all of them.

    `job` is its name, where it has one; `source` says where it was written (`jobs.yaml, job 2`). `others` are further
    bad jobs of the same file, so that one reading reports them all. `rest` is the job without its wrong fields, where
    it has a JobType: its type may find more (`PluginHost.more_problems`).
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        job: str = "",
        source: str = "",
        others: Sequence[BadJob] = (),
        rest: Job | None = None,
    ) -> None:
        self.problems, self.job, self.source, self.others = tuple(problems), job, source, tuple(others)
        self.rest = rest
        super().__init__(self.problems, job, source, self.others, rest)  # so that it can be pickled

    def __str__(self) -> str:
        """A line that names the job, then a line for every Problem, each with its excerpt below."""
        who = f"Job '{short(self.job, 100)}'" if self.job else "The job"
        lines = [f"{who}{f' of {self.source}' if self.source else ''} cannot be used:"]
        for problem in self.problems:
            lines.append(f"  {problem}")
            lines += [f"      {line}" for line in problem.excerpt.splitlines()]
        return "\n".join([*lines, *(str(other) for other in self.others)])


class BadJobFile(AnyJobError):
    """A file that cannot be read as jobs. `line` and `column` count from 1; 0 where the whole file is meant."""

    def __init__(self, source: str, says: str, line: int = 0, column: int = 0, excerpt: str = "") -> None:
        self.source, self.says, self.line, self.column, self.excerpt = source, says, line, column, excerpt
        super().__init__(source, says, line, column, excerpt)

    @classmethod
    def at(cls, source: str, text: str, offset: int, says: str) -> BadJobFile:
        """The error of one place in the file's text, `offset` characters into it."""
        line, column = line_and_column(text, offset)
        return cls(source, says, line, column, excerpt(text, offset))

    def __str__(self) -> str:
        """`jobs.yaml, line 3, column 1: a tab cannot indent YAML; use spaces`, then the line with a mark."""
        place = f", line {self.line}, column {self.column}" if self.line else ""
        return "\n".join([f"{self.source}{place}: {self.says}", *(f"    {line}" for line in self.excerpt.splitlines())])
