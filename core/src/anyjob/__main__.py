"""`python -m anyjob`."""

from anyjob.cli.entry import main

main()
