"""Runs commands and images in containers of a Docker engine. The entry point is `plugin`; nothing is imported here."""
