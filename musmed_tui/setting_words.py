"""Every setting in plain words: what it is called on the screen, what it does, from when on."""

from __future__ import annotations

from typing import Literal, NamedTuple

From = Literal["now", "session", "start"]

FROM_WHEN: dict[From, str] = {
    "now": "",
    "session": "It holds from the next session on.",
    "start": "It holds when musmed is opened again.",
}


class SettingWords(NamedTuple):
    """``title`` and ``sentence`` of the setting ``key``; ``values`` has other words for some of its
    values."""

    key: str
    title: str
    sentence: str
    holds: From = "session"
    values: tuple[tuple[str, str], ...] = ()

    def value(self, text: str) -> str:
        """``text`` of a value in plain words."""
        return dict(self.values).get(text, text) or "not set"


_AUTO = ("auto", "by itself")

GROUPS: tuple[tuple[str, tuple[SettingWords, ...]], ...] = (
    (
        "A session",
        (
            SettingWords("minutes", "Minutes", "How long a session is, 1 to 60."),
            SettingWords(
                "strategy", "Way", "In small steps from where you are, or straight there.",
                values=(("iso", "small steps"), ("direct", "straight there")),
            ),
            SettingWords(
                "temperature", "Players change",
                "How readily other players take over, 0 (never) to 1.",
            ),
            SettingWords("instrument", "Instrument", "One to keep, such as piano."),
            SettingWords("genre", "Genre", "One to keep, such as ambient."),
            SettingWords(
                "gentle", "Gentle ears",
                "Caps for sensitive ears: all, none, or such as leaps=6,held=3.",
            ),
            SettingWords(
                "mood_table", "Mood table", "The file of one that people have signed off."
            ),
        ),
    ),
    (
        "Sound",
        (
            SettingWords("volume", "Volume", "How loud, 0 to 1.", "now"),
            SettingWords(
                "sink", "Where to", "Where sound goes; 'musmed doctor' says what is here.",
                "start", (_AUTO,),
            ),
            SettingWords(
                "latency", "Ahead",
                "Seconds of sound the device is given ahead, 0.05 to 5; more if it breaks up.",
            ),
        ),
    ),
    (
        "The screen",
        (
            SettingWords(
                "theme", "Colours",
                "One of the themes; where none is set, the one that was used last.", "now",
            ),
            SettingWords(
                "glyphs", "Drawn with",
                "What pictures are made of; blocks or plain characters for a font without braille.",
                "start",
                (_AUTO, ("quadrant", "blocks"), ("ascii", "plain characters")),
            ),
            SettingWords(
                "calm", "Keep still", "Nothing on the screen moves by itself.",
                values=(("true", "yes"), ("false", "no")),
            ),
            SettingWords(
                "desktop", "On the desktop",
                "What the desktop's media keys and lock screen are told: no feelings, words too, "
                "or nothing.",
                values=(("quiet", "no feelings"), ("words", "words too"), ("off", "nothing")),
            ),
            SettingWords(
                "notify", "Notices",
                "How the terminal tells that a session is over, or in trouble.",
                values=(_AUTO,),
            ),
        ),
    ),
    (
        "Who composes",
        (
            SettingWords(
                "composer", "Composer",
                "embedded, or a MusicGen that is here; by itself: the best that is fast enough.",
                values=(_AUTO,),
            ),
            SettingWords(
                "synthesis", "Notes sounded by", "The built-in instruments, or FluidSynth.",
                "start", (_AUTO, ("builtin", "built-in instruments"), ("fluidsynth", "FluidSynth")),
            ),
            SettingWords("soundfont", "Soundfont", "The file that FluidSynth plays from.", "start"),
            SettingWords(
                "guidance", "MusicGen: closeness", "How closely it follows the moods, 1 to 10."
            ),
            SettingWords(
                "top_k", "MusicGen: choices",
                "From how many of the likeliest sounds it draws, 1 to 2048.",
            ),
            SettingWords(
                "sampling_temperature", "MusicGen: boldness", "How boldly it draws, 0 to 2."
            ),
            SettingWords(
                "decoder", "MusicGen: run by", "The program that runs the model.",
                values=(("ours", "musmed"),),
            ),
            SettingWords(
                "precision", "MusicGen: numbers",
                "What the model multiplies in: fewer bits are faster, and a little less exact.",
                values=(_AUTO,),
            ),
            SettingWords(
                "adapters", "MusicGen: adapters",
                "LoRA adapters, with commas between them, such as someone/calm=0.7.",
            ),
        ),
    ),
    (
        "Keeping",
        (
            SettingWords(
                "library_gb", "Room for sessions",
                "How many GB kept sessions may take; 0: as many as there are.",
            ),
            SettingWords("log_level", "Log", "How much is written to the log.", "start"),
        ),
    ),
)  # fmt: skip
WORDS = {words.key: words for _, group in GROUPS for words in group}
