"""Text that a job or an operator wrote, checked before it becomes an argument of a program.

Source: PEP 508, requirements.
"""

from __future__ import annotations

import os
from keyword import iskeyword
from typing import Annotated

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from pydantic import AfterValidator, Field

from anyjob.spec import Text

__all__ = ["Command", "Module", "Preload", "RequirementText"]


def _command(text: str) -> str:
    # What is relative would mean one file to the worker, and another to the run in its working directory.
    if "/" in text and not os.path.isabs(text):
        raise ValueError("is a relative path; write it from the root, or the name of a program on the PATH")
    if text.startswith("-"):
        raise ValueError("starts with -, so that a program would take it for an option; write a path or a name")
    return text


def _module(text: str) -> str:
    if not all(word.isidentifier() and not iskeyword(word) for word in text.split(".")):
        raise ValueError("is no name of a module; write it as after `import`, for example requests or xml.sax")
    return text


def _requirement(text: str) -> str:
    if text.lstrip().startswith("-"):
        raise ValueError(
            "is an option and no requirement; options of the index are the operator's, in [executors.python]"
        )
    try:
        read = Requirement(text)
    except InvalidRequirement as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(
            f"is no requirement ({why}); write a name and versions, for example requests>=2.31,<3"
        ) from None
    if read.url is not None:
        raise ValueError(
            "names a place to install from; write a name and versions, which the worker's index is asked for"
        )
    read.name = canonicalize_name(read.name)
    return str(read)


Command = Annotated[Text, Field(min_length=1), AfterValidator(_command)]
"""An interpreter: an absolute path, also of the folder of a virtual environment, or a name on the PATH."""

Module = Annotated[str, AfterValidator(_module)]
"""The name of a module, as after `import`."""

Preload = Annotated[tuple[Module, ...], Field(max_length=64)]
"""Modules that a resident imports before it forks runs."""

RequirementText = Annotated[str, Field(max_length=1000), AfterValidator(_requirement)]
"""A requirement as PEP 508 has it, written in its one canonical way; direct references (`name @ URL`) are refused."""
