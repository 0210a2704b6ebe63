"""What the images run, taken from this machine: its static busybox, its Python, node and PHP.

Each function puts one into a layer and returns what the machine lacks, or an empty text.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path, PurePosixPath

from tests.grounds.images.layer import Layer
from tests.grounds.images.libraries import is_static

__all__ = ["busybox", "no_busybox", "node", "php", "python"]

_UNWANTED = {
    "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "distutils", "pydoc_data",
    "site-packages", "dist-packages",
}  # fmt: skip
_UNWANTED_MODULES = ("_ctypes_test", "_curses", "_hashlib", "_ssl", "_test", "_tkinter", "_xxtest", "nis", "readline")


def _busybox() -> Path | None:
    found = shutil.which("busybox", path="/bin:/usr/bin:/usr/local/bin")
    return Path(found).resolve() if found else None


def no_busybox() -> str:
    """What is missing of a busybox that runs without libraries."""
    path = _busybox()
    if path is None:
        return "busybox is not installed (Debian: busybox-static)"
    return "" if is_static(path) else f"{path} needs libraries (Debian: busybox-static instead of busybox)"


def busybox(layer: Layer) -> str:
    """A small system: a shell and its commands, users, and folders to write to."""
    path = _busybox()
    if path is None:
        return no_busybox()
    layer.folders |= {"dev", "etc", "home", "proc", "root", "sys", "tmp", "usr/local/bin", "var"}
    layer.modes["tmp"] = 0o1777
    layer.files["etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"
    layer.files["etc/group"] = b"root:x:0:\nnogroup:x:65534:\n"
    layer.program("bin/busybox", path)
    said = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout
    layer.links.update({f"bin/{applet}": "busybox" for applet in said.split() if applet != "busybox"})
    return ""


def python(layer: Layer) -> str:
    """The Python that runs this, with its standard library but for what needs a terminal, a screen or OpenSSL."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    program = Path(sys.base_prefix) / "bin" / name
    if not program.is_file():
        return f"{program} is not there"
    layer.program(f"usr/local/bin/{name}", program)
    layer.links |= {f"usr/local/bin/{short}": name for short in ("python", "python3")}
    layer.tree(f"usr/local/lib/{name}", Path(sysconfig.get_path("stdlib")), _wanted)
    return ""


def _wanted(path: PurePosixPath) -> bool:
    if not _UNWANTED.isdisjoint(path.parts) or path.parts[0].startswith("config-"):
        return False
    if path.suffix == ".so":
        return not path.name.startswith(_UNWANTED_MODULES)
    return path.suffix not in (".a", ".exe") and ".opt-" not in path.name


def _single(layer: Layer, name: str, package: str) -> str:
    found = shutil.which(name)
    if not found:
        return f"{name} is not installed (Debian: {package})"
    layer.program(f"usr/local/bin/{name}", Path(found).resolve())
    return ""


def node(layer: Layer) -> str:
    """This machine's node."""
    return _single(layer, "node", "nodejs")


def php(layer: Layer) -> str:
    """This machine's PHP with what is compiled into it."""
    for zone in ("UTC", "zone.tab"):  # Debian's takes the system's time zones, and warns in its output without
        if (path := Path("/usr/share/zoneinfo") / zone).is_file():
            layer.files[f"usr/share/zoneinfo/{zone}"] = path
    return _single(layer, "php", "php-cli")
