"""What a java job reads out of a job.

Sources: SchedulerX user guide, Java jobs, the processor's class; SchedulerX API, CreateJob, "ClassName".
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from anyjob.spec import At, CommonXAttrs, Spec
from anyjob_java.words import ClassName, Entry
from anyjob_jvm.words import JavaHomeText, JvmArg

__all__ = ["LOCAL", "JavaSpec"]

LOCAL: Final = "local"
"""The launcher on whose node the worker looks for Java homes and classes; elsewhere a job's words are taken as they
are."""

_OPTIONS: Final = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
_SIGNALS: Final = ("TERM", "INT", "HUP")
"""Those on which the host lets the code end."""


def _no_jar(value: str) -> str:
    if value:
        raise ValueError("is not supported, as in SchedulerX itself; put the jar on the class path: XAttrs.classpath")
    return value


def _heard(name: str) -> str:
    if name.upper().removeprefix("SIG") not in _SIGNALS:
        raise ValueError(f"is not heard by a JVM; write {', '.join(_SIGNALS)}, or leave it out")
    return name


def _alike(isolation: str, info: ValidationInfo) -> str:
    if isolation == "shared" and any("#{schedulerx." in word for word in info.data.get("jvm_args", ())):
        raise ValueError("needs the same jvmArgs for every run, and these have placeholders; write process")
    return isolation


def _no_options(env: dict[str, object]) -> dict[str, object]:
    for name in _OPTIONS:
        if name in env:
            raise ValueError(f"sets {name}, which JVMs read as arguments; write them as XAttrs.jvmArgs")
    return env


class JavaSpec(Spec):
    """ClassName is the processor: it extends SchedulerX's JavaProcessor, or implements anyjob.job.JobProcessor.

    It is looked for on `class_path`, and then on the one that the worker's settings have for the app group.
    """

    class_name: Annotated[
        ClassName,
        Field(
            min_length=1,
            max_length=512,
            description="the class that does the job, with its package; `$` before a nested class",
        ),
        At("ClassName", ("Content.$.className",)),
    ]
    group: Annotated[
        str, Field(description="the app group, whose class path is behind that of the job"), At("GroupId")
    ] = ""
    jar_url: Annotated[
        str,
        AfterValidator(_no_jar),
        Field(description="not supported, as in SchedulerX itself"),
        At("Content.$.jarUrl"),
    ] = ""
    class_path: Annotated[
        list[Entry],
        Field(
            max_length=1000,
            description="jars, folders of classes and a folder's jars (`/opt/app/lib/*`), as paths on the "
            "worker; what the settings have for the app group comes behind them",
        ),
        At("XAttrs.$.classpath"),
    ] = Field(default_factory=list[str])
    java_home: Annotated[
        JavaHomeText | None,
        Field(
            description="the Java home, or the version of one (`17`); default: the worker's. `anyjob jdks` "
            "shows which are there"
        ),
        At("XAttrs.$.javaHome"),
    ] = None
    jvm_args: Annotated[
        list[JvmArg],
        Field(
            max_length=200,
            description="arguments for the JVM, one word each; placeholders are replaced in them, with "
            "`isolation: process`",
        ),
        At("XAttrs.$.jvmArgs"),
    ] = Field(default_factory=list[str])
    isolation: Annotated[
        Literal["process", "shared"],
        AfterValidator(_alike),
        Field(description="process: a JVM for each run; shared: one that is there already, beside other runs"),
        At("XAttrs.$.isolation"),
    ] = "process"
    overlay: Annotated[
        bool,
        Field(description="whether anyjob's MapJobProcessor and ProcessResult stand before those of SchedulerX's jar"),
        At("XAttrs.$.overlay"),
    ] = True
    launcher: Annotated[
        str, Field(description=CommonXAttrs.model_fields["launcher"].description), At("XAttrs.$.launcher")
    ] = LOCAL
    stop_signal: Annotated[
        str,
        AfterValidator(_heard),
        Field(description="the signal that asks the JVM to stop: TERM, INT or HUP, which are what a JVM hears"),
        At("XAttrs.$.stopSignal"),
    ] = "TERM"
    strict: Annotated[
        bool, Field(description=CommonXAttrs.model_fields["strict"].description), At("XAttrs.$.strict")
    ] = False
    env: Annotated[
        dict[str, object],
        AfterValidator(_no_options),
        Field(description=CommonXAttrs.model_fields["env"].description),
        At("XAttrs.$.env"),
    ] = Field(default_factory=dict[str, object])
