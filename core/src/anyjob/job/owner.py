"""To whom a job belongs, in one word: what secrets, tokens, users and shared processes are kept apart by."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

__all__ = ["HOME", "Owner", "owner_of", "parts_of", "written"]

HOME: Final = "default"
"""The namespace whose app groups are named without it: a server's first one, and that of a file which names none."""


def owner_of(namespace: str, group: str) -> str:
    """The word of an app group: `GROUP` in namespace `default` or none, else `NAMESPACE/GROUP`; empty without a group.

    Never the same for two: a slash in a name is `%2F`, a percent sign `%25`.
    """
    if not group:
        return ""
    return _safe(group) if namespace in ("", HOME) else f"{_safe(namespace)}/{_safe(group)}"


def parts_of(owner: str) -> tuple[str, str]:
    """Namespace and app group of a word; the namespace is empty where the word has none."""
    namespace, _, group = owner.rpartition("/")
    return _plain(namespace), _plain(group)


def written(text: str) -> str:
    """The word that a person wrote, checked; `*`, all groups, is one too. Raises ValueError: a group has one word."""
    namespace, slash, group = text.rpartition("/")
    if not group or (slash and not namespace) or "/" in namespace or (slash and "*" in (namespace, group)):
        raise ValueError(
            "names no app group; write GROUP for one of namespace default, NAMESPACE/GROUP for any other, a slash in a "
            "name as %2F"
        )
    if namespace == HOME:
        raise ValueError(f"names namespace default, which is left out; write {group}")
    return text


Owner = Annotated[str, AfterValidator(written)]
"""An app group that an operator names: the key of a table by app group, `Mapping[Owner, ...]`."""


def _safe(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _plain(word: str) -> str:
    return word.replace("%2F", "/").replace("%25", "%")
