"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, hookimpl


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """The server, and the commands that speak to one."""
    cli = "anyjob_server.cli"
    return [
        CommandType(
            name="serve",
            command=f"{cli}.serve:serve",
            help="Run the server: API, scheduler and a worker.",
            part="server",
            settings="anyjob_server.settings:ServerSettings",
        ),
        CommandType(
            name="up", command=f"{cli}.up:up", help="Serve, make the jobs of files, run them, show their ends."
        ),
        CommandType(name="job", command=f"{cli}.job:job", help="Make, show and fire the jobs of a server."),
        CommandType(
            name="instance", command=f"{cli}.instance:instance", help="Show, follow, stop and retry what was fired."
        ),
        CommandType(name="why", command=f"{cli}.why:why", help="When a job fires next, and why it did not."),
        CommandType(
            name="status",
            command=f"{cli}.status:status",
            help="How a server stands: what runs, what waits, what is not well.",
        ),
        CommandType(name="alert", command=f"{cli}.alert:alert", help="What people are to be told of."),
        CommandType(name="hold", command=f"{cli}.hold:hold", help="The brake: have a server begin nothing new."),
        CommandType(name="audit", command=f"{cli}.audit:audit", help="Who changed what, and what was refused to whom."),
        CommandType(
            name="namespace",
            command=f"{cli}.namespace:namespace",
            help="Make, list and delete the namespaces of a server.",
        ),
        CommandType(
            name="group",
            command=f"{cli}.group:group",
            help="Make, show and delete the app groups of a namespace.",
        ),
        CommandType(name="key", command=f"{cli}.key:key", help="Make, list and revoke the access keys of a server."),
        CommandType(name="backup", command=f"{cli}.backup:backup", help="Copy a server's memory, also while it runs."),
        CommandType(name="restore", command=f"{cli}.backup:restore", help="Put a backup of a server back."),
        CommandType(name="cron", command=f"{cli}.cron:cron", help="When a cron expression fires."),
    ]
