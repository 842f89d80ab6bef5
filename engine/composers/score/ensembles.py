"""Tags -> ensemble: the instrument tag gives the leading voice, the genre the accompaniment."""

from __future__ import annotations

from dataclasses import dataclass

from engine.plan.spec import Tags


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
    """An accompaniment: figure, its instrument, pad, bass and percussion.

    ``pattern``: 'broken', 'strum', 'block', 'pulse' or 'held'. ``busy``: the instrument that
    takes the figure over, as pulses, when the music is aroused. ``kit``: '', 'brushes', 'beat',
    'band' or 'soft'. ``swing``: how late the off-beat eighth comes, in sixteenths. ``colour``
    adds single high notes and answers the melody at its cadences. ``gain`` evens out the
    loudness of the ensembles.
    """

    name: str
    figure: str
    pattern: str
    pad: str | None
    bass: str | None
    kit: str = ""
    swing: float = 0.0
    colour: str | None = None
    busy: str | None = None
    gain: float = 1.0


@dataclass(frozen=True)
class Ensemble:
    """Who plays. Hashable."""

    style: Style
    voice: Voice

    @property
    def figure(self) -> str:
        """The instrument of the accompanying figure; held chords stay with those who can hold."""
        if self.style.pattern == "held":
            return self.style.figure
        return self.voice.figure or self.style.figure

    @property
    def bass(self) -> str | None:
        """The bass instrument, if any."""
        return self.voice.bass or self.style.bass

    @property
    def kit(self) -> str:
        """The percussion, '' for none."""
        return self.style.kit or self.voice.kit

    @property
    def answer(self) -> str:
        """Who answers the melody at its cadences."""
        return self.style.colour or self.figure


STYLES: dict[str, Style] = {
    s.name: s
    for s in (
        Style("solo piano", "piano", "broken", None, "piano", gain=1.2),
        Style("piano and strings", "piano", "broken", "strings", "cello"),
        Style("acoustic", "guitar", "strum", None, "bass", kit="soft", colour="vibes"),
        Style("ambient", "glass pad", "held", "warm pad", "warm pad", colour="bell"),
        Style(
            "lounge", "electric piano", "block", "warm pad", "bass", kit="brushes", swing=0.5,
            colour="vibes",
        ),
        Style(
            "orchestra", "harp", "broken", "strings", "cello", colour="flute", busy="short strings"
        ),
        Style("harp and choir", "harp", "broken", "choir", "cello", colour="flute"),
        Style("band", "steel guitar", "strum", "organ", "bass", kit="band"),
        Style(
            "downtempo", "electric piano", "block", "glass pad", "synth bass", kit="beat",
            colour="bell",
        ),
        Style("electronic", "synth", "pulse", "warm pad", "synth bass", kit="beat"),
    )
}  # fmt: skip

_GENRES: dict[str, str] = {
    "solo piano": "classical contemporary improvisation chanson minimal",
    "piano and strings": "soundtrack easylistening singersongwriter instrumentalpop postrock",
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
    Voice("steel guitar", "steel guitar"): "electricguitar",
    Voice("harp", "harp"): "harp",
    Voice("bell"): "bell",
    Voice("vibes", kit="soft"): "percussion bongo",
    Voice("vibes", bass="bass"): "bass acousticbassguitar doublebass",
    Voice("flute"): "flute",
    Voice("clarinet"): "clarinet saxophone accordion harmonica",
    Voice("oboe"): "oboe voice",
    Voice("violin"): "violin viola strings orchestra",
    Voice("cello", octave=-1): "cello",
    Voice("horn", octave=-1): "horn trumpet trombone brass",
    Voice("organ"): "organ pipeorgan",
    Voice("synth lead"): "pad",
    Voice("synth lead", "synth"): "synthesizer computer",
    Voice("electric piano", kit="beat"): "drums drummachine beat",
}
VOICE_OF = {tag: voice for voice, tags in _VOICES.items() for tag in tags.split()}
"""MTG-Jamendo's 40 instrument tags."""


def ensemble_for(tags: Tags) -> Ensemble:
    """The ensemble of a clip's tags; tags outside MTG-Jamendo's get piano with strings."""
    style = STYLES[STYLE_OF.get(tags.genre, "piano and strings")]
    return Ensemble(style, VOICE_OF.get(tags.instrument, Voice("piano")))
