"""A command as another user, on a machine whose Python lies where only root comes through.

In a mount namespace of the command's own the closed folder is covered by an empty one, in which only what Python needs
can be seen, at the same paths. The machine itself is not changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from anyjob_server.trust.passage import closed_above

__all__ = ["as_user"]

_ROOT = Path(__file__).parents[1]

_SCRIPT = """
set -e
uid=$1 keep=$2 cover=$3; shift 3
mount -t tmpfs -o mode=711 none "$keep"
needed=()
while [ "$1" != -- ]; do needed+=("$1"); shift; done
shift
number=0
for one in "${needed[@]}"; do
    mkdir "$keep/$number"; mount --rbind "$one" "$keep/$number"; number=$((number + 1))
done
if [ -n "$cover" ]; then
    mount -t tmpfs -o mode=711 none "$cover"
    number=0
    for one in "${needed[@]}"; do
        mkdir -p "$one"; mount --rbind "$keep/$number" "$one"; number=$((number + 1))
    done
fi
exec setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs -- "$@"
"""


def as_user(uid: int, folder: Path) -> list[str]:
    """The words to put before a command of this environment. `folder`: empty, of the test; root only."""
    needed = {Path(sys.base_prefix), Path(sys.prefix), _ROOT}
    needed = {one for one in needed if not any(one != other and one.is_relative_to(other) for other in needed)}
    closed = {above for one in needed if (above := closed_above(one)) is not None}
    assert len(closed) < 2, f"they lie in several closed folders: {closed}"
    cover = next(iter(closed), None)
    inside = sorted(str(one) for one in needed if cover is not None and one.is_relative_to(cover))
    script = ["bash", "-c", _SCRIPT, "as-user", str(uid), str(folder), str(cover or ""), *inside, "--"]
    return ["unshare", "--mount", "--propagation", "private", *script]
