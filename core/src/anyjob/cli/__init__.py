"""The command line: one module a command, and what they share.

Within: `session` (a worker for the length of a command), `folders` (the state folders of `anyjob run`), `screen` with
`logtext`, `statusline` (what is shown live), `said` and `report` (what is said at the end), `status` (exit statuses).
"""
