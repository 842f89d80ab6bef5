"""Tags -> ensemble: the instrument tag gives the leading voice, the genre the accompaniment, and
where the two do not belong together the instrument moves the genre's ensemble."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.plan.spec import Players, Tags


@dataclass(frozen=True)
class Voice:
    """A leading voice: who plays the melody, ``octave`` octaves from where it is written.

    ``figure``, ``bass`` and ``kit``, where given, replace or complete the style's, so that the
    instrument that was asked for is heard whatever the genre.
    """

    lead: str
    figure: str | None = None
    octave: int = 0
    bass: str | None = None
    kit: str = ""


@dataclass(frozen=True)
class Style:
    """An accompaniment: who plays and what.

    ``figures``: of ``figures.FIGURES``, in turn by period, played by ``figure``. ``line``: of
    ``basses.BASSES``. ``kit``: of ``percussion.KITS``, '' for none. ``swing``: how late the
    off-beat eighth comes, in sixteenths. ``colour`` adds single high notes and answers the melody
    at its cadences; ``counter`` plays a second line; ``busy`` takes the figure over, as an
    ostinato, when the music is aroused; ``glitter`` strews single tones; ``drive`` adds an
    ostinato to the figure when the music is lively. ``fill``: 'run' (scale),
    'roll' (chord) or '' at the end of a period. ``gain`` evens out the loudness of the ensembles,
    ``even`` (dB per unit of arousal) its growth with arousal, ``mix`` the loudness of the parts.
    """

    name: str
    lead: str
    figure: str
    figures: tuple[str, ...]
    pad: str | None
    bass: str | None
    line: str = "plain"
    kit: str = ""
    swing: float = 0.0
    colour: str | None = None
    counter: str | None = None
    busy: str | None = None
    glitter: str | None = None
    drive: str | None = None
    fill: str = ""
    gain: float = 1.0
    even: float = 0.0
    mix: tuple[tuple[str, float], ...] = ()


OWN_FIGURES: dict[str, tuple[str, ...]] = {
    "piano": ("broken", "nocturne", "chorale"),
    "electric piano": ("comp", "rolled"),
    "guitar": ("picking", "arpeggio", "strum"),
    "steel guitar": ("strum", "picking", "arpeggio"),
    "electric guitar": ("riff", "arpeggio"),
    "harp": ("rolled", "cascade"),
    "synth": ("sequence", "pulse"),
    "organ": ("held", "chorale"),
}
"""What an instrument plays in a style that is not its own."""
HOLDING = {"warm pad", "glass pad", "sweep pad", "strings", "choir", "organ", "accordion"}
"""Instruments that hold a chord."""


@dataclass(frozen=True)
class Ensemble:
    """Who plays. Hashable."""

    style: Style
    voice: Voice

    @property
    def raised(self) -> Ensemble:
        """The same with the melody where it is written, or higher."""
        return replace(self, voice=replace(self.voice, octave=max(0, self.voice.octave)))

    @property
    def figure(self) -> str:
        """The instrument of the accompanying figure; held chords stay with those who can hold."""
        if self.style.figure in HOLDING:
            return self.style.figure
        return self.voice.figure or self.style.figure

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures it plays: the style's own, or the instrument's where it is another."""
        if self.figure == self.style.figure:
            return self.style.figures
        return OWN_FIGURES.get(self.figure, self.style.figures)

    @property
    def bass(self) -> str | None:
        """The bass instrument, if any."""
        return self.voice.bass or self.style.bass

    @property
    def kit(self) -> str:
        """The percussion, '' for none."""
        return self.style.kit or self.voice.kit

    @property
    def players(self) -> frozenset[str]:
        """All its instruments but the kit's."""
        style = self.style
        named = (self.voice.lead, self.figure, self.bass, style.pad, style.colour, style.counter)
        more = (style.busy, style.glitter, style.drive)
        return frozenset(name for name in (*named, *more) if name is not None)

    @property
    def answer(self) -> str:
        """Who answers the melody at its cadences."""
        return self.style.colour or self.style.glitter or self.figure

    @property
    def plucked(self) -> str | None:
        """Who has short soft chords: whoever plucks or strikes, if anybody does."""
        others = self.style.drive or self.style.glitter
        return others if self.figure in HOLDING else self.style.drive or self.figure

    @property
    def struck(self) -> str:
        """Who repeats the last chord."""
        return (self.style.glitter or self.style.figure) if self.figure in HOLDING else self.figure


