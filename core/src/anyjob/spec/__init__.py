"""Specs: what a job type, a launcher or core itself reads out of a job. The types of fields serve settings, too."""

from anyjob.spec.absolutepath import AbsolutePath
from anyjob.spec.commonxattrs import CommonXAttrs, Limits, SecretRef, Size, SizeOrNone, Text
from anyjob.spec.model import At, Spec
from anyjob.spec.read import read_spec
from anyjob.spec.script import ScriptSpec

__all__ = [
    "AbsolutePath",
    "At",
    "CommonXAttrs",
    "Limits",
    "ScriptSpec",
    "SecretRef",
    "Size",
    "SizeOrNone",
    "Spec",
    "Text",
    "read_spec",
]
