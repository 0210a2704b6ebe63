"""`anyjob jdks`: the Java homes of this machine."""

from __future__ import annotations

from anyjob.cli.options import AsJson

__all__ = ["jdks"]


def jdks(*, as_json: AsJson = False) -> None:
    """Show the Java homes that were found on this machine.

    Each with its version, and whether it has a compiler. The first is what jobs get that name none, unless the settings
    of their type say otherwise.
    """
    from anyjob.cli.page import Page, print_json
    from anyjob_jvm.homes import find_homes

    homes = find_homes()
    if as_json:
        print_json(
            {
                "jdks": [
                    {
                        "path": str(home.path),
                        "version": home.version,
                        "feature": home.feature,
                        "vendor": home.vendor,
                        "javac": home.javac is not None,
                        "default": at == 0,
                    }
                    for at, home in enumerate(homes)
                ]
            }
        )
        return
    page = Page()
    rows = [
        (
            str(home.path),
            home.version,
            home.vendor,
            "with javac" if home.javac else "no javac",
            "" if at else "default",
        )
        for at, home in enumerate(homes)
    ]
    page.section("Java homes", rows or [("none", "install one, or set JAVA_HOME")])
    page.show()
