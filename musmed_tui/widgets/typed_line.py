"""A line to type on that takes keys in the order in which they were pressed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class TypedLine(Input):
    """Textual inserts letters as they come, but lets Backspace, Enter and the like go up to the app
    first. In a burst, as a slow line sends it, letters typed after them would overtake them: four
    times Backspace and 'wxyz' behind 'abcdefgh' gave 'abcdewxy'."""

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable:
            return  # Input's own
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return
