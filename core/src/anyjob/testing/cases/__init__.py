"""The cases of the conformance suite, by subject. A case is a method; its docstring is the rule that it holds."""
