"""The version of this anyjob: of the distribution, and of all that is released with it."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
