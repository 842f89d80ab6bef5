"""The keys of the check-out."""

from __future__ import annotations

from textual.binding import Binding, BindingType

KEYS: tuple[BindingType, ...] = (
    Binding(
        "escape",
        "cancel",
        "call it off",
        tooltip="While saving: call it off",
        id="check_out.call_off",
    ),
    Binding(
        "r",
        "next('replay')",
        "again",
        tooltip="Play it again from the beginning",
        id="past.replay",
    ),
    Binding(
        "c",
        "next('continue')",
        "continue",
        tooltip="Go on where it was stopped",
        id="past.continue",
    ),
    Binding(
        "w",
        "ask",
        "save",
        tooltip="Save what was heard, or the whole, as a sound file",
        id="check_out.save",
    ),
    Binding(
        "s",
        "sliders",
        "sliders",
        tooltip="Say how you feel by two sliders, and a note",
        id="past.sliders",
    ),
    Binding(
        "n",
        "next('new')",
        "new session",
        tooltip="Choose two feelings again",
        id="check_out.new",
    ),
    Binding(
        "p",
        "history",
        "history",
        tooltip="What you heard so far, and how it felt",
        id="check_out.history",
    ),
    Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
    Binding("q", "app.quit", "quit", id="app.quit"),
    *(
        Binding(key, f"not_now('{key}')", show=False, id=same)
        for key, same in (
            ("r", "past.replay"),
            ("c", "past.continue"),
            ("w", "check_out.save"),
            ("n", "check_out.new"),
        )
    ),
)
