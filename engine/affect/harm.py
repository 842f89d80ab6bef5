"""Words of danger to oneself, typed where a feeling is asked for: they get a plain sentence, and
music all the same. Nothing of it is kept: neither the words nor that they were said."""

from __future__ import annotations

import functools
import re

from engine.affect.spelling import plain, slips

HELP = (
    "You need not be alone with this: in danger, call your local emergency number; "
    "findahelpline.com and befrienders.org show who listens where you live. "
    "Music is here too, if you want it."
)
"""What is said. Both are directories of helplines by country (docs/feelings.md); musmed gives no
number, since a wrong one is worse than none."""

_WANT = (
    "(?:want|wanna|wants|wanted|wish|wishing|ready|rather|hope|hoping|like|plan|planning|try"
    "|trying|need)"
)
_NOT = "(?:not|dont|do not|doesnt|didnt|no longer|never|cant|can not|cannot)"
_LIVE = "(?:live|exist|be alive|be here|go on living|wake up(?! early| at| so))"
_DO = (
    "(?:kill|hang|drown|shoot|harm|hurt|cutt?|burn|poison|injur|end)(?:e|ing)?",
    "(?: (?:off|out|short|some|laughing|in the foot|in work)\\b)",
)
_PHRASES = (
    r"\w*(?:suicid|suizid)\w*",
    r"unaliv\w*",
    rf"{_DO[0]} (?:myself|my self)(?!{_DO[1]})",
    r"kms",
    r"self ?(?:harm|injur|mutilat)\w*",
    r"overdos(?:e|ing)(?! of)",
    rf"{_WANT}(?: \w+){{0,3}} (?:die|(?:be|am|was|were) dead)(?! (?:for|from|of|laughing|tired)\b)",
    r"feel like dying$",
    r"better off dead",
    r"(?:thinking|thought|think) (?:of|about) (?:dying|ending it)",
    r"end(?:ing)? (?:it all|my life)",
    r"(?:want|wanna|ready)(?: to)? end it",
    r"tak(?:e|ing) my (?:own )?life(?! (?:back|seriously|into)\b)",
    rf"{_NOT} (?:want to|wanna|wish to|like to) {_LIVE}",
    r"never wake up(?: again)?$",
    r"(?:tired|sick|done) (?:of|with) (?:living|life|being alive)",
    r"(?:no|any|without|lost the|lost my) (?:reason|will|wish|point)(?: to| in| of)?"
    r" (?:live|living|life|go on|going on)",
    r"nothing(?: left)? to live for",
    r"(?:not|isnt) worth living",
    r"(?:cant|can not|cannot) go on(?: like this| living| any ?more)?$",
    r"jump(?:ing)? (?:off|from) (?:a|the) (?:bridge|roof|building|balcony|cliff)",
    # German
    r"selbstmord\w*|selbsttotung|selbsttoetung|freitod|lebensmude|lebensmuede",
    r"selbst ?verletz\w*|ritze mich|mich (?:selbst )?ritzen",
    r"(?:mich|selbst) (?:umbringen|umzubringen|toten|toeten|verletzen)|bringe? mich um",
    r"(?:will|mochte|moechte)(?: \w+){0,3} (?:sterben|tot sein)|sterben (?:will|mochte|moechte)",
    r"(?:nicht|nimmer) mehr (?:leben|weiterleben|da sein|aufwachen)",
    r"mein leben beenden|leben nicht mehr",
    # French, Spanish, Italian, Portuguese; the stem above finds their words for suicide
    r"(?:veux|envie de) mourir|me tuer|(?:quiero|quisiera) morir\w*|matarme|voglio morire"
    r"|quero morrer|me matar",
)
_ALONE = {"die", "dying", "dead", "death", "to die", "kill me", "kill me now", "sterben", "tot"}
"""What says so when it is all that was typed; among other words it is a turn of phrase."""
_MISSPELT = {"suicide": 1, "suicidal": 2, "suizidal": 2}
"""And with how many slips."""


@functools.cache
def _said() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b")


def speaks_of_harm(text: str) -> bool:
    """Whether ``text`` says that its writer wants to die or to harm themselves.

    English, German and a few phrases of other languages, whatever their case, punctuation and
    spelling. It would rather take a phrase too many than one too few: what follows is one sentence.
    Turns of phrase such as 'killing it', 'dying to dance' and 'dead tired' are none.
    """
    said = plain(text[:1000])
    if said in _ALONE or _said().search(said):
        return True
    return any(
        slips(word, right, most) is not None
        for word in said.split()
        if word.startswith("su")
        for right, most in _MISSPELT.items()
    )
