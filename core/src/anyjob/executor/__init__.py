"""The executor contract. For plugin authors: `base` (the four verbs), `command`, `function`, `launcher`; the values
beside them."""

from anyjob.executor.app import AppExecutor, Attached, Own, Shared
from anyjob.executor.base import Executor, RemoteExecutor, Stage
from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Phase
from anyjob.executor.command import Command, CommandExecutor, Exit, Warm
from anyjob.executor.function import FunctionExecutor
from anyjob.executor.handle import Handle, Scope
from anyjob.executor.launcher import Launcher, Options, Place
from anyjob.executor.services import Apps, SeenApp, Services, State

__all__ = [
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
    "Options",
    "Own",
    "Phase",
    "Place",
    "RemoteExecutor",
    "Scope",
    "SeenApp",
    "Services",
    "Shared",
    "Stage",
    "State",
    "Warm",
]
