"""Starts DataWorks flows: JobType `dataworks`."""
