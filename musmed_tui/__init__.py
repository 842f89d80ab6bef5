"""The front half of musmed: the command line, plain output and settings. Imports engine."""
