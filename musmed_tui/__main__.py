"""``python -m musmed_tui`` is ``musmed``."""

from musmed_tui.cli import main

if __name__ == "__main__":
    main()
