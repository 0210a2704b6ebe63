"""Specs: what a job type, a launcher or core itself reads out of a job."""

from anyjob.spec.commonxattrs import CommonXAttrs, Limits, SecretRef, Size, Text
from anyjob.spec.model import At, Spec
from anyjob.spec.script import ScriptSpec

__all__ = ["At", "CommonXAttrs", "Limits", "ScriptSpec", "SecretRef", "Size", "Spec", "Text"]
