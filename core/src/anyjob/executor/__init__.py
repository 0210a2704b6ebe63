"""The executor contract. For plugin authors: `base` (the four verbs), `command`, `function`, `launcher`; the values
beside them."""

from anyjob.executor.base import Executor, RemoteExecutor, Stage
from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Phase
from anyjob.executor.command import Command, CommandExecutor, Exit, Warm
from anyjob.executor.function import FunctionExecutor
from anyjob.executor.handle import Handle, Scope
from anyjob.executor.launcher import Launcher, Options, Place
from anyjob.executor.services import Services, State

__all__ = [
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
    "Phase",
    "Place",
    "RemoteExecutor",
    "Scope",
    "Services",
    "Stage",
    "State",
    "Warm",
]
