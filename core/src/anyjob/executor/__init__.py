"""The executor contract. For plugin authors: `base` (the four verbs), `command`, `function`, `app`, `launcher`; the
values beside them. For authors of launchers also `returned` and `progress`: what a command leaves in its run's
folder."""

from anyjob.executor.app import AppExecutor, Attached, Own, Shared, Target
from anyjob.executor.base import COMMAND_KEYS, Executor, RemoteExecutor, Stage
from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Limit, Phase
from anyjob.executor.command import RUN_FOLDER, Command, CommandExecutor, Exit, Leftovers, Warm
from anyjob.executor.environment import base_environment
from anyjob.executor.function import FunctionExecutor
from anyjob.executor.handle import HANDLE_LIMIT, Handle, Scope
from anyjob.executor.launcher import Launcher, Options, Place
from anyjob.executor.progress import ProgressReader
from anyjob.executor.returned import RESULT_LIMIT, Returned, read_returned, with_map
from anyjob.executor.said import OUTCOME_FILE, START_FILE
from anyjob.executor.services import Apps, SeenApp, Services, State

__all__ = [
    "COMMAND_KEYS",
    "HANDLE_LIMIT",
    "OUTCOME_FILE",
    "RESULT_LIMIT",
    "RUN_FOLDER",
    "START_FILE",
    "AppExecutor",
    "Apps",
    "Attached",
    "Capabilities",
    "Command",
    "CommandExecutor",
    "DeadlineBy",
    "Executor",
    "Exit",
    "FunctionExecutor",
    "Handle",
    "Health",
    "Launcher",
    "Leftovers",
    "Limit",
    "Options",
    "Own",
    "Phase",
    "Place",
    "ProgressReader",
    "RemoteExecutor",
    "Returned",
    "Scope",
    "SeenApp",
    "Services",
    "Shared",
    "Stage",
    "State",
    "Target",
    "Warm",
    "base_environment",
    "read_returned",
    "with_map",
]
