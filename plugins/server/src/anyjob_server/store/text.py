"""Texts as a database takes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam

__all__ = ["clean", "holding", "pattern_of"]


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


def holding(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    """Whether the column's text holds that of the parameter `pattern`, made by `pattern_of`; case does not count."""
    same = column.like if dialect == "sqlite" else column.ilike  # SQLite's LIKE looks past the case of ASCII by itself
    return same(bindparam("pattern"), escape="/")


def pattern_of(text: str) -> str:
    """The pattern of texts that hold that one: no character of it means anything else than itself."""
    return f"%{text.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
