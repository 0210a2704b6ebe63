"""The jobs by which the conformance suite proves this executor. Python 3.8 or later, and its standard library."""

from __future__ import annotations

from typing import Final

from anyjob.outcome import Cause
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["SAMPLES"]

_OBEYS: Final = """
import signal, sys, time

def bye(number, frame):
    print("bye")
    sys.exit(0)

signal.signal(signal.SIGTERM, bye)
print("ready")
while True:
    time.sleep(0.05)
"""

_IGNORES: Final = """
import signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("ready")
while True:
    time.sleep(1)
"""

_STAYS: Final = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.close(os.open(sys.argv[1], os.O_CREAT))
time.sleep(300)
"""

_FORKS: Final = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = {_STAYS!r}
for number in range(4):
    if os.fork() == 0:
        # The second child of the fork belongs to nobody here any more.
        empty = number == 3
        argv = [sys.executable, "-S", "-c", code, f"up.{{number}}", os.environ["ANYJOB_PARAMETERS"] if empty else ""]
        null = subprocess.DEVNULL
        subprocess.Popen(argv, env={{}} if empty else None, start_new_session=True, stdout=null, stderr=null)
        os._exit(0)
while not all(os.path.exists(f"up.{{number}}") for number in range(4)):
    time.sleep(0.02)
print("ready")
time.sleep(300)
"""

_REMEMBERS: Final = """
import anyjob_job, time

def remember(word):
    with open(anyjob_job.parameters, "a") as file:
        file.write(f"{anyjob_job.run} {word}\\n")

remember("begin")
time.sleep(0.3)
remember("end")
"""

_WAITS: Final = """
import os, sys, time
for _ in range(600):
    if os.path.exists(sys.argv[1]):
        break
    time.sleep(0.1)
"""

_LEAVES: Final = f"""
import os, subprocess, sys
null = subprocess.DEVNULL
argv = [sys.executable, "-c", {_WAITS!r}, os.environ["ANYJOB_PARAMETERS"]]
subprocess.Popen(argv, start_new_session=True, stdin=null, stdout=null, stderr=null)
"""

_COUNTS: Final = """
import time
for number in range(1, 301):
    print(number)
    if number % 10 == 0:
        time.sleep(0.02)
"""

_SURROUNDINGS: Final = """
import os, subprocess, sys
print(f"stdin={len(sys.stdin.read())}")
umask = os.umask(0)
os.umask(umask)
print(f"umask={umask:04o}")
print(f"cwd={os.getcwd()}")
listing = os.open("/proc/self/fd", os.O_RDONLY)
print("fds=" + " ".join(name for name in sorted(os.listdir(listing), key=int) if int(name) != listing))
os.close(listing)
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
    print("tty=yes")
except OSError:
    print("tty=no")
# Of a child, which inherits what Python was started with: Python itself ignores SIGPIPE and SIGXFSZ.
said = subprocess.run(["cat", "/proc/self/status"], stdout=subprocess.PIPE).stdout.decode()
for line in said.splitlines():
    if line.startswith(("SigIgn:", "SigBlk:")):
        print("=".join(line.split(":", 1)).replace("\\t", "").strip())
"""

_FLOODS: Final = """
import sys
lines = "0123456789abcde\\n" * 5000
for _ in range(100):
    sys.stdout.write(lines)
"""

_SHOWS: Final = """
import base64, json, sys, time, urllib.parse
import anyjob_job
token = anyjob_job.secret("TOKEN")
print("plain", token)
print(base64.b64encode(token.encode()).decode())
print(base64.b64encode(b"x" + token.encode()).decode())
print(urllib.parse.quote(token))
print(json.dumps(token))
sys.stdout.write(token[:5])
time.sleep(0.1)
print(token[5:])
print(len(token))
"""

_PROGRESSES: Final = """
import anyjob_job, time
for done in (1, 2, 3):
    anyjob_job.progress(done, 3)
    time.sleep(0.05)
"""

_STARTS_PROCESSES: Final = """
import os, time
children = []
for _ in range(40):
    child = os.fork()
    if child == 0:
        time.sleep(0.7)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""

_BURNS: Final = """
import time
start, used = time.monotonic(), time.process_time()
while time.monotonic() - start < 1:
    sum(range(10000))
