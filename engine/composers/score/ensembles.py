"""Tags -> ensemble: the instrument tag gives the leading voice, the genre the accompaniment."""

from __future__ import annotations

from dataclasses import dataclass

from engine.plan.spec import Tags


@dataclass(frozen=True)
class Voice:
    """A leading voice: who plays the melody, and who plays the figure when the style lets it."""

    lead: str
    figure: str | None = None
    octave: int = 0


@dataclass(frozen=True)
class Style:
    """An accompaniment: figure, its instrument, pad, bass and percussion.

    ``pattern``: 'broken', 'strum', 'block', 'pulse' or 'held'. ``kit``: '', 'brushes', 'beat' or
    'soft'. ``swing``: how late the off-beat eighth comes, in sixteenths.
    """

    name: str
    figure: str
    pattern: str
    pad: str | None
    bass: str | None
    kit: str = ""
    swing: float = 0.0
    colour: str | None = None


@dataclass(frozen=True)
class Ensemble:
    """Who plays. Frozen and hashable: part of what a rendered note is keyed by."""

    style: Style
    voice: Voice

    @property
    def figure(self) -> str:
        return self.voice.figure or self.style.figure


STYLES: dict[str, Style] = {
    s.name: s
    for s in (
        Style("solo piano", "piano", "broken", None, "piano"),
        Style("piano and strings", "piano", "broken", "strings", "cello"),
        Style("acoustic", "guitar", "strum", None, "bass", kit="soft"),
        Style("ambient", "glass pad", "held", "warm pad", None, colour="bell"),
        Style("lounge", "electric piano", "block", "warm pad", "bass", kit="brushes", swing=0.5),
        Style("orchestra", "strings", "held", "strings", "cello", colour="harp"),
        Style("harp and choir", "harp", "broken", "choir", "cello"),
        Style("beat", "synth", "pulse", "warm pad", "synth bass", kit="beat"),
    )
}

_GENRES: dict[str, str] = {
    "solo piano": "classical contemporary improvisation chanson minimal",
    "piano and strings": "soundtrack easylistening singersongwriter ballad 60s 70s instrumentalpop",
    "acoustic": "folk popfolk country blues bluesrock rocknroll latin acoustic bossanova indie"
    " alternative alternativerock rock poprock classicrock instrumentalrock grunge punkrock",
    "ambient": "ambient atmospheric darkambient newage experimental psychedelic postrock drone"
    " darkwave progressive",
    "lounge": "lounge jazz acidjazz jazzfusion fusion funk soul rnb chillout downtempo triphop"
    " swing groove reggae dub",
    "orchestra": "orchestral symphonic metal hardrock hard industrial",
    "harp and choir": "celtic medieval choir world worldfusion ethno",
    "beat": "electronic dance techno trance house deephouse hiphop rap electropop synthpop pop"
    " dubstep club disco drumnbass breakbeat edm idm electronica eurodance newwave 80s 90s",
}
_STYLE_OF = {genre: style for style, genres in _GENRES.items() for genre in genres.split()}

_VOICES: dict[Voice, str] = {
    Voice("piano", "piano"): "piano keyboard",
    Voice("electric piano", "electric piano"): "electricpiano rhodes sampler",
    Voice("guitar", "guitar"): "guitar acousticguitar classicalguitar acousticbassguitar",
    Voice("steel guitar", "steel guitar"): "electricguitar",
    Voice("harp", "harp"): "harp",
    Voice("bell"): "bell",
    Voice("vibes"): "percussion bongo",
    Voice("flute"): "flute harmonica",
    Voice("clarinet"): "clarinet saxophone accordion",
    Voice("oboe"): "oboe",
    Voice("violin"): "violin viola strings orchestra",
    Voice("cello", octave=-1): "cello doublebass bass voice",
    Voice("horn", octave=-1): "horn trumpet trombone brass",
    Voice("organ"): "organ pipeorgan",
    Voice("glass pad"): "pad",
    Voice("synth", "synth"): "synthesizer computer drums drummachine beat",
}
_VOICE_OF = {tag: voice for voice, tags in _VOICES.items() for tag in tags.split()}


def ensemble_for(tags: Tags) -> Ensemble:
    """The ensemble of a clip's tags; tags outside MTG-Jamendo's get piano and strings."""
    style = STYLES[_STYLE_OF.get(tags.genre, "piano and strings")]
    return Ensemble(style, _VOICE_OF.get(tags.instrument, Voice("piano")))
