"""Java classes as jobs."""
