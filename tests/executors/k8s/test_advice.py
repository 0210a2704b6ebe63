"""What Kubernetes says without naming a field, told with the field and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.executors.k8s.replay import Recording
from tests.executors.k8s.test_refusal import ANSWERS, fault

from anyjob_k8s.client import Login, NoCluster
from anyjob_k8s.judge import judge, judge_refusal

ABSENT = "absent, which is not there; create it"
ADVICE: dict[str, tuple[str, str, str]] = {
    "no_command_on_path": (
        "XAttrs.image",
        "container main of the manifest",
        "'nosuch' is not in image busybox:test; install it there, or name another",
    ),
    "not_executable": (
        "XAttrs.image",
        "container main of the manifest",
        "'/etc/passwd' cannot be executed in image busybox:test; make it a program there, or name another",
    ),
    "pull_not_found": (
        "XAttrs.image",
        "container main of the manifest",
        "image localhost:5000/absent:1 is not in its registry; push it, or correct its name or tag",
    ),
    "pull_unauthorized": (
        "XAttrs.image",
        "container main of the manifest",
        "image localhost:5000/unauthorized:1 is not given to this cluster; correct the name, or name the registry's",
    ),
    "pull_no_host": (
        "XAttrs.image",
        "container main of the manifest",
        "image registry.invalid/it:1 could not be pulled; see that the nodes reach its registry",
    ),
    "never_pull": ("XAttrs.image", "container main of the manifest", "image absent:1 is not on the node; load it"),
    "invalid_name": ("XAttrs.image", "container main of the manifest", "UPPER:1 is no name of an image; write one"),
    "no_service_account": (
        "XAttrs.serviceAccount",
        "serviceAccountName of the manifest",
        f"names the ServiceAccount {ABSENT} in the run's namespace",
    ),
    "no_priority_class": (
        "XAttrs.priorityClass",
        "priorityClassName of the manifest",
        f"names the PriorityClass {ABSENT}, or name another",
    ),
    "no_secret": (
        "XAttrs.secretEnv or XAttrs.envFrom",
        "env, envFrom or volumes of the manifest",
        f"names the Secret {ABSENT}",
    ),
    "no_secret_key": (
        "XAttrs.secretEnv or XAttrs.envFrom",
        "env, envFrom or volumes of the manifest",
        "names the key absent of Secret ns/there, which has none of that name; add it there",
    ),
    "no_config_map": (
        "XAttrs.configMapEnv or XAttrs.envFrom",
        "env, envFrom or volumes of the manifest",
        f"names the ConfigMap {ABSENT}",
    ),
    "root_refused": (
        "XAttrs.runAsUser (commands: XAttrs.user)",
        "securityContext.runAsUser of the manifest",
        "is not set, and the image would run as root",
    ),
}
"""Recordings; where the job writes what is wrong, in pods of ours and in manifests; and what is said of it."""


@pytest.mark.parametrize("name", ADVICE)
def test_a_run_that_cannot_begin_names_the_field_and_the_remedy_beside_the_clusters_words(name: str) -> None:
    *places, words = ADVICE[name]
    for ours, place in zip((True, False), places, strict=True):
        verdict = judge(Recording.of(name).last(ours=ours, later=400))
        assert verdict is not None
        first, *raw = verdict.evidence
        assert (first.source, first.text[: len(words)]) == (place, words)
        assert any(item.source.startswith(("container", "event")) for item in raw)


def test_what_ran_is_advised_of_nothing_whatever_it_wrote() -> None:
    verdict = judge(Recording.of("last_words").last(ours=True))
    assert verdict is not None
    assert [item.source for item in verdict.evidence] == ["container main", "container main"]


def test_the_schedulers_sentence_is_told_once() -> None:
    verdict = judge(Recording.of("no_room").last(ours=True, later=400))
    assert verdict is not None
    assert sum("1 Insufficient cpu" in item.text for item in verdict.evidence) == 1


def test_a_namespace_that_is_not_there_names_its_key_and_the_call_once() -> None:
    (item,) = judge_refusal(fault(ANSWERS["no_namespace"])).evidence
    assert "create jobs" not in item.source
    assert item.text.count("create jobs") == 1
    assert "XAttrs.namespace" in item.text
    assert item.text.endswith("names the namespace ns, which is not there; create it, or name another")


def test_a_missing_account_of_a_pod_names_both_of_its_keys() -> None:
    (item,) = judge_refusal(fault(ANSWERS["no_service_account_pod"])).evidence
    assert "XAttrs.serviceAccount, or serviceAccountName of a manifest names the ServiceAccount absent" in item.text


def test_missing_rights_point_to_the_whole_role() -> None:
    (item,) = judge_refusal(fault(ANSWERS["rights"])).evidence
    assert item.text.endswith("the Role in anyjob-k8s's README, under Rights")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist. Set KUBECONFIG"),
        (" \n", "is empty. Set KUBECONFIG"),
        ("a: [b", "while parsing"),
        ("kind: Config", "Expected key current-context"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_told_with_who_named_it(
    content: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(file))
    for login, by in ((Login(), "KUBECONFIG"), (Login(file), "the setting kubeconfig")):
        with pytest.raises(NoCluster) as caught:
            login.load()
        text = str(caught.value)
        assert f"{file} (named by {by})" in text
        assert said in text
        assert "Exception" not in text
        assert "Error" not in text
        assert "\n" not in text


def test_a_folder_is_no_kubeconfig_and_one_file_of_a_list_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path))
    with pytest.raises(NoCluster, match="cannot be read: Is a directory"):
        Login().load()
    (tmp_path / "good").write_text("kind: Config\n")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/absent:{tmp_path}/good")
    with pytest.raises(NoCluster, match="current-context"):
        Login().load()
