"""The keys of the session's screen, the most needed first."""

from __future__ import annotations

from textual.binding import Binding, BindingType

SESSION_KEYS: tuple[BindingType, ...] = (
    Binding("enter", "take", "take it", key_display="enter",
            tooltip="While steering: take the new path"),
    Binding("escape", "leave", "leave it", tooltip="While steering: leave the path as it is"),
    Binding("slash", "type", "type a word", priority=True,
            tooltip="While steering: type the feeling"),
    Binding("space", "pause", "pause", tooltip="Pause, and go on"),
    Binding("e", "ease", "ease", tooltip="Calmer from here: lower arousal"),
    Binding("s", "steer", "steer", tooltip="Move the target on the plane"),
    Binding("q", "stop", "stop", tooltip="Fade out and end; the session is kept"),
    Binding("b", "go_back", "go back",
            tooltip="When the other machine answers again: compose there"),
    Binding("question_mark", "app.help", "help", key_display="?"),
    Binding("l", "like", "like", tooltip="You like what plays: it is kept"),
    Binding("d", "dislike", "dislike", tooltip="You don't like what plays: it is kept"),
    Binding("plus", "louder", "volume", key_display="- +", tooltip="Louder"),
    Binding("equals_sign,up", "louder", show=False),
    Binding("minus,underscore,down", "softer", show=False, tooltip="Softer"),
    Binding("L", "more", "more", tooltip="More of what plays: it stays a while"),
    Binding("D", "less", "less", tooltip="Less of what plays: others take over"),
    Binding("n", "skip", "anew", tooltip="Compose this stretch anew"),
    Binding("full_stop", "forward", "seek", key_display=", .", tooltip="On 10 seconds"),
    Binding("greater_than_sign,right", "forward", show=False),
    Binding("comma,less_than_sign,left", "back", show=False, tooltip="Back 10 seconds"),
    Binding("i", "card", "engine", tooltip="Show or hide the engine's figures"),
    Binding("m", "moods", "moods", tooltip="Show every mood on the plane, or few"),
    Binding("v", "view", "view", tooltip="The plane, the music as notes, or both"),
    Binding("pagedown", "down", show=False, tooltip="On in the words, where they are cut off"),
    Binding("pageup", "up", show=False, tooltip="Back in the words"),
)  # fmt: skip
