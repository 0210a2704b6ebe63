"""The launcher of this node: commands as child processes of the shim."""
