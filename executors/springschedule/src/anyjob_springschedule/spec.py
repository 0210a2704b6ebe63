"""What a springschedule job reads out of a job.

Sources: SchedulerX user guide, Spring jobs, the fields of a job; Spring Cloud Alibaba, ScheduledJobSyncConfigurer,
"className" and "method".
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator

from anyjob.spec import At, Spec
from anyjob_jvm.words import JavaHomeText, JvmArg

__all__ = ["SpringSpec"]

_WORD: Final = r"[^\W\d][\w$]*"
_CLASS: Final = re.compile(rf"{_WORD}(\.{_WORD})*")
_METHOD: Final = re.compile(_WORD)


def _class_name(value: str) -> str:
    if not _CLASS.fullmatch(value):
        raise ValueError("is no class name; write it as demo.Reports, a nested one as demo.Reports$Daily")
    return value


def _method(value: str) -> str:
    if not _METHOD.fullmatch(value):
        raise ValueError("is no method name; write it without arguments and brackets")
    return value


def _absolute(value: str) -> str:
    if not value.startswith("/") or not value.isprintable():
        raise ValueError("is no path from the root; write it so")
    return value


class SpringSpec(Spec):
    """Content is SchedulerX's JSON object, with one more key: `bean`.

    Without `jar` the method is in an application of the job's app group that has dialled in. With `jar` the worker
    starts the application, once for all runs that name the same jar, Java and arguments.
    """

    class_name: Annotated[
        str,
        Field(
            min_length=1,
            description="class of the bean, or the class in which the method is written; `$` before a nested class",
        ),
        AfterValidator(_class_name),
        At("Content.$.className"),
    ]
    method: Annotated[
        str,
        Field(min_length=1, description="the @Scheduled method, without brackets"),
        AfterValidator(_method),
        At("Content.$.method"),
    ]
    bean: Annotated[
        str | None,
        Field(min_length=1, max_length=1000, description="name of the bean, where several have the method"),
        At("Content.$.bean"),
    ] = None
    id: Annotated[JsonValue, Field(description="SchedulerX's; means nothing here"), At("Content.$.id")] = None
    # Not named `async`, which is a word of the language.
    how: Annotated[
        Literal["direct", "proxy"],
        Field(
            description="an @Async method without a Future: direct calls it past its proxy and sees its end, proxy"
            " hands it to its executor and does not"
        ),
        At("XAttrs.$.async"),
    ] = "direct"
    jar: Annotated[
        str | None,
        Field(
            description="an executable jar that the worker starts for its runs, in place of an application "
            "that has dialled in"
        ),
        AfterValidator(_absolute),
        At("XAttrs.$.jar"),
    ] = None
    java_home: Annotated[
        JavaHomeText | None,
        Field(description="the Java home that runs the jar, or its version, within what the settings allow"),
        At("XAttrs.$.javaHome"),
    ] = None
    jvm_args: Annotated[
        list[JvmArg] | None,
        Field(max_length=100, description="arguments of the JVM that runs the jar, within what the settings allow"),
        At("XAttrs.$.jvmArgs"),
    ] = None

    group: Annotated[str, Field(description="the app group whose applications are meant"), At("GroupId")] = ""

    @field_validator("java_home", "jvm_args")
    @classmethod
    def _of_a_jar(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("jar") is None:
            raise ValueError("is for an application that the worker starts; write XAttrs jar too, or take it away")
        return value

    @property
    def name(self) -> str:
        """As an application names the method."""
        plain = f"{self.class_name}#{self.method}"
        return plain if self.bean is None else f"{plain}@{self.bean}"
