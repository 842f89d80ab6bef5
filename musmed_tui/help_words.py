"""The words of ``musmed --help``, made by scripts/help_words.py; nothing to edit."""

# ruff: noqa: E501

USAGE = "\x1b[1;33mUsage: \x1b[0mmusmed [OPTIONS] COMMAND [ARGS]..."
ABOUT = "Composes and plays music medicine: a path from how you feel to how you want to feel."
PANELS = (
    (
        "Options",
        (
            (
                "\x1b[1;36m-\x1b[0m\x1b[1;36m-version\x1b[0m          \x1b[1;2;33m<\x1b[0m\x1b[1;33mbool\x1b[0m\x1b[1;2;33m>\x1b[0m  ",
                "                           ",
                "Say the version and end.",
            ),
            (
                "\x1b[1;36m-\x1b[0m\x1b[1;36m-help\x1b[0m     \x1b[1;32m-h\x1b[0m      \x1b[1;2;33m<\x1b[0m\x1b[1;33mbool\x1b[0m\x1b[1;2;33m>\x1b[0m  ",
                "                           ",
                "Show this message and exit.",
            ),
        ),
    ),
    (
        "The terminal",
        (
            (
                "\x1b[1;36m-\x1b[0m\x1b[1;36m-slow\x1b[0m\x1b[1;36m-link\x1b[0m        \x1b[1;2;33m<\x1b[0m\x1b[1;33mbool\x1b[0m\x1b[1;2;33m>\x1b[0m  ",
                "                           ",
                "Draw twice a second only, for a thin line.",
            ),
        ),
    ),
    (
        "Commands",
        (
            (
                "\x1b[1;36mplay       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Compose a session and play it while it is being composed.",
            ),
            (
                "\x1b[1;36mrender     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Compose a session into a sound file, with a .json beside it that says what it is.",
            ),
            (
                "\x1b[1;36mplan       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Show the clips a session would have, without composing them.",
            ),
            (
                "\x1b[1;36mkeys       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List what has a key, with its name for keys.toml (docs/screen.md).",
            ),
            (
                "\x1b[1;36mfeelings   \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List the words for feelings and where they lie.",
            ),
            (
                "\x1b[1;36minstruments\x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List the instruments that \x1b[1;36m-\x1b[0m\x1b[1;36m-instrument\x1b[0m can keep.",
            ),
            (
                "\x1b[1;36mgenres     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List the genres that \x1b[1;36m-\x1b[0m\x1b[1;36m-genre\x1b[0m can keep.",
            ),
            (
                "\x1b[1;36mresume     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Go on with a session that did not reach its end: the given one, or the latest.",
            ),
            (
                "\x1b[1;36mmeasure    \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Estimate valence and arousal of a sound file every 10 seconds, from its sound alone.",
            ),
            (
                "\x1b[1;36mdoctor     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Say what works here, or on another machine, what does not, and what to do about it.",
            ),
            (
                "\x1b[1;36mcompletion \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Print the script by which a shell completes musmed's commands and words with Tab.",
            ),
            (
                "\x1b[1;36mdescribe   \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Say what music is: ten features, and its bars in FIGARO's words (docs/description.md).",
            ),
            (
                "\x1b[1;36mmoods      \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List the moods and themes music is tagged with; let several people say where they lie.",
            ),
            (
                "\x1b[1;36msessions   \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "List the stored sessions, the newest first; delete some.",
            ),
            (
                "\x1b[1;36mevaluate   \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Does the music go where its path goes, and is it what was prompted?",
            ),
            (
                "\x1b[1;36mrate       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Keep how you felt before and after a session: valence (unpleasant to pleasant), arousal\n(sleepy to wide awake).",
            ),
            (
                "\x1b[1;36mhistory    \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "What was heard and how it felt, the newest first.",
            ),
            (
                "\x1b[1;36mreport     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Write a report that you can take to your therapist; it says what it will hold, and asks.",
            ),
            (
                "\x1b[1;36mcourse     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "What a course has in it, and what of it was heard; one key begins the next session.",
            ),
            (
                "\x1b[1;36mpreferences\x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "What was learned of what you like, and from what; mend it, forget it.",
            ),
            (
                "\x1b[1;36mmeter      \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "How the meter is bent to you by what you rated; forget it.",
            ),
            (
                "\x1b[1;36mdata       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "All that musmed keeps of you: export it, delete it.",
            ),
            (
                "\x1b[1;36mpicture    \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Draw a session's path on the plane into a file: where it led, how it sounded, what you did.",
            ),
            (
                "\x1b[1;36mdemo       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Show what musmed does, in 90 seconds and without a hand; nothing of it is kept.",
            ),
            (
                "\x1b[1;36mlisten     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Hear on this machine what plays on another one ('\x1b[1;36m-\x1b[0m\x1b[1;36m-sink\x1b[0m listen' there), over ssh.",
            ),
            (
                "\x1b[1;36mhost       \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Machines that compose for this one, over ssh: keep their names, try them.",
            ),
            (
                "\x1b[1;36mserve      \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Compose sessions that other programs ask for over HTTP (docs/service.md).",
            ),
            (
                "\x1b[1;36mstudy      \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Many sessions at once: an experiment from one file to one table.",
            ),
            (
                "\x1b[1;36mmodels     \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "MusicGen's checkpoints and adapters: list, fetch, add and remove them.",
            ),
            (
                "\x1b[1;36mtrain      \x1b[0m\x1b[1;36m \x1b[0m ",
                "\x1b[1;36m            \x1b[0m ",
                "Adapt MusicGen to your own music: an adapter for \x1b[1;36m-\x1b[0m\x1b[1;36m-adapter\x1b[0m of play and render.",
            ),
        ),
    ),
)
"""Titles, and rows: how a line begins, how further ones do, and the text."""
