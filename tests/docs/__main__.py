"""How many blocks there are, and what is done with them: `python -m tests.docs`."""

from __future__ import annotations

from collections import Counter

from tests.docs.claims import CLAIMS, row
from tests.docs.fences import Fence, fences, pages
from tests.docs.rules import rule


def _done(fence: Fence) -> str:
    by = rule(fence)
    if by == "claimed":
        claimed = row(fence)
        assert claimed is not None
        return CLAIMS[claimed].how
    return by if by in ("shown", "pending") else "run"


def main() -> None:
    """Print the table."""
    total: Counter[str] = Counter()
    for page in pages():
        counts = Counter(map(_done, fences(page)))
        total += counts
        if counts:
            print(f"{page:40}", ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    print(f"{'all':40}", ", ".join(f"{count} {what}" for what, count in sorted(total.items())))


if __name__ == "__main__":
    main()
