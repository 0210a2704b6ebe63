"""The jobs by which the conformance suite proves the type `docker`."""
