"""What a k8s job reads out of a job.

Sources: SchedulerX user guide, Kubernetes jobs, the fields of a job; SchedulerX API, CreateJob, "XAttrs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticKnownError

from anyjob.jsontext import dump_json
from anyjob.problem import short
from anyjob.spec import At, Limits, Spec, Text
from anyjob_k8s.companions import too_large
from anyjob_k8s.manifest import read_manifest
from anyjob_k8s.podkeys import Image, PlaceKeys, PodKeys
from anyjob_k8s.resource import Resource
from anyjob_k8s.template import SOME_NAMESPACE, check_template, read_template
from anyjob_k8s.words import DnsLabel

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["K8sSpec"]

_OF_SCRIPTS: Final = tuple(name for name in PodKeys.model_fields if name not in PlaceKeys.model_fields)


def _resource(value: object) -> object:
    word = value.lower() if isinstance(value, str) else value
    return {"node": "nodejs"}.get(word, word) if isinstance(word, str) else word


def _words(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_Command = Annotated[
    tuple[Annotated[Text, Field(min_length=1)], ...],
    BeforeValidator(_words),
    Field(min_length=1),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}, "examples": ["/bin/bash"]}),
]


def _yaml(value: object) -> object:
    """A template that was written as an object, as the text that Template would hold."""
    return dump_json(value) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]


def _check_namespace(own: str, info: ValidationInfo) -> None:
    said = info.data.get("namespace")
    if said and own not in ("", SOME_NAMESPACE, said) and "#{" not in own:
        raise ValueError(f"names the namespace {short(own)}, and XAttrs.namespace {said}; keep one of the two")


class ResourceKeys(Spec):
    """What Content is. Apart, because everything else is checked by it."""

    resource: Annotated[
        Resource,
        BeforeValidator(_resource),
        Field(description="job (Content is a manifest), or shell, python, php, nodejs (Content is a script)"),
        At("XAttrs.$.resource"),
    ]
    template_type: Annotated[
        Literal["customTemplate"] | None,
        Field(description="customTemplate: the script runs in the pod of Template"),
        At("XAttrs.$.templateType"),
    ] = None


class K8sSpec(PodKeys, ResourceKeys):
    """Content is the manifest of a `batch/v1` Job or a `v1` Pod, or a script. `#{schedulerx.*}` placeholders are filled
    in the script, and in the texts of a manifest or template after it was read."""

    content: Annotated[str, Field(min_length=1, description="the manifest or the script"), At("Content")]
    file_format: Annotated[
        Literal["unix", "windows"],
        Field(description="unix turns CRLF into LF and takes out a byte order mark in front, windows keeps both"),
        At("XAttrs.$.fileFormat"),
    ] = "unix"
    image: Annotated[
        Image | None,
        Field(description="the image in which the script runs", validate_default=True),
        At("XAttrs.$.image"),
    ] = None
    command: Annotated[
        _Command | None,
        Field(description="the interpreter; with arguments, a list"),
        At("XAttrs.$.command"),
    ] = None
    run_as_user: Annotated[
        int | None, Field(ge=0, le=2**31 - 1, description="the number of the user"), At("XAttrs.$.runAsUser")
    ] = None
    template: Annotated[
        str | None,
        BeforeValidator(_yaml),
        Field(description="the manifest of the pod in which the script runs", validate_default=True),
        At("Template", ("XAttrs.$.template",)),
    ] = None
    container: Annotated[
        DnsLabel | None,
        Field(description="the container whose last line is the result; default: the first"),
        At("XAttrs.$.container"),
    ] = None

    own_limits: Annotated[
        Limits, Field(description="what a run of a script may use at most"), At("XAttrs.$.limits")
    ] = Limits()

    @property
    def is_script(self) -> bool:
        """Whether Content is a script."""
        return self.resource != "job"

    @property
    def ours(self) -> bool:
        """Whether the whole pod is ours, and not of a manifest or template that the user wrote."""
        return self.is_script and self.template_type is None

    def text(self, run: RunFacts) -> str:
        """The script of one run: placeholders filled, line ends as they are wanted. Raises PasteRefused."""
        filled = run.fill(self.content)
        return filled.removeprefix("\ufeff").replace("\r\n", "\n") if self.file_format == "unix" else filled

    @field_validator("content")
    @classmethod
    def _readable(cls, value: str, info: ValidationInfo) -> str:
        resource = info.data.get("resource")
        if not value.strip():
            what = "manifest" if resource == "job" else "script"
            raise ValueError(f"holds blanks only; write the {what} to run")
        if resource == "job":
            _check_namespace(read_manifest(value).namespace, info)
        elif resource is not None and (large := too_large("Content", "a script", len(value.encode()))):
            raise ValueError(large.remedy)
        return value

    @field_validator(*_OF_SCRIPTS, "command", "run_as_user", "image")
    @classmethod
    def _of_our_pods(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("resource") == "job":
            raise ValueError("is for scripts; with resource job it stands in the manifest: take it out here")
        if value is not None and info.data.get("template_type") is not None:
            raise ValueError("is for scripts without a template; with one it stands there: take it out here")
        return value

    @field_validator("own_limits")
    @classmethod
    def _limits_of_scripts(cls, value: Limits, info: ValidationInfo) -> Limits:
        """Read here too, as what the resolver says of limits that are not enforced names no place for them."""
        said = info.data
        if value != Limits() and (said.get("resource") == "job" or said.get("template_type") is not None):
            where = "the manifest's" if said.get("resource") == "job" else "the template's"
            raise ValueError(f"is for scripts in pods of ours; write resources.limits into {where} containers")
        return value

    @field_validator("image")
    @classmethod
    def _some_image(cls, value: str | None, info: ValidationInfo) -> str | None:
        said = info.data
        if value is None and said.get("resource", "job") != "job" and said.get("template_type", "wrong") is None:
            raise PydanticKnownError("missing")
        return value

    @field_validator("template")
    @classmethod
    def _template_of_its_type(cls, value: str | None, info: ValidationInfo) -> str | None:
        said = info.data
        if "template_type" not in said or "resource" not in said:
            return value
        custom = said["template_type"] is not None
        if value is None and custom and said["resource"] != "job":
            raise PydanticKnownError("missing")
        if value is not None and not custom:
            raise ValueError('is read with XAttrs {"templateType": "customTemplate"} alone; write it, or take this out')
        if value is not None and said["resource"] == "job":
            raise ValueError("is for scripts; with resource job the manifest stands in Content: take it out")
        if value is not None:
            _check_namespace(check_template(value, cast("Resource", said["resource"])).namespace, info)
        return value

    @field_validator("template_type")
    @classmethod
    def _for_scripts(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("resource") == "job":
            raise ValueError("is for scripts; with resource job the manifest stands in Content: take it out")
        return value

    @field_validator("container")
    @classmethod
    def _is_there(cls, value: str | None, info: ValidationInfo) -> str | None:
        said = info.data
        if value is None or not {"resource", "template_type", "content", "template"} <= said.keys():
            return value
        of_job = said["resource"] == "job"
        if not of_job and said["template"] is None:
            raise ValueError("is for manifests and templates; a script has one container: take it out")
        manifest = read_manifest(said["content"]) if of_job else read_template(said["template"])
        names = manifest.container_names
        if value not in names:
            raise ValueError(f"is no container of the manifest; write one of: {', '.join(names)}")
        return value