print(time.process_time() - used, time.monotonic() - start)
"""

SAMPLES = Samples(
    succeeds=Sample({"Content": "print('first')\nprint('hello')"}, result="hello"),
    fails=Sample({"Content": "import sys\nprint('no')\nsys.exit(3)"}, cause=Cause.EXIT_CODE, code=3),
    exits=Sample({"Content": "import anyjob_job, sys\nsys.exit(int(anyjob_job.parameters))"}),
    dies=Sample({"Content": "import os\nos.kill(os.getpid(), 9)"}),
    echoes=Sample({"Content": "import anyjob_job\nprint(anyjob_job.instance_parameters)"}),
    sleeps=Sample({"Content": "import time\ntime.sleep(300)"}),
    obeys=Sample({"Content": _OBEYS}),
    ignores=Sample({"Content": _IGNORES}),
    forks=Sample({"Content": _FORKS}),
    remembers=Sample({"Content": _REMEMBERS}),
    leaves=Sample({"Content": _LEAVES}),
    counts=Sample({"Content": _COUNTS}, size=300),
    floods=Sample({"Content": _FLOODS}, size=8_000_000),
    long_line=Sample(
        {"Content": "import sys\nfor _ in range(8):\n    sys.stdout.write('x' * 1_000_000)"}, size=8_000_000
    ),
    bad_bytes=Sample(
        {"Content": "import sys\nsys.stdout.buffer.write(b'a\\xff\\xfe\\0\\x1b[31m\\x80z\\n')"},
        raw=b"a\xff\xfe\0\x1b[31m\x80z\n",
    ),
    gbk=Sample({"Content": "print('中文')", "XAttrs": {"encoding": "gbk"}}, raw="中文\n".encode("gbk"), result="中文"),
    prints_environment=Sample(
        {"Content": "import os\nfor name in os.environ:\n    print(f'{name}={os.environ[name]}')"}
    ),
    prints_surroundings=Sample({"Content": _SURROUNDINGS}),
    prints_placeholders=Sample(
        {"Content": "\n".join(f'print("""{name}=#{{schedulerx.{name}}}""")' for name in PLACEHOLDERS)}
    ),
    prints_shard=Sample({"Content": "import anyjob_job, sys\nprint(*sys.argv[1:], anyjob_job.shard.total)"}),
    returns_outputs=Sample(
        {"Content": "import anyjob_job\nanyjob_job.result({'answer': 42, 'words': ['a', 'b']})"},
        outputs={"answer": 42, "words": ["a", "b"]},
    ),
    progresses=Sample({"Content": _PROGRESSES}),
    shows_secret=Sample({"Content": _SHOWS}),
    missing_dependency=Sample(
        {"Content": "print(1)", "XAttrs": {"command": "no-such-interpreter"}}, names="no-such-interpreter"
    ),
    eats_memory=Sample({"Content": "print(len(b'x' * 100_000_000))"}),
    starts_processes=Sample({"Content": _STARTS_PROCESSES}),
    burns=Sample({"Content": _BURNS}),
    bad_jobs=[
        BadSample({}, "Content"),
        BadSample({"Content": "  "}, "Content"),
        BadSample({"Content": "print(1)\0"}, "Content"),
        BadSample({"Content": "# coding: klingon"}, "Content"),
        BadSample({"Content": "print(1)", "XAttrs": {"fileFormat": "mac"}}, "XAttrs.fileFormat"),
        BadSample({"Content": "print(1)", "XAttrs": {"command": ""}}, "XAttrs.command"),
        BadSample({"Content": "print(1)", "XAttrs": {"command": "venv/bin/python"}}, "XAttrs.command"),
        BadSample({"Content": "print(1)", "XAttrs": {"commnad": "python3"}}, "XAttrs.commnad"),
        BadSample({"Content": "print(1)", "XAttrs": {"warm": "hot"}}, "XAttrs.warm"),
        BadSample({"Content": "print(1)", "XAttrs": {"preload": ["os; import sys"]}}, "XAttrs.preload[0]"),
        BadSample({"Content": "print(1)", "XAttrs": {"requirements": "requests"}}, "XAttrs.requirements"),
        BadSample({"Content": "print(1)", "XAttrs": {"requirements": ["not a name"]}}, "XAttrs.requirements[0]"),
        BadSample({"Content": "print(1)", "XAttrs": {"requirements": ["--index-url x"]}}, "XAttrs.requirements[0]"),
        BadSample({"Content": "print(1)", "XAttrs": {"requirements": ["x @ file:///etc"]}}, "XAttrs.requirements[0]"),
        BadSample({"Content": "print(1)", "XAttrs": {"encoding": "klingon"}}, "XAttrs.encoding"),
    ],
)
"""One job for each behaviour."""
