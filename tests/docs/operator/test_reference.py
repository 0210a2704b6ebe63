"""docs/serve.md and docs/trust.md: their commands, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.docs.fences import blocks
from tests.docs.operator.house import House
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.cli.test_serve import certificate

from anyjob.outcome import Json
from anyjob_server.client.client import Client
from anyjob_server.client.errors import NotSigned
from anyjob_server.client.target import Target


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.clean()


def test_the_commands_of_serve(house: House) -> None:
    serve, keys, tls = (text for text in blocks("plugins/server/docs/serve.md", "sh"))
    assert serve == "anyjob serve\n"
    assert house.serve().startswith("anyjob: serving http://127.0.0.1:")
    create, show, revoke = keys.splitlines()
    key = re.findall(r"Access key (\w+)\.", house.call(create))[0]
    assert key in house.call(show)
    assert f"Access key {key} is revoked." in house.call(revoke.replace("KEY", key))
    house.end_by_hand()
    cert, secret = certificate(house.folder)
    Path(cert).rename(house.folder / "etc" / "chain.pem")
    Path(secret).rename(house.folder / "etc" / "key.pem")
    words = house.here(tls).replace("0.0.0.0:7780", "0.0.0.0:0").split()
    assert words[:2] == ["anyjob", "serve"]
    assert house.serve(*words[2:]).startswith("anyjob: serving https://")
    house.end_by_hand()


@pytest.mark.needs("postgres")
def test_the_commands_of_the_store(house: House, postgres: Postgres) -> None:
    """But for the install, which is that of the extra: this environment has it."""
    install, make, serve = blocks("plugins/server/docs/store.md", "sh")[0].splitlines()
    asked = re.fullmatch(r"pip install '(.+)'", install)
    assert asked is not None
    needed = [Requirement(text) for text in requires("anyjob-server") or []]
    more = [one for one in needed if one.marker and one.marker.evaluate({"extra": "postgresql"})]
    named = Requirement(asked[1])
    assert [(one.name, one.extras, one.specifier) for one in more] == [(named.name, named.extras, named.specifier)]
    assert version(named.name)
    url = postgres.url("anyjob")
    house.environment.update(PGHOST=str(postgres.dir / "postgres"), PGUSER="postgres")
    house.call(make)
    try:
        assert serve.endswith(" postgresql://USER@HOST/anyjob")
        assert house.serve(*serve.split()[2:-1], url).startswith("anyjob: serving http://127.0.0.1:")
        assert "postgresql" in house.call("anyjob status --json")
        house.end_by_hand()
    finally:
        postgres.drop(url)


def test_the_keys_of_the_page_may_do_what_it_says(house: House) -> None:
    """The one is kept to its app group, the other to its policy, statement by statement."""
    (commands,) = blocks("plugins/server/docs/trust.md", "sh")
    (policy,) = blocks("plugins/server/docs/trust.md", "json")
    (house.folder / "policy.json").write_text(policy)
    house.settings.write_text(f'{house.settings.read_text()}[worker.users]\ndefault = ["daemon"]\n')
    house.serve()
    with house.client() as client:
        client.call("CreateNamespace", {"Namespace": None, "GroupId": None, "Name": "prod", "Uid": "prod"})
        client.call("CreateAppGroup", {"Namespace": "prod", "GroupId": "billing", "AppName": "billing"})
    said = house.call(commands)
    assert "4 statements" in house.call("anyjob key list")
    keys = zip(re.findall(r"KEY_ID=(\S+)", said), re.findall(r"KEY_SECRET=(\S+)", said), strict=True)
    scoped, ci = [Target(url=house.url, key=key, secret=secret) for key, secret in keys]

    def may(target: Target, action: str, where: str = "default/default", **fields: Json) -> bool:
        namespace, group = where.split("/")
        with Client(replace(target, namespace=namespace, group=group)) as client:
            try:
                client.call(action, fields)
            except NotSigned as refused:
                if refused.code != "NoPermission":
                    raise
                return False
            return True

    def may_create(target: Target, job_type: str, where: str = "default/default", **xattrs: Json) -> bool:
        job: dict[str, Json] = {"JobType": job_type, "ExecuteMode": "standalone", "TimeType": 100, "Content": "true"}
        return may(target, "CreateJob", where, Name=f"{job_type}-{len(xattrs)}", **job, XAttrs=xattrs)

    assert may_create(scoped, "shell", "prod/billing")
    assert not may_create(scoped, "shell")
    assert may(ci, "ListJobs")
    assert may(ci, "GetJobInstanceList")
    assert may_create(ci, "shell")
    assert not may_create(ci, "python")
    assert not may_create(ci, "shell", user="daemon")
    assert not may_create(ci, "shell", launcher="docker", image="busybox")
    assert not may(ci, "ListJobs", "prod/billing")
    house.end_by_hand()
