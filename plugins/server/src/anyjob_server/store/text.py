"""Texts as a database takes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

__all__ = ["clean", "holding"]


def clean(text: str) -> str:
    """The text with U+FFFD for what PostgreSQL, or UTF-8, cannot hold: NUL and halves of surrogate pairs.

    A job's output may hold anything, and must not keep its outcome from being written.
    """
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def holding(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether the column's text holds that one; case does not count, and no character of it is a pattern."""
    return column.icontains(text, autoescape=True)
