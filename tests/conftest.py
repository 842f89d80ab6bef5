"""What holds for every test: the sound does not depend on what is installed."""

import os

os.environ.setdefault("MUSMED_SYNTHESIS", "builtin")
