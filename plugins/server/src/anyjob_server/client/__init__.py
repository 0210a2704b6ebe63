"""A small signing client: what the commands speak to a server with."""
