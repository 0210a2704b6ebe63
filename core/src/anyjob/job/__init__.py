"""The job: its fields, their words, and the ways it is written."""

from __future__ import annotations

from anyjob.job.contact import Contact
from anyjob.job.errors import BadJob, BadJobFile
from anyjob.job.field import JobField, Needed
from anyjob.job.files import parse_fields, parse_jobs, read_fields, read_job, read_jobs
from anyjob.job.job import JOB_FIELDS, Job
from anyjob.job.override import override
from anyjob.job.owner import Owner, owner_of, parts_of
from anyjob.job.schema import job_schema
from anyjob.job.timing import check_time_expression
from anyjob.job.words import (
    Channel,
    ExecuteMode,
    JobStatus,
    JobType,
    Priority,
    TaskDispatchMode,
    TimeType,
    parse_job_type,
)
from anyjob.job.yamltext import read_yaml

__all__ = [
    "JOB_FIELDS",
    "BadJob",
    "BadJobFile",
    "Channel",
    "Contact",
    "ExecuteMode",
    "Job",
    "JobField",
    "JobStatus",
    "JobType",
    "Needed",
    "Owner",
    "Priority",
    "TaskDispatchMode",
    "TimeType",
    "check_time_expression",
    "job_schema",
    "override",
    "owner_of",
    "parse_fields",
    "parse_job_type",
    "parse_jobs",
    "parts_of",
    "read_fields",
    "read_job",
    "read_jobs",
    "read_yaml",
]
