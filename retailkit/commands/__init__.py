"""What the command line does, one file per kind of command; ``retailkit.__main__`` only declares it."""
