"""Job code and executors in other languages: one protocol of JSON lines (docs/protocol.md).

`frame` (lines), `codec` and `messages` (what stands on them), `faults` (what can go wrong) and `link` (one
conversation, over any pair of streams) know nothing of processes. Upon them: `program` (one process of an executable),
`resident` (started on first use, again after a fault), `executable` (the executor whose verbs the program answers),
`followed` and `facts` (a run: what the program says of it, what it is told). `definition`, `fields` and `sampletables`
read the TOML file that registers it.
"""
