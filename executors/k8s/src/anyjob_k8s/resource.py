"""The words of XAttrs.resource.

Source: SchedulerX user guide, Kubernetes jobs, "resource".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["INTERPRETERS", "Resource"]

Resource = Literal["job", "shell", "python", "php", "nodejs"]

INTERPRETERS: Final[Mapping[Resource, str]] = {"shell": "sh", "python": "python3", "php": "php", "nodejs": "node"}
