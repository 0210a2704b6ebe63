"""Texts inside texts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

__all__ = ["holding"]


def holding(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether the column's text holds that one; case does not count, and no character of it is a pattern."""
    return column.icontains(text, autoescape=True)
