"""Specs: what a job type, a launcher or core itself reads out of a job."""

from anyjob.spec.commonxattrs import CommonXAttrs, Limits, SecretRef, Size
from anyjob.spec.model import At, Spec

__all__ = ["At", "CommonXAttrs", "Limits", "SecretRef", "Size", "Spec"]
