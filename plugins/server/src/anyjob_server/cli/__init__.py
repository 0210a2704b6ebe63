"""The commands of the server's distribution, one a module."""
