"""A manifest or a custom template of a user, for one run.

Source: Kubernetes, Jobs, activeDeadlineSeconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from anyjob_k8s.adopt import adopted
from anyjob_k8s.manifest import Manifest, walked
from anyjob_k8s.objects import part
from anyjob_k8s.parts import Parts, companions_of, mounted
from anyjob_k8s.template import name_config_map, script_key
from anyjob_k8s.variables import SECRETS, variables_of

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob.run import RunFacts
    from anyjob_k8s.objects import K8sObject
    from anyjob_k8s.spec import K8sSpec

__all__ = ["filled", "manifest_parts"]

_VOLUME: Final = "anyjob-secrets"


def filled(run: RunFacts, manifest: Manifest) -> Manifest:
    """The manifest of one run, with placeholders filled in its texts; its structure is what it was. Raises
    PasteRefused."""

    def fill(key: str, value: Json) -> Json:
        del key
        return run.fill(value) if isinstance(value, str) else value

    return Manifest(cast("K8sObject", walked(manifest.body, fill)), manifest.kind)


def manifest_parts(run: RunFacts, spec: K8sSpec, manifest: Manifest, namespace: str, remaining: int | None) -> Parts:
    """The user's object made the run's, a ConfigMap for the script of a template, and a Secret where the run has
    secrets. `manifest` is filled. Raises BadJob, PasteRefused, SecretMissing.
    """
    folder = f"{spec.mount_path}/{SECRETS}"
    variables = variables_of(run, run.variables(), spec.mount_path)
    script: dict[str, bytes] = {}
    if spec.is_script:
        name_config_map(manifest.pod, run.name)
        script = {script_key(spec.resource, run.job_id): spec.text(run).encode()}
    companions = companions_of(run, namespace, variables, script, field="Content", what="a script")
    secrets: tuple[dict[str, Any], dict[str, Any]] | None = None
    if variables.files:
        items = [{"key": name, "path": name} for name in variables.files]
        secrets = mounted(_VOLUME, folder, [{"secret": {"name": run.name, "items": items}}])
    main = adopted(run, manifest, namespace, env=variables.entries, pull_policy=spec.pull_policy, mounted=secrets)
    if spec.is_script and remaining is not None:
        # The script is the job's and so is its time; what the template itself says counts for more.
        pod = part(main, "spec", "template", "spec") if manifest.kind == "Job" else part(main, "spec")
        cast("dict[str, Any]", pod).setdefault("activeDeadlineSeconds", remaining)
    return Parts(main=main, companions=companions)
