"""What the launcher reads out of a job: the keys of XAttrs beside `"launcher": "k8s"`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anyjob.executor import Options
from anyjob.spec import At
from anyjob_k8s.podkeys import Image, PodKeys

__all__ = ["K8sOptions"]


class K8sOptions(PodKeys, Options):
    """A command in a pod of its own. Its interpreter and programs are the image's."""

    image: Annotated[Image, Field(description="the image in which the command runs"), At("XAttrs.$.image")]
