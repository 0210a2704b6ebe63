"""Jars of the classes in `classes/`, compiled as a user would."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from anyjob_jvm.homes import JavaHome

CLASSES = Path(__file__).parent / "classes"

IMPORTS = {
    "anyjob": "import anyjob.job.*;",
    "schedulerx": "import com.alibaba.schedulerx.common.domain.*;\n"
    "import com.alibaba.schedulerx.worker.domain.*;\n"
    "import com.alibaba.schedulerx.worker.processor.*;",
}
"""The one thing in which classes of the two APIs differ."""


def user_sources(dialect: str) -> dict[str, str]:
    """The classes of the tests, for one of the APIs."""
    return {
        f"demo/{file.name}": file.read_text().replace("IMPORTS", IMPORTS[dialect])
        for file in sorted(CLASSES.glob("*.java"))
    }


def compiled(
    folder: Path, home: JavaHome, sources: Mapping[str, str], class_path: Sequence[Path] = (), release: int = 8
) -> Path:
    """A folder of classes."""
    source, classes = folder / "source", folder / "classes"
    for name, text in sources.items():
        file = source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    argv = [str(home.javac), "-encoding", "UTF-8", "--release", str(release), "-nowarn", "-Xlint:-options"]
    argv += [
        "-d",
        str(classes),
        "-cp",
        ":".join(map(str, class_path)) or ".",
        *(str(source / name) for name in sources),
    ]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return classes


def packed(jar: Path, classes: Path, manifest: str = "") -> Path:
    """A jar of a folder of classes."""
    jar.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\r\n{manifest}\r\n")
        for file in sorted(classes.rglob("*.class")):
            archive.write(file, str(file.relative_to(classes)))
    return jar
