"""The keys of the check-in."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from engine.affect.offered import EXAMPLES

KEYS: tuple[BindingType, ...] = (
    Binding("arrows", "move", "move", key_display="←↑↓→",
            tooltip="Move on the plane", id="check_in.move"),
    Binding("enter", "take", "choose", key_display="enter",
            tooltip="Take the feeling under the cursor", id="check_in.take"),
    Binding("slash", "type", "word", priority=True,
            tooltip="Type the feeling instead", id="check_in.type"),
    Binding("w", "words", "list",
            tooltip="Pick a word from a list, by quarter of the plane", id="check_in.words"),
    Binding("s", "sliders", "sliders",
            tooltip="Say how you feel by two sliders", id="check_in.sliders"),
    Binding("down", "words_here", "list", show=False, priority=True,
            tooltip="In a field: the list", id="check_in.words_here"),
    Binding("escape", "plane", "plane", tooltip="Back to the plane", id="check_in.plane"),
    Binding("b", "begin", "begin", tooltip="Begin the session", id="check_in.begin"),
    Binding("b", "missing", show=False, tooltip="Begin the session", id="check_in.begin"),
    Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
    Binding("p", "past", "past",
            tooltip="What you heard so far, and how it felt", id="check_in.past"),
    Binding("q", "app.quit", "quit", id="app.quit"),
    Binding("tab", "app.focus_next", "next",
            tooltip="Go to the next field", id="check_in.next"),
    Binding("m", "moods", "moods",
            tooltip="Show every mood on the plane, or few", id="plane.moods"),
    Binding("a", "more", "more",
            tooltip="The way, who plays, and the rest; again: fewer fields",
            id="check_in.more"),
    Binding("c", "again(False)", "continue",
            tooltip="Go on with the last session", id="past.continue"),
    Binding("r", "again(True)", "again",
            tooltip="Play the last session from its beginning", id="past.replay"),
    *(Binding(str(number), f"example({number})", show=False,
              tooltip=f"Fill in: {one.said}", id=f"check_in.example_{number}")
      for number, one in enumerate(EXAMPLES, start=1)),
)  # fmt: skip
