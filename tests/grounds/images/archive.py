"""Images for the grounds as docker-archives, written by hand: neither a build nor a registry is needed.

Made when first asked for, and kept in the grounds' cache under a name that says what is in them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from tests.grounds.cache import cache
from tests.grounds.images import interpreters
from tests.grounds.images.layer import Layer

__all__ = ["NAMES", "PAUSE", "Unavailable", "image", "missing_busybox"]

PAUSE = "kubetest.local/pause:1"
"""What a pod's sandbox runs."""
_PATH = "/usr/local/bin:/usr/bin:/bin"
_DAY = 86_400.0
_NOTHING = "1970-01-01T00:00:00Z"


class Unavailable(Exception):
    """This machine lacks what an image is made of."""


@dataclass(frozen=True)
class _Recipe:
    tags: tuple[str, ...]
    config: Mapping[str, object]
    program: Callable[[Layer], str] = lambda _: ""
    """Puts the interpreter into its layer; says what is missing, if anything."""


_SHELL = {"Cmd": ["sh"], "Env": [f"PATH={_PATH}"]}
_RECIPES = {
    "busybox": _Recipe(("busybox:test", "busybox:latest"), _SHELL),
    "pause": _Recipe((PAUSE,), {"Entrypoint": ["/bin/sleep", "2147483647"]}),
    "python": _Recipe(("python:test",), {**_SHELL, "Cmd": ["python3"]}, interpreters.python),
    "node": _Recipe(("node:test",), {**_SHELL, "Cmd": ["node"]}, interpreters.node),
    "php": _Recipe(("php:test",), {**_SHELL, "Cmd": ["php", "-a"]}, interpreters.php),
}
_BY_TAG = {tag: name for name, recipe in _RECIPES.items() for tag in recipe.tags}
NAMES = tuple(_BY_TAG)
"""The images there are."""


def image(tag: str) -> Path:
    """The docker-archive that holds this image, with whatever other names it has.

    Its names are whole ("docker.io/library/busybox:test"), which is what `docker load` calls "busybox:test", and what a
    pod means by that.

    Raises:
        KeyError: No such image.
        Unavailable: This machine lacks what it is made of.
    """
    name = _BY_TAG[tag]
    recipe = _RECIPES[name]
    layers = [_shell()]
    top = Layer()
    if why := recipe.program(top):
        raise Unavailable(f"image {tag}: {why}")
    if top.files:
        layers.append(top)
    code = b"".join(module.read_bytes() for module in sorted(Path(__file__).parent.glob("*.py")))
    said = [hashlib.sha256(code).hexdigest(), repr(recipe.config), *(layer.key() for layer in layers)]
    kept = cache("images") / f"{name}-{hashlib.sha256(repr(said).encode()).hexdigest()[:16]}.tar"
    if not kept.exists():
        handle, fresh = tempfile.mkstemp(dir=kept.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
            _write(tar, recipe, [layer.write() for layer in layers])
        os.replace(fresh, kept)
        _forget(kept.parent.glob(f"{name}-*.tar"))
    os.utime(kept)
    return kept


def _forget(kept: Iterable[Path]) -> None:
    """Remove what nobody has used for a day: versions of this code and of the machine's parts come and go."""
    for path in kept:
        if time.time() - path.stat().st_mtime > _DAY:
            path.unlink(missing_ok=True)


def _whole(tag: str) -> str:
    return tag if "/" in tag else f"docker.io/library/{tag}"


def _write(tar: tarfile.TarFile, recipe: _Recipe, layers: Sequence[bytes]) -> None:
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    machine = platform.machine()
    config: dict[str, object] = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        "os": "linux",
        "created": _NOTHING,
        "config": recipe.config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": _NOTHING, "created_by": "anyjob's test grounds"} for _ in digests],
    }
    body = json.dumps(config).encode()
    name = f"{hashlib.sha256(body).hexdigest()}.json"
    files = [f"{digest}.tar" for digest in digests]
    manifest = [{"Config": name, "RepoTags": [_whole(tag) for tag in recipe.tags], "Layers": files}]
    for place, data in (
        *zip(files, layers, strict=True),
        (name, body),
        ("manifest.json", json.dumps(manifest).encode()),
    ):
        entry = tarfile.TarInfo(place)
        entry.size = len(data)
        tar.addfile(entry, BytesIO(data))


def missing_busybox() -> str:
    """What this machine lacks for the images that need only a shell; empty when nothing."""
    return interpreters.no_busybox()


def _shell() -> Layer:
    if why := interpreters.no_busybox():
        raise Unavailable(why)
    layer = Layer()
    interpreters.busybox(layer)
    return layer