STYLES: dict[str, Style] = {
    s.name: s
    for s in (
        Style(
            "solo piano", "piano", "piano", ("nocturne", "rocking", "chorale", "broken"), None,
            "piano", line="bowed", fill="run", gain=0.88, even=1.5,
        ),
        Style(
            "piano and strings", "piano", "piano", ("broken", "chorale", "nocturne"), "strings",
            "cello", line="bowed", counter="violin", drive="pizzicato", fill="roll",
            gain=0.74, even=0.8, mix=(("pad", 0.62), ("figure", 1.2), ("bass", 0.85)),
        ),
        Style(
            "acoustic", "guitar", "guitar", ("picking", "arpeggio", "strum"), None,
            "upright bass", kit="soft", colour="kalimba", counter="clarinet", fill="run",
            gain=0.98, even=2.2,
        ),
        Style(
            "ambient", "synth lead", "sweep pad", ("breathing", "held"), "warm pad", "warm pad",
            line="drone", kit="heart", colour="bell", glitter="glass", gain=0.68, even=-2.0,
            mix=(("pad", 0.8), ("bass", 0.8)),
        ),
        Style(
            "lounge", "electric piano", "electric piano", ("comp", "rolled"), None,
            "upright bass", line="walking", kit="brushes", swing=0.5, colour="vibes",
            counter="saxophone", gain=0.52, even=0.6,
        ),
        Style(
            "orchestra", "oboe", "pizzicato", ("pizzicato", "ostinato"), "strings", "cello",
            line="bowed", kit="orchestral", colour="flute", counter="horn", busy="short strings",
            gain=0.78, even=-1.0,
        ),
        Style(
            "harp and choir", "flute", "harp", ("rolled", "cascade"), "choir", "cello",
            line="bowed", kit="frame", counter="cello", fill="roll", gain=0.78, even=0.4,
            mix=(("pad", 0.7), ("figure", 1.2)),
        ),
        Style(
            "band", "electric guitar", "steel guitar", ("strum", "riff", "arpeggio"), "organ",
            "bass", line="eighths", kit="band", gain=0.74, even=0.4,
        ),
        Style(
            "downtempo", "electric piano", "electric piano", ("comp", "rolled"), "glass pad",
            "synth bass", line="syncopated", kit="beat", glitter="kalimba", gain=0.52,
        ),
        Style(
            "electronic", "synth lead", "synth", ("pulse", "sequence"), "sweep pad",
            "synth bass", line="offbeat", kit="four", fill="roll", gain=0.82, even=-1.0,
        ),
    )
}  # fmt: skip

_GENRES: dict[str, str] = {
    "solo piano": "classical contemporary improvisation chanson minimal easylistening",
    "piano and strings": "soundtrack singersongwriter instrumentalpop postrock",
    "acoustic": "folk popfolk country latin bossanova indie reggae 60s",
    "ambient": "ambient atmospheric darkambient newage experimental psychedelic darkwave",
    "lounge": "lounge jazz acidjazz jazzfusion fusion funk soul rnb swing groove blues",
    "orchestra": "orchestral symphonic metal hardrock hard industrial progressive",
    "harp and choir": "celtic medieval choir world worldfusion ethno",
    "band": "pop poprock rock alternative alternativerock classicrock instrumentalrock grunge"
    " punkrock bluesrock rocknroll newwave 70s 80s 90s",
    "downtempo": "chillout downtempo triphop hiphop rap dub idm electronica dubstep",
    "electronic": "electronic dance techno trance house deephouse electropop synthpop club disco"
    " drumnbass breakbeat edm eurodance",
}
STYLE_OF = {genre: style for style, genres in _GENRES.items() for genre in genres.split()}
"""MTG-Jamendo's 87 genre tags."""

