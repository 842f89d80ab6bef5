"""The headless half of musmed: affect path, plan, composers, finishing, playback, session.

Importing ``engine`` imports nothing else: the process that plays must stay light, so each
room is imported where it is used. Nothing here may import textual, rich, typer or musmed_tui.
"""

__version__ = "0.1.0"
