"""Names of images, and patterns of them.

Source: Distribution reference, the grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Image", "allowed_image"]

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::[0-9]+)?"
_NAME = re.compile(
    rf"(?P<domain>{_DOMAIN}/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?\Z",
    re.ASCII,
)
_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Image:
    """An image's full name. An image that is named by its id has only a `digest`."""

    domain: str
    path: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Image:
        """As `docker run` reads it: no domain is docker.io, no tag is latest. Raises ValueError."""
        if _ID.match(text):
            return cls("", "", "", text if text.startswith("sha256:") else f"sha256:{text}")
        found = _NAME.match(text)
        if found is None or len(text) > 512:
            raise ValueError("is no name of an image; write one like python:3.12 or registry.example.com/team/app:1")
        domain, path = (found["domain"] or "").removesuffix("/"), found["path"]
        if domain and not ("." in domain or ":" in domain or domain == "localhost"):
            if domain.lower() != domain:
                raise ValueError("is no name of an image: its repository has capital letters; write small ones")
            domain, path = "", f"{domain}/{path}"
        if domain in ("", "index.docker.io", "docker.io"):
            domain = "docker.io"
            path = path if "/" in path else f"library/{path}"
        digest = found["digest"] or ""
        return cls(domain, path, found["tag"] or ("" if digest else "latest"), digest)

    @property
    def repository(self) -> str:
        """Domain and path."""
        return f"{self.domain}/{self.path}" if self.path else ""

    @property
    def full(self) -> str:
        """The whole name, with nothing left out."""
        tag, digest = f":{self.tag}" if self.tag else "", f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}" if self.path else self.digest


def allowed_image(image: Image, pattern: str) -> bool:
    """Whether the pattern covers the image.

    `*` alone covers all. Else the pattern is a name in which `*` stands for characters but `/`, and `**` for any; a
    pattern without a tag covers every tag and digest, and one with a tag only images that are named by it.
    """
    if pattern == "*":
        return True
    repository, tag, digest = _pattern(pattern)
    if not image.path or not repository.fullmatch(image.repository):
        return False
    if digest is not None:
        return image.digest == digest
    return tag is None or (not image.digest and tag.fullmatch(image.tag) is not None)


@lru_cache(maxsize=256)
def _pattern(text: str) -> tuple[re.Pattern[str], re.Pattern[str] | None, str | None]:
    name, _, digest = text.partition("@")
    head, colon, tail = name.rpartition(":")
    repository, tag = (head, tail) if colon and "/" not in tail else (name, None)
    domain, slash, path = repository.partition("/")
    if not (slash and ("." in domain or ":" in domain or domain in ("localhost", "*", "**"))):
        domain, path = "docker.io", repository if "/" in repository else f"library/{repository}"
    return _glob(f"{domain}/{path}"), None if tag is None else _glob(tag), digest or None


def _glob(text: str) -> re.Pattern[str]:
    words = re.split(r"(\*\*|\*)", text)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(word, re.escape(word)) for word in words))
