"""The life of jobs and instances: what fires, what waits, what runs, and what became of it."""
