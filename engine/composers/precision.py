"""The numbers a model multiplies in, as they are recorded and told between front and engine."""

from __future__ import annotations

from typing import Annotated

import msgspec

PrecisionName = Annotated[str, msgspec.Meta(max_length=32)]
"""'float32', 'float16', 'bfloat16' or 'int8'; '' where that is not known, or there is no model."""
USUAL = "usual"
"""What a machine takes where nobody asks: in that sessions were composed before it was recorded."""
