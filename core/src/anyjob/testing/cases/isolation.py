"""What a command finds around it: nothing of the worker's, and the same each time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from anyjob.outcome import Cause
from anyjob.testing.fault import check, expect
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite

__all__ = ["IsolationCases"]

_PLANTED = 77
"""A descriptor of the worker that a run must not find."""

_MASK = 0o027
"""The worker's own file mode mask while the surroundings are looked at."""


class IsolationCases(Suite):
    """A run starts from a clean table. One run shows it for all cases."""

    def test_stdin_is_empty(self, rig: Rig) -> None:
        """A command that reads its stdin finds the end at once, and does not wait for a terminal."""
        seen = self._surroundings(rig).get("stdin")
        check(seen == "0", f"The command read {seen} bytes from its stdin; give it /dev/null.")

    def test_descriptors_are_not_inherited(self, rig: Rig) -> None:
        """Files and sockets of the worker are closed for its jobs."""
        fds = self._surroundings(rig).get("fds", "").split()
        check({"0", "1", "2"} <= set(fds), f"The command has the descriptors {fds}; 0, 1 and 2 belong to it.")
        check(str(_PLANTED) not in fds, f"The command has descriptor {_PLANTED} of the worker: {fds}")

    def test_there_is_no_terminal(self, rig: Rig) -> None:
        """A command has no controlling terminal: it can neither ask there nor be ended with it."""
        check(self._surroundings(rig).get("tty") == "no", "The command can open /dev/tty; start it in its own session.")

    def test_files_have_the_usual_mode(self, rig: Rig) -> None:
        """New files have the mode that the worker's operator chose, or the usual one: never one that others may
        write, as what daemons start often has."""
        seen = self._surroundings(rig).get("umask") or "-1"
        said = f"The command's umask is {seen}; the worker's own is {_MASK:04o}, the usual one 0022."
        check(int(seen, 8) in (_MASK, 0o022), said)

    def test_signals_have_their_defaults(self, rig: Rig) -> None:
        """No signal is ignored or blocked from the start: a pipe that breaks ends its writer, TERM is heard."""
        seen = self._surroundings(rig)
        for name in ("SigIgn", "SigBlk"):
            mask = int(seen.get(name, "-1"), 16)
            bad = [number for number in range(1, 32) if mask >> (number - 1) & 1]
            check(mask >= 0, f"The sample 'prints_surroundings' does not say {name}.")
            check(not bad, f"The command starts with the signals {bad} {'ignored' if name == 'SigIgn' else 'blocked'}.")

    def test_the_folder_is_the_runs_own(self, rig: Rig) -> None:
        """Without a `cwd` a command works in a folder of its run, not in the worker's."""
        sample = rig.sample("prints_surroundings")

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs = [await rig.submit(worker, rig.order(rig.job(sample))) for _ in range(2)]
                return await rig.finish_all(runs)

        folders = [read(got.log).get("cwd", "") for got in asyncio.run(life())]
        check(folders[0] != folders[1], f"Two runs work in one folder, {folders[0]}.")
        check(os.getcwd() not in folders, f"The command works in the worker's own folder, {os.getcwd()}.")

    def test_a_folder_that_was_asked_for(self, rig: Rig) -> None:
        """XAttrs.cwd says where the command works."""
        wanted = os.path.realpath(rig.folder.parent)
        got = rig.run(rig.job(rig.sample("prints_surroundings"), xattrs={"cwd": wanted}))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_surroundings' with a cwd")
        seen = read(got.log).get("cwd", "")
        check(os.path.realpath(seen) == wanted, f"XAttrs.cwd is {wanted}; the command works in {seen}.")

    # ---------------------------------------------------------------- what all of them share

    def _surroundings(self, rig: Rig) -> dict[str, str]:
        sample = rig.sample("prints_surroundings")

        def see() -> dict[str, str]:
            with _planted(rig.folder / "planted"):
                got = rig.run(rig.job(sample))
            expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_surroundings'")
            return read(got.log)

        return rig.once("surroundings", see)


def read(log: bytes) -> dict[str, str]:
    """The lines `name=value` of a log."""
    pairs = (line.partition("=") for line in log.decode(errors="replace").splitlines())
    return {name: value.strip() for name, _, value in pairs}


@contextmanager
def _planted(path: Path) -> Generator[None]:
    """For the block this process has an inheritable descriptor and a mask of its own, as a careless worker has."""
    path.touch()
    file, mask = os.open(path, os.O_RDONLY), os.umask(_MASK)
    try:
        os.dup2(file, _PLANTED, inheritable=True)
        yield
    finally:
        os.umask(mask)
        os.close(_PLANTED)
        os.close(file)
