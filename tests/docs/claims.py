"""Blocks that a test of their own runs, because they need a ground, a compiler or somebody to talk to.

A row says: all blocks of this language on this page, with a third word those that hold a line beginning with it, are
read by this test, through `tests.docs.fences` (`blocks`,
`fences` or `walk`, with the same words as here). `run`: it is put to use; `checked`: it is compared with the code.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from tests.docs.fences import Fence

__all__ = ["CLAIMS", "PENDING", "Claim", "Row", "covers", "row"]

Row = tuple[str, str] | tuple[str, str, str]
"""A page, a language, and perhaps the beginning of a line."""


class Claim(NamedTuple):
    """How far the test goes, and which it is."""

    how: Literal["run", "checked"]
    test: str


CLAIMS: Final[dict[Row, Claim]] = {
    ("README.md", "sh"): Claim("run", "tests/docs/test_readme.py::test_the_tour_ends_as_it_says"),
    ("README.md", ""): Claim("run", "tests/docs/test_readme.py::test_the_tour_shows_what_it_says"),
    ("contrib/executables/bash/README.md", "yaml"): Claim("run", "tests/core/apps/test_examples.py::test_bash"),
    ("contrib/executables/node/README.md", "yaml"): Claim("run", "tests/core/apps/test_examples.py::test_node"),
    ("contrib/executables/README.md", "toml"): Claim(
        "run", "tests/core/apps/test_examples.py::test_the_settings_of_the_page_bring_all_of_them"
    ),
    ("contrib/template/README.md", "sh"): Claim(
        "run", "tests/packaging/test_stranger.py::test_a_scaffolded_executor_is_proved_where_only_wheels_are"
    ),
    ("contrib/template/README.md", "yaml"): Claim(
        "run", "tests/packaging/test_stranger.py::test_a_scaffolded_executor_is_proved_where_only_wheels_are"
    ),
    ("core/docs/jobs.md", "yaml", "Name: orders"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_the_job_of_the_page_about_jobs"
    ),
    ("core/docs/jobs.md", "yaml", "  secrets"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_its_secret_is_a_variable"
    ),
    ("executors/shell/README.md", "yaml", "Name: backup"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_the_backup_of_the_page_of_shell"
    ),
    ("executors/shell/README.md", "yaml", "  rows"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_the_result_of_the_page_of_shell"
    ),
    ("executors/http/README.md", "yaml", "Name: report"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_the_report_of_the_page_of_http"
    ),
    ("executors/http/README.md", "yaml", "Name: rebuild"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_the_rebuild_of_the_page_of_http"
    ),
    ("executors/shell/README.md", "json"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_what_a_program_sends_runs_when_it_is_fired"
    ),
    ("executors/python/README.md", "json"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_what_a_program_sends_runs_when_it_is_fired"
    ),
    ("executors/http/README.md", "json"): Claim(
        "run", "tests/docs/test_jobs_run.py::test_what_a_program_sends_runs_when_it_is_fired"
    ),
    ("core/docs/contract.md", ""): Claim(
        "checked", "tests/docs/test_contract_page.py::test_a_verb_takes_and_gives_what_the_page_says"
    ),
    ("core/docs/settings.md", ""): Claim("run", "tests/docs/operator/test_folders.py::test_the_folder_of_a_worker"),
    ("core/docs/embed.md", "python"): Claim(
        "run", "tests/docs/test_embed.py::test_the_embedding_program_runs_as_printed"
    ),
    ("core/docs/protocol.md", "transcript"): Claim(
        "run", "tests/core/apps/test_transcript.py::test_a_run_from_its_start_to_its_end"
    ),
    ("core/docs/protocol.md", "toml", "job_type"): Claim(
        "run", "tests/core/apps/test_transcript.py::test_a_run_from_its_start_to_its_end"
    ),
    ("core/docs/write-an-executor.md", "sh"): Claim(
        "run", "tests/docs/test_write_an_executor.py::test_the_walk_works_as_it_is_written"
    ),
    ("core/docs/write-an-executor.md", "diff"): Claim(
        "run", "tests/docs/test_write_an_executor.py::test_the_walk_works_as_it_is_written"
    ),
    ("core/docs/write-an-executor.md", "yaml"): Claim(
        "run", "tests/docs/test_write_an_executor.py::test_the_walk_works_as_it_is_written"
    ),
    ("executors/dataworks/README.md", "sh"): Claim(
        "run", "tests/executors/dataworks/test_examples.py::test_the_page_runs_them"
    ),
    ("executors/dataworks/README.md", ""): Claim(
        "run", "tests/executors/dataworks/test_examples.py::test_the_page_runs_them"
    ),
    ("executors/go/README.md", "sh"): Claim(
        "run",
        "tests/executors/go/test_pages.py::test_the_readme_builds_the_project_and_runs_the_examples",
    ),
    ("executors/go/README.md", "go"): Claim(
        "run", "tests/executors/go/test_pages.py::test_the_program_of_the_readme_compiles_and_its_job_runs"
    ),
    ("executors/go/README.md", "gomod"): Claim(
        "run", "tests/executors/go/test_pages.py::test_the_program_of_the_readme_compiles_and_its_job_runs"
    ),
    ("executors/go/README.md", "yaml"): Claim(
        "run", "tests/executors/go/test_pages.py::test_the_program_of_the_readme_compiles_and_its_job_runs"
    ),
    ("executors/http/README.md", "sh"): Claim("run", "tests/executors/http/test_examples.py::test_the_page_runs_them"),
    ("executors/http/README.md", ""): Claim("run", "tests/executors/http/test_examples.py::test_the_page_runs_them"),
    ("executors/java/README.md", "java"): Claim(
        "run", "tests/executors/java/test_pages.py::test_the_class_of_the_readme_compiles_and_its_job_runs_it"
    ),
    ("executors/java/README.md", "yaml"): Claim(
        "run", "tests/executors/java/test_pages.py::test_the_class_of_the_readme_compiles_and_its_job_runs_it"
    ),
    ("executors/k8s/README.md", "sh"): Claim("run", "tests/executors/k8s/test_pages.py::test_the_commands_of_the_page"),
    ("executors/k8s/README.md", ""): Claim("run", "tests/executors/k8s/test_pages.py::test_the_commands_of_the_page"),
    ("executors/k8s/README.md", "yaml", "kind: Role"): Claim(
        "run", "tests/executors/k8s/test_role.py::test_the_role_of_the_page_is_enough"
    ),
    ("executors/k8s/README.md", "yaml", "kind: RoleBinding"): Claim(
        "run", "tests/executors/k8s/test_role.py::test_the_role_of_the_page_is_enough"
    ),
    ("executors/java/README.md", "sh"): Claim(
        "run", "tests/executors/java/test_pages.py::test_the_lines_of_the_readme_run"
    ),
    ("executors/java/README.md", ""): Claim(
        "run", "tests/executors/java/test_pages.py::test_the_lines_of_the_readme_run"
    ),
    ("executors/springschedule/README.md", "xml"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_the_readme_shows_the_project"
    ),
    ("executors/springschedule/README.md", "sh"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_the_lines_of_the_readme_lead_to_the_first_run"
    ),
    ("executors/springschedule/README.md", ""): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_the_lines_of_the_readme_lead_to_the_first_run"
    ),
    ("executors/xxljob/README.md", "java"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_the_program_of_the_readme_and_its_job"
    ),
    ("executors/xxljob/README.md", "sh"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_the_lines_of_the_readme"
    ),
    ("executors/xxljob/README.md", ""): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_the_lines_of_the_readme"
    ),
    ("plugins/docker/README.md", "sh"): Claim(
        "run", "tests/plugins/docker/test_page.py::test_the_commands_of_the_page"
    ),
    ("plugins/docker/README.md", ""): Claim("run", "tests/plugins/docker/test_page.py::test_the_commands_of_the_page"),
    ("plugins/server/docs/api.md", "python"): Claim(
        "run", "tests/plugins/server/api/test_page.py::test_the_examples_make_and_run_a_job"
    ),
    ("plugins/server/docs/api.md", "json"): Claim(
        "run", "tests/plugins/server/api/test_page.py::test_the_answers_are_as_printed"
    ),
    ("plugins/server/docs/api.md", ""): Claim(
        "run", "tests/plugins/server/api/test_page.py::test_the_refusal_is_as_printed"
    ),
    ("plugins/server/docs/commands.md", "toml"): Claim(
        "run", "tests/plugins/server/cli/test_up_folder.py::test_the_file_of_the_page_is_one"
    ),
    ("plugins/jvm/README.md", "java"): Claim(
        "run", "tests/plugins/jvm/test_page.py::test_the_host_of_the_readme_runs_a_call"
    ),
    ("plugins/server/docs/trust.md", "json"): Claim(
        "run", "tests/docs/operator/test_reference.py::test_the_keys_of_the_page_may_do_what_it_says"
    ),
    ("plugins/server/docs/night.md", "sh"): Claim(
        "run", "tests/docs/operator/test_night.py::test_no_block_is_left_out"
    ),
    ("plugins/server/docs/night.md", ""): Claim("run", "tests/docs/operator/test_night.py::test_no_block_is_left_out"),
    ("plugins/server/docs/operate.md", "sh"): Claim(
        "run", "tests/docs/operator/test_operate.py::test_the_page_from_the_first_start_to_the_upgrade"
    ),
    ("plugins/server/docs/operate.md", ""): Claim(
        "run", "tests/docs/operator/test_operate.py::test_the_page_from_the_first_start_to_the_upgrade"
    ),
    ("plugins/server/docs/operate.md", "ini"): Claim(
        "run", "tests/docs/operator/test_systemd.py::test_it_starts_as_the_page_says"
    ),
    ("plugins/server/docs/serve.md", ""): Claim(
        "run", "tests/docs/operator/test_folders.py::test_the_folder_of_a_server"
    ),
    ("plugins/server/docs/store.md", "sh"): Claim(
        "run", "tests/docs/operator/test_reference.py::test_the_commands_of_the_store"
    ),
    ("plugins/server/docs/serve.md", "sh"): Claim(
        "run", "tests/docs/operator/test_reference.py::test_the_commands_of_serve"
    ),
    ("plugins/server/docs/trust.md", "sh"): Claim(
        "run", "tests/docs/operator/test_reference.py::test_the_keys_of_the_page_may_do_what_it_says"
    ),
    ("tests/grounds/README.md", "sh"): Claim("run", "tests/docs/test_grounds_page.py::test_the_commands_of_the_page"),
    ("core/docs/suite.md", "python"): Claim(
        "run", "tests/docs/test_suite_page.py::test_its_class_proves_an_executor_by_its_samples"
    ),
    ("core/docs/plugins.md", "toml"): Claim("run", "tests/docs/test_plugins_page.py::test_its_package_is_one"),
    ("core/docs/plugins.md", "python"): Claim("run", "tests/docs/test_plugins_page.py::test_its_package_is_one"),
    ("executors/dataworks/README.md", "yaml"): Claim(
        "run", "tests/executors/dataworks/test_examples.py::test_its_settings_and_its_jobs"
    ),
    ("executors/dataworks/README.md", "json"): Claim(
        "run", "tests/executors/dataworks/test_examples.py::test_its_settings_and_its_jobs"
    ),
    ("executors/dataworks/README.md", "toml"): Claim(
        "run", "tests/executors/dataworks/test_examples.py::test_its_settings_and_its_jobs"
    ),
    ("executors/go/README.md", "json"): Claim(
        "run", "tests/executors/go/test_pages.py::test_its_job_by_the_api_with_its_settings"
    ),
    ("executors/go/README.md", "toml"): Claim(
        "run", "tests/executors/go/test_pages.py::test_its_job_by_the_api_with_its_settings"
    ),
    ("executors/java/README.md", "json"): Claim(
        "run", "tests/executors/java/test_pages.py::test_its_job_by_the_api_with_the_settings_of_the_worker"
    ),
    ("executors/java/README.md", "toml"): Claim(
        "run", "tests/executors/java/test_pages.py::test_its_job_by_the_api_with_the_settings_of_the_worker"
    ),
    ("executors/k8s/README.md", "yaml", "Name"): Claim(
        "run", "tests/executors/k8s/test_pages.py::test_the_jobs_of_the_page"
    ),
    ("executors/k8s/README.md", "json"): Claim("run", "tests/executors/k8s/test_pages.py::test_the_jobs_of_the_page"),
    ("executors/k8s/README.md", "toml"): Claim(
        "run", "tests/executors/k8s/test_pages.py::test_the_settings_of_the_page"
    ),
    ("executors/python/README.md", "yaml"): Claim(
        "run", "tests/executors/python/test_pages.py::test_its_job_with_its_settings"
    ),
    ("executors/python/README.md", "toml"): Claim(
        "run", "tests/executors/python/test_pages.py::test_its_job_with_its_settings"
    ),
    ("executors/springschedule/README.md", "yaml", "Name"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_its_jobs_by_its_settings_of_the_worker"
    ),
    ("executors/springschedule/README.md", "yaml", "XAttrs"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_its_jobs_by_its_settings_of_the_worker"
    ),
    ("executors/springschedule/README.md", "json"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_its_jobs_by_its_settings_of_the_worker"
    ),
    ("executors/springschedule/README.md", "toml", "tokens"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_its_jobs_by_its_settings_of_the_worker"
    ),
    ("executors/springschedule/README.md", "toml"): Claim(
        "run", "tests/executors/springschedule/test_project.py::test_the_lines_of_the_readme_lead_to_the_first_run"
    ),
    ("executors/xxljob/README.md", "yaml"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_the_program_of_the_readme_and_its_job"
    ),
    ("executors/xxljob/README.md", "toml", "prefix"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_its_job_by_the_api_with_the_settings_of_the_worker"
    ),
    ("executors/xxljob/README.md", "toml"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_the_program_of_the_readme_and_its_job"
    ),
    ("executors/xxljob/README.md", "json"): Claim(
        "run", "tests/executors/xxljob/test_examples.py::test_its_job_by_the_api_with_the_settings_of_the_worker"
    ),
    ("plugins/docker/README.md", "json"): Claim("run", "tests/plugins/docker/test_page.py::test_its_job_by_the_api"),
    ("plugins/docker/README.md", "toml"): Claim("run", "tests/plugins/docker/test_page.py::test_its_settings"),
    ("plugins/server/docs/operate.md", "toml"): Claim(
        "run", "tests/docs/operator/test_operate.py::test_its_database_is_that_of_the_settings"
    ),
}

PENDING: Final[dict[Row, str]] = {}
"""Blocks that no rule covers yet, and who is at work on it. Empty at the end."""


def row(fence: Fence) -> Row | None:
    """The row that covers a block, of either table."""
    return next((one for one in (*CLAIMS, *PENDING) if covers(one, fence)), None)


def covers(one: Row, fence: Fence) -> bool:
    """Whether the row is about the block."""
    return one[:2] == (fence.page, fence.language) and fence.holds("".join(one[2:]))
