"""Commands in containers of a Docker engine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.executor import Capabilities, Command, DeadlineBy, Exit, Handle, Health, Launcher, Scope, Stage
from anyjob.executor.capabilities import Limit
from anyjob.executor.progress import ProgressReader
from anyjob.executor.returned import read_returned
from anyjob.executor.said import OUTCOME_FILE
from anyjob.job import BadJob
from anyjob.outcome import Cause, Evidence, Json, StopReport, Strength
from anyjob.problem import Problem
from anyjob_docker.address import Address, BadAddress, find_address
from anyjob_docker.container import plan
from anyjob_docker.credentials import read_credentials
from anyjob_docker.ends import Seen, gone, judge
from anyjob_docker.engine import RUN_LABEL, Engine
from anyjob_docker.entryfile import EntryFile, entry_file
from anyjob_docker.folder import HostFolder
from anyjob_docker.imagecommand import ImageCommand
from anyjob_docker.options import DockerOptions
from anyjob_docker.peer import engine_started
from anyjob_docker.policy import refusals, secret_problem
from anyjob_docker.pump import Pump
from anyjob_docker.refusal import problems_exit, refused_exit
from anyjob_docker.settings import DockerSettings
from anyjob_docker.starting import Started, Starting
from anyjob_docker.trouble import EngineAway, EngineRefused
from anyjob_docker.watches import LIVE, Watch

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["DockerLauncher"]
