"""Runs the handlers of XXL-JOB executors: anyjob is their admin."""
