"""`python -m bridge` is the command `sculpteo-bridge`."""

from bridge.cli import main

main()