_VOICES: dict[Voice, str] = {
    Voice("piano", "piano"): "piano keyboard",
    Voice("electric piano", "electric piano"): "electricpiano rhodes sampler",
    Voice("guitar", "guitar"): "guitar acousticguitar classicalguitar",
    Voice("electric guitar", "electric guitar"): "electricguitar",
    Voice("harp", "harp"): "harp",
    Voice("bell"): "bell",
    Voice("marimba", kit="soft"): "percussion bongo",
    Voice("vibes", bass="bass"): "bass acousticbassguitar",
    Voice("vibes", bass="upright bass"): "doublebass",
    Voice("flute"): "flute",
    Voice("clarinet"): "clarinet",
    Voice("saxophone"): "saxophone",
    Voice("accordion"): "accordion harmonica",
    Voice("oboe"): "oboe",
    Voice("voice"): "voice",
    Voice("violin"): "violin viola strings orchestra",
    Voice("cello", octave=-1): "cello",
    Voice("horn", octave=-1): "horn trombone",
    Voice("trumpet"): "trumpet brass",
    Voice("organ"): "organ pipeorgan",
    Voice("synth lead"): "pad",
    Voice("synth lead", "synth"): "synthesizer computer",
    Voice("electric piano", kit="beat"): "drums drummachine beat",
}
VOICE_OF = {tag: voice for voice, tags in _VOICES.items() for tag in tags.split()}
"""MTG-Jamendo's 40 instrument tags."""

_GUITARS = "guitar acousticguitar classicalguitar"
_BOWED = "violin viola strings cello"
_ORCHESTRAL = "orchestra horn trombone trumpet brass oboe clarinet"
_SYNTHETIC = "synthesizer computer pad sampler"
_BEATS = "drums drummachine beat percussion bongo"
_BASSES = "bass acousticbassguitar doublebass"
_STAGE = "electricpiano rhodes saxophone"
_MOVES: dict[str, dict[str, str]] = {
    "solo piano": {
        _GUITARS: "acoustic", _BOWED: "piano and strings", _ORCHESTRAL: "orchestra",
        "harp flute voice": "harp and choir", _SYNTHETIC: "ambient", _BEATS: "band",
        "electricguitar": "acoustic", _BASSES: "lounge", _STAGE: "lounge",
    },
    "piano and strings": {
        _GUITARS: "acoustic", _ORCHESTRAL: "orchestra", "harp flute voice": "harp and choir",
        _SYNTHETIC: "ambient", _BEATS: "orchestra", "electricguitar": "band", _STAGE: "lounge",
        _BASSES: "downtempo",
    },
    "orchestra": {_GUITARS: "acoustic", "electricguitar": "band", "harp": "harp and choir"},
    "harp and choir": {_GUITARS: "acoustic", _BEATS: "acoustic", _SYNTHETIC: "ambient"},
    "ambient": {
        _GUITARS: "acoustic", _BEATS: "downtempo", _BASSES: "downtempo", _STAGE: "downtempo",
        "harp": "harp and choir",
    },
    "band": {_SYNTHETIC: "electronic", _STAGE: "lounge", "drummachine": "electronic"},
    "lounge": {_SYNTHETIC: "downtempo", "drummachine beat": "downtempo"},
    "acoustic": {_SYNTHETIC: "downtempo", "electricguitar": "band"},
}  # fmt: skip
"""Style -> instrument tags -> the style they move it to: no drum kit in a solo piano's room."""
MOVED = {
    (style, tag): to
    for style, moves in _MOVES.items()
    for tags, to in moves.items()
    for tag in tags.split()
}


def style_of(instrument: str, genre: str) -> str:
    """The name of the style for two tags; a genre outside MTG-Jamendo's is taken for a
    soundtrack."""
    style = STYLE_OF.get(genre, "piano and strings")
    return MOVED.get((style, instrument), style)


def ensemble_for(tags: Players | Tags) -> Ensemble:
    """The ensemble of two tags; without an instrument of MTG-Jamendo's the style's own voice
    leads."""
    style = STYLES[style_of(tags.instrument, tags.genre)]
    return Ensemble(style, VOICE_OF.get(tags.instrument, Voice(style.lead)))
