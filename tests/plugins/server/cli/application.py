"""An application that dials in once, serves one name and answers each run with what it was started with:

python application.py JOB_TYPE NAME ANSWER
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any


def main(job_type: str, name: str, answer: str) -> None:
    host, _, port = os.environ["ANYJOB_APP"].removeprefix("tcp:").rpartition(":")
    with socket.create_connection((host, int(port))) as worker, worker.makefile("rw") as lines:

        def say(**message: Any) -> None:
            lines.write(json.dumps(message) + "\n")
            lines.flush()

        token = os.environ["ANYJOB_APP_TOKEN"]
        say(type="hello", protocols=[1], role="app", job_type=job_type, token=token, id="a", app="shop", names=[name])
        for line in lines:
            heard = json.loads(line)
            if "id" in heard:
                say(type="ok", re=heard["id"])
            if heard["type"] == "start":
                say(type="result", run=heard["run"], outcome={"cause": "succeeded", "result": answer})


if __name__ == "__main__":
    main(*sys.argv[1:])
