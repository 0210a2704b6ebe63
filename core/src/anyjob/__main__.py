"""`python -m anyjob`."""

from anyjob.cli.main import main

main()
