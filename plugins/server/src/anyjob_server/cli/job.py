"""`anyjob job`: the jobs of a server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import AsJson, JobName, Sets
from anyjob_server.cli.options import Group, JobWord, JobWords, Namespace, Quiet, Server, State, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anyjob.outcome import Json
    from anyjob_server.client.client import Client
    from anyjob_server.client.jobfile import JobFile
    from anyjob_server.client.jobinfo import JobInfo

__all__ = ["job"]

job = typer.Typer(no_args_is_help=True, help="Make, show and fire the jobs of a server.")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Jobs in YAML or JSON; - reads standard input.")]


@job.command("create")
def create(
    files: Files,
    sets: Sets = None,
    name: JobName = None,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Update those whose names are there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make jobs of files, as `anyjob run` reads them.

    What the files say of Namespace and GroupId holds, unless --namespace and --group say otherwise. All are checked by
    the server, and all that is wrong is told, before the first is made. With --replace a job whose name is there
    already is updated: what its file says is set, its Status too, and what it does not say stays. It keeps its type: a
    file that says another is refused. What else is wrong with an update is told when its turn comes.
    """
    from anyjob.cli.page import print_json
    from anyjob_server.cli.jobcheck import refuse, refuse_bad
    from anyjob_server.cli.jobfiles import named, read_each
    from anyjob_server.cli.opened import opened

    jobs, wrong = read_each(files, sets or [])
    if not jobs:
        refuse(wrong)
    if name is not None:
        jobs = named(jobs, name, files)
    made: list[Json] = []
    with opened(server, namespace, group, state) as client:
        try:
            known = [_known(client, one) if replace else None for one in jobs]
            refuse_bad(client, jobs, known, wrong)
            for one, there in zip(jobs, known, strict=True):
                made.append(_made(client, one, there, as_json=as_json))
        finally:
            if as_json:
                print_json({"jobs": made})


def _known(client: Client, one: JobFile) -> JobInfo | None:
    from anyjob_server.client.errors import UnknownJob

    try:
        return client.of_file(one).job(one.name) if one.name else None
    except UnknownJob:
        return None


def _made(client: Client, one: JobFile, there: JobInfo | None, *, as_json: bool) -> Json:
    from anyjob.problem import short

    if there is None:
        ident = client.create_job(one)
    else:
        ident = there.id
        client.of_file(one).update_job(there, one)
    if not as_json:
        typer.echo(f"Job {ident} {short(one.name)!r} is {'made' if there is None else 'updated'}.")
    return {"id": ident, "name": one.name}


@job.command("list")
def list_(
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Only those that have it in their name.")] = "",
    status: Annotated[
        str | None, typer.Option("--status", metavar="WORD", help="Only those that are enabled, or disabled.")
    ] = None,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the jobs of an app group."""
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob.job import JobStatus
    from anyjob.problem import plain
    from anyjob_server.cli.opened import opened
    from anyjob_server.cli.words import one_of

    wanted = one_of("--status", status, {one.name.lower(): one for one in JobStatus})
    with opened(server, namespace, group, state) as client:
        jobs = [*client.jobs(name, wanted)]
        if as_json:
            print_json({"jobs": [_json(one) for one in jobs]})
            return
        page = Page()
        rows = [(str(one.id), one.name, one.job_type, _time(one), one.status.name.lower()) for one in jobs]
        scope = f"{client.target.namespace}/{client.target.group}"
        page.section(f"Jobs of {scope}", rows)
        page.show()
        if not rows:
            write(sys.stderr, f"anyjob: {plain(scope)} has no {'such ' if name or status else ''}jobs\n")


@job.command("show")
def show(
    word: JobWord,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a job as a file would have it, without what is default.

    With --json `job` is such a file: `anyjob job show a --json | jq .job | anyjob job create -`.
    """
    from anyjob.cli.page import Page, print_json
    from anyjob.problem import shown
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        found = client.job(word)
    if as_json:
        print_json(_json(found))
        return
    page = Page()
    rows = [
        ("" if number else name, line)
        for name, value in found.fields.items()
        for number, line in enumerate(_lines(shown(value)))
    ]
    page.section(f"Job {found.id}, {found.status.name.lower()}", rows)
    page.show()


@job.command("run")
def run(
    word: JobWord,
    parameters: Annotated[
        str,
        typer.Option(
            "--parameters",
            metavar="TEXT",
            help="What this one instance receives beside the job's own: $ANYJOB_INSTANCE_PARAMETERS; a sharding job's"
            " shards.",
        ),
    ] = "",
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    wait: Wait = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fire a job now, also one that is disabled.

    With --wait the exit status is that of `anyjob run`. With --json and --wait one object at the end, and no log.
    """
    from anyjob_server.cli.follow import tell
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        found = client.job(word)
        instance = client.execute(found.id, parameters)
        tell(client, instance, f"Job {found.name!r} is fired", wait=wait, quiet=quiet, as_json=as_json)


@job.command("enable")
def enable(
    words: JobWords,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let time fire jobs again."""
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        _each(client, words, client.enable, "is enabled", as_json=as_json)


@job.command("disable")
def disable(
    words: JobWords,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep time from firing jobs. What goes on, goes on; `anyjob job run` still fires them."""
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        _each(client, words, client.disable, "is disabled", as_json=as_json)


@job.command("delete")
def delete(
    words: JobWords,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take jobs away."""
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        _each(client, words, client.delete, "is deleted", as_json=as_json)


def _each(client: Client, words: Sequence[str], act: Callable[[int], None], said: str, *, as_json: bool) -> None:
    """All are looked up before the first is changed."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short

    found = [client.job(word) for word in words]
    for one in found:
        act(one.id)
        if not as_json:
            typer.echo(f"Job {one.id} {short(one.name)!r} {said}.")
    if as_json:
        print_json({"jobs": [{"id": one.id, "name": one.name} for one in found]})


def _time(one: JobInfo) -> str:
    from anyjob.job import Job

    job = Job.from_wire({"Name": one.name, "JobType": one.job_type, **one.fields})
    return f"{job.time_type.name.lower()} {job.time_expression} {job.timezone}".rstrip()


def _json(one: JobInfo) -> dict[str, Json]:
    return {"id": one.id, "name": one.name, "status": one.status.name.lower(), "job": dict(one.fields)}


def _lines(text: str) -> list[str]:
    return text.splitlines() or [""]
