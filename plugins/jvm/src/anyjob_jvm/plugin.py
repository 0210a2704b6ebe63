"""The entry point of this distribution: light to import."""
