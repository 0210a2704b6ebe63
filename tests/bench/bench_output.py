"""Much output: how fast against the child writing the same file alone, what it costs in memory, what a quota keeps.

    python -m tests.bench.bench_output [--full] [--lines 500] [--line 250] [--pairs 5] [--state DIR]

`--full`: 2 000 MB in lines and one line of 1 000 MB. The child copies a block of 64 MB over and over, so that the page
cache is the limit and not the child. The bare side is the same script with the file as its output, opened to append.
Files are deleted after each run.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.ground import Ground, arguments, ground, pss, servants
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.log import read_log
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

BLOCK = 64 << 20
MB = 1_000_000
QUOTA = 10 << 20
LINE = b"the quick brown fox jumps over the lazy dog 0123456789\n"


@dataclass
class Memory:
    """Proportional memory of the worker and its servants: before, and at most."""

    before: int
    most: int = 0
    pids: list[int] = field(default_factory=list[int])

    @property
    def growth(self) -> int:
        return self.most - self.before


@asynccontextmanager
async def watched(state: Path) -> AsyncGenerator[Memory]:
    """Look 20 times a second."""
    pids = [os.getpid(), *servants(state)]
    memory = Memory(before=sum(map(pss, pids)), pids=pids)

    async def look() -> None:
        while True:
            memory.most = max(memory.most, sum(map(pss, pids)))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(look())
    try:
        yield memory
    finally:
        task.cancel()


def script(block: Path, size: int) -> str:
    """Writes `size` bytes."""
    whole, rest = divmod(size, BLOCK)
    return f"i=0; while [ $i -lt {whole} ]; do cat {block}; i=$((i+1)); done; head -c {rest} {block}"


def bare(text: str, file: Path) -> float:
    """Seconds of the child alone."""
    start = time.perf_counter()
    with file.open("ab") as log:
        subprocess.run(["sh", "-c", text], stdout=log, stdin=subprocess.DEVNULL, start_new_session=True, check=True)
    took = time.perf_counter() - start
    file.unlink()
    return took


async def anyjob(worker: Worker, text: str, quota: str, number: int) -> tuple[float, Path]:
    """Seconds until the outcome is there, and the log."""
    job = Job(name="output", job_type="shell", content=text, xattrs={"logQuota": quota})
    start = time.perf_counter()
    run = await worker.submit(RunOrder(job=job, instance=number))
    outcome = await run.outcome()
    took = time.perf_counter() - start
    assert outcome.ok, outcome
    worker.forget(run.name)
    return took, worker.folder.runs / run.name / "log"


def check_whole(log: Path, size: int) -> None:
    """Nothing is missing."""
    assert log.stat().st_size == size, f"the log has {log.stat().st_size} bytes, the child wrote {size}"


def check_quota(log: Path, size: int, block: bytes) -> float:
    """MiB that stayed. Head and tail are there, byte for byte, and little else."""
    check_whole(log, size)
    kept = log.stat().st_blocks * 512
    head = read_log(log, 0, 1 << 20)[1]
    missing, tail = read_log(log, size // 2, 1 << 30)
    end = size % BLOCK
    assert head == block[: 1 << 20], "the head was changed"
    assert QUOTA // 4 < len(tail) <= end, f"the tail has {len(tail)} bytes"
    assert tail == block[end - len(tail) : end], "the tail was changed"
    assert missing > 0
    return kept / (1 << 20)


async def compare(name: str, block: Path, size: int, quota: str, pairs: int, line: str, state: Path) -> None:
    """Print the rows of one kind of output."""
    text = script(block, size)
    ratios: list[float] = []
    speeds: list[float] = []
    bares: list[float] = []
    growths: list[float] = []
    kept: list[float] = []
    async with Worker(PluginHost.load(), state) as worker:
        await anyjob(worker, "echo warm", quota, 1)
        for pair in range(pairs):
            left = await asyncio.to_thread(bare, text, state / "bare") if pair % 2 else 0.0
            async with watched(state) as memory:
                took, log = await anyjob(worker, text, quota, pair + 2)
            if quota == "10Mi":
                kept.append(check_quota(log, size, block.read_bytes()))
            else:
                check_whole(log, size)
            log.unlink()
            left = left or await asyncio.to_thread(bare, text, state / "bare")
            ratios.append(left / took)
            bares.append(size / left / MB)
            speeds.append(size / took / MB)
            growths.append(memory.growth / MB)
    what = f"{size // MB} MB {name}"
    tell(what, speeds, "MB/s", peer="the child alone", of_peer=bares, ratio=ratios, line=line, issue=3)
    tell(f"{what}: worker and shim grow by at most", max(growths), "MB", line="output-growth")
    if kept:
        tell(f"{what}: stays on disk, head and tail byte for byte", kept, "MiB", line="output-quota")


def blocks(lent: Ground) -> tuple[Path, Path]:
    """A block of lines, and one without a single line end."""
    lines, line = lent.top / "lines", lent.top / "line"
    lines.write_bytes((LINE * (BLOCK // len(LINE) + 1))[:BLOCK])
    line.write_bytes(b"x" * BLOCK)
    return lines, line


def main() -> None:
    """Every row."""
    words = arguments(__doc__)
    words.add_argument("--full", action="store_true", help="2 000 MB in lines, one line of 1 000 MB")
    words.add_argument("--lines", type=int, default=500, help="MB in lines")
    words.add_argument("--line", type=int, default=250, help="MB in one line")
    words.add_argument("--pairs", type=int, default=5)
    given = words.parse_args()
    many, one = (2000 * MB, 1000 * MB) if given.full else (given.lines * MB, given.line * MB)
    with ground(given.state) as lent:
        disk = os.statvfs(lent.top)
        if disk.f_bavail * disk.f_frsize < 2 * many + (1 << 30):
            raise SystemExit(f"{lent.top} has too little room; choose another place with --state, or less output")
        lines, line = blocks(lent)
        asyncio.run(compare("in lines", lines, many, "8Gi", given.pairs, "output-lines", lent.folder()))
        asyncio.run(compare("in one line", line, one, "8Gi", given.pairs, "output-one-line", lent.folder()))
        asyncio.run(compare("in lines, quota 10 MiB", lines, many, "10Mi", given.pairs, "", lent.folder()))


if __name__ == "__main__":
    main()
