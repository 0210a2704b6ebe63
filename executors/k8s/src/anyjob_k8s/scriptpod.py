"""A script in a pod of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from anyjob_k8s.parts import Parts, companions_of, mounted, secret_items
from anyjob_k8s.pod import OurPod, script_job
from anyjob_k8s.resource import INTERPRETERS
from anyjob_k8s.variables import variables_of

if TYPE_CHECKING:
    from anyjob.run import RunFacts
    from anyjob_k8s.spec import K8sSpec

__all__ = ["script_parts"]

_SCRIPT: Final = "script"


def script_parts(run: RunFacts, spec: K8sSpec, namespace: str, remaining: int | None) -> Parts:
    """The Job of a script, its ConfigMap, and a Secret where the run has secrets.

    Raises BadJob, PasteRefused, SecretMissing.
    """
    folder = spec.mount_path
    env = run.variables()
    if spec.resource == "python":
        env.setdefault("PYTHONUNBUFFERED", "1")  # else the log comes when the script is over
    variables = variables_of(run, env, folder)
    companions = companions_of(
        run, namespace, variables, {_SCRIPT: spec.text(run).encode()}, field="Content", what="a script"
    )
    sources: list[dict[str, Any]] = [
        {"configMap": {"name": run.name, "items": [{"key": _SCRIPT, "path": _SCRIPT}]}},
    ]
    if variables.files:
        sources.append({"secret": {"name": run.name, "items": secret_items(variables)}})
    volume, mount = mounted("anyjob", folder, sources)
    shard = [] if run.shard is None else [str(run.shard.id), run.shard.parameter]
    assert spec.image is not None
    pod = OurPod(
        image=spec.image,
        argv=[*(spec.command or (INTERPRETERS[spec.resource],)), f"{folder}/{_SCRIPT}", *shard],
        env=variables.entries,
        volumes=[volume],
        mounts=[mount],
        user=spec.run_as_user,
    )
    return Parts(main=script_job(run, spec, pod, namespace, remaining), companions=companions)
