"""Words of danger to oneself, typed where a feeling is asked for: they get a plain sentence, and
music all the same. Nothing of it is kept: neither the words nor that they were said."""

from __future__ import annotations

import functools
import re

from engine.affect.spelling import misspelt, plain, slips

HELP = (
    "You need not be alone with this: in danger, call your local emergency number; "
    "findahelpline.com and befrienders.org show who listens where you live. "
    "Music is here too, if you want it."
)
"""What is said. Both are directories of helplines by country (docs/feelings.md); musmed gives no
number, since a wrong one is worse than none."""

HELP_GERMAN = (
    "Damit musst du nicht allein sein: In Gefahr ruf den Notruf an, der bei dir gilt; "
    "findahelpline.com und befrienders.org zeigen, wer zuhört, wo du lebst. "
    "Musik ist auch da, wenn du willst."
)
"""The same sentence, for who wrote in German."""

_WANT = (
    "(?:want|wanna|wants|wanted|wanting|wish|wished|wishing|ready|rather|hope|hoping|like"
    "|plan|planning|try"
    "|trying|need)"
)
_NOT = "(?:not|dont|do not|doesnt|didnt|no longer|never|cant|can not|cannot)"
_LIVE = "(?:live|exist|be alive|be here|go on living|wake up(?! early| at| so))"
_DO = (
    "(?:kill|hang|drown|shoot|harm|hurt|cutt?|burn|poison|injur|end)(?:e|ing)?",
    "(?: (?:off|out|short|some|laughing|in the foot|in work)\\b)",
)
_ENGLISH = (
    r"\w*(?:suicid|suizid)\w*",
    r"unaliv\w*",
    rf"{_DO[0]} (?:myself|my self)(?!{_DO[1]})",
    r"kms",
    r"self ?(?:harm|injur|mutilat)\w*",
    r"overdos(?:e|ed|ing)(?! of (?!pills|tablets|medic))",
    rf"{_WANT}(?: \w+){{0,3}} (?:die|(?:be|am|was|were) dead)(?! (?:for|from|of|laughing|tired)\b)",
    r"feel(?:ing)? like dying",
    r"better off dead|better(?: off)? without me",
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
    rf"{_WANT}(?: \w+){{0,2}} (?:not|never)(?: to)? {_LIVE}",
    r"(?:not|stop) (?:existing|living)$|cease to exist",
    r"end(?:ing)? it(?: now| all| tonight| today| soon| myself| for good)?$",
    r"put an end to (?:it all|my life|myself)|give up on (?:life|living)",
    r"(?:slit\w*|cut\w*|slash\w*) (?:\w+ )?(?:wrists?|veins?)",
    r"(?:^|(?:i am|im|been|started|start|keep|feel like|urge to|want to|need to) )"
    r"cut(?:ting)?(?: again| myself)?$",
    r"(?:jump|throw|threw|step|lie|walk|run)(?:ing|ed)? (?:myself )?(?:in ?front of|under|before)"
    r" (?:a|the|that) (?:train|bus|car|truck|lorry|tram|subway)",
    r"(?<!bungee )(?:jump|jumping|drive|driving|throw myself|fall) (?:off|from|out of|over) "
    r"(?:a|the|that|this) (?:bridge|roof|building|balcony|cliff|window|tower|ledge|overpass)",
    r"^off a (?:bridge|cliff|roof)$|throw(?:ing)? myself (?:off|in ?front|under|out)",
    r"(?:took|take|taken|taking|swallow\w*) (?:\w+ )?(?:too many|all (?:of )?(?:my|the)|a bottle of"
    r"|a handful of|a bunch of) (?:\w+ )?(?:pills|tablets|painkillers)",
    r"(?:cant|can not|cannot) (?:live|exist|do life|do this)(?: any ?more| like this)?$",
    r"(?:dont|do not|didnt|never) deserve(?:d)? to (?:live|exist|be alive)|deserve to die",
    r"(?:shouldnt|should not|should never) (?:be alive|exist|have been born)",
    r"should(?: just)? (?:die|be dead)|might as well (?:die|be dead)|let me die",
    r"(?:please|someone|somebody|just) kill me",
    r"wish (?:that )?(?:i|id|i had|i was|i were) (?:was |were )?never (?:been )?(?:born|existed)",
    r"wish i (?:didnt exist|did not exist|wasnt (?:alive|born)|werent (?:alive|born))",
    r"hop(?:e|ing) (?:that )?i (?:dont|do not|never|wont) wake(?: up)?"
    r"(?! (?:up )?(?:early|late|at|so))",
    r"(?:sleep|bed|asleep) and (?:not|never|dont) (?:to )?wake",
    r"(?:point|sense) (?:of|in) (?:living|being alive|going on)|hate (?:being alive|living)$",
    r"sick of being alive|\w*(?:killmyself|killingmyself|wanttodie|wannadie|endmylife|hurtmyself)",
    r"\w*cutmyself",
)
_GERMAN = (
    r"selbstmord\w*|selbsttotung|selbsttoetung|freitod|lebensmude|lebensmuede",
    r"selbst ?verletz\w*|ritze mich|mich (?:selbst )?ritzen",
    r"(?:mich|selbst) (?:umbringen|umzubringen|toten|toeten|verletzen)|bringe? mich um",
    r"(?:will|mochte|moechte)(?:(?! vor\b) \w+){0,3} (?:sterben|tot sein)",
    r"sterben (?:will|mochte|moechte)",
    r"(?:nicht|nimmer) mehr (?:leben|weiterleben|da sein|aufwachen)",
    r"mein leben beenden|leben nicht mehr",
    r"das leben (?:zu )?nehmen|nehme? mir(?: \w+)? das leben",
    r"mir (?:\w+ ){0,2}(?:etwas|was) (?:\w+ )?an(?:zu)?tun|tue? mir (?:\w+ )?(?:etwas|was) an",
    r"(?:sterben|tot sein)(?: zu)? wollen|(?:gern|gerne|liebsten|lieber|nur noch) (?:sterben|tot)",
    r"(?:lieber|liebsten) tot|(?:ware|waere) (?:\w+ ){0,2}tot(?! (?:um|vor))",
    r"(?:lass|lasst) mich (?:\w+ )?sterben",
    r"(?:nicht|nie|niemals|nimmer)(?: mehr| wieder)+ (?:existieren|aufwachen|aufzuwachen|aufwache"
    r"|hier sein|weitermachen|leben|am leben)",
    r"mich (?:(?:jetzt|selbst|selber|heute|einfach|nur|wieder|gleich|noch|auch) ){0,3}(?:umbringen"
    r"|umzubringen|erhangen|erhaengen|aufhangen|aufhaengen|erschiessen|ertranken|ertraenken"
    r"|vergiften|schneiden|ritzen|verletzen|toten|toeten)",
    r"(?:hange|haenge) mich auf|(?:erhange|erhaenge|erschiesse|ritze|schneide|tote|toete) mich"
    r"(?! in den finger| beim)",
    r"bringe?(?: mich(?: \w+){0,2}) um(?! (?:den|die|das))|^(?:\w+ )?umbringen$",
    r"(?:vor|unter) (?:den|einen|nen) (?:nachsten |naechsten )?(?:zug|lkw)",
    r"(?:(?:von|aus) (?:der|einer|dem|einem)|vom) (?:brucke|bruecke|dach|hochhaus|balkon|fenster"
    r"|turm) (?:zu )?(?:springen|sturzen|stuerzen|werfen)",
    r"puls ?adern?|ritzen|ich ritze|geritzt|svv|uberdosis|ueberdosis",
    r"todeswunsch|todessehnsucht|todesgedanken|sterbewunsch|suizid",
    r"(?:kein|keinen|keine|ohne) (?:grund|sinn|willen?|lust|wunsch)(?: mehr)?"
    r"(?: (?:zu|zum|im|am|auf(?: das)?))?(?: mehr)?(?: zu)? leben",
    r"(?:meinem|dem|mein|das) leben (?:\w+ )?(?:ein )?ende|leben beenden|allem ein ende",
    r"(?:besser|leichter)(?: dran)? ohne mich|(?:nie|niemals|nicht) geboren",
    r"(?:zu viele|alle meine) (?:schlaf)?(?:tabletten|pillen)|hasse es zu leben",
)
_OTHERS = (
    # French, Spanish, Italian, Portuguese; the stem above finds their words for suicide
    r"(?:veux|envie de) mourir|me tuer|(?:quiero|quisiera) morir\w*|matarme|voglio morire"
    r"|quero morrer|me matar",
)
_ALONE = {"die", "dying", "dead", "death", "to die", "kill me", "kill me now"}
_ALONE_GERMAN = {"sterben", "tot"}
"""What says so when it is all that was typed; among other words it is a turn of phrase."""
_KEYS = ("want", "kill", "killing", "myself", "suicide", "overdose", "sterben", "umbringen",
         "selbstmord", "lebensmude", "hurting", "cutting", "anymore")  # fmt: skip
"""What is put right before it is looked at again, where it is a slip."""
_NOT_KEYS = {"streben", "umringen", "putting", "hunting", "cuttings"}
"""Other words that lie as near to one of them as a slip."""
_MISSPELT = {"suicide": 1, "suicidal": 2, "suizidal": 2}
"""And with how many slips."""


@functools.cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


def _corrected(said: str) -> str:
    """``said`` with its key words spelled right."""
    return " ".join(_as_key(word) for word in said.split())


def _as_key(word: str) -> str:
    if word in _NOT_KEYS or word in _KEYS:
        return word
    return next((key for key in misspelt(word, _KEYS) if key[0] == word[0]), word)


def speaks_of_harm(text: str) -> bool:
    """Whether ``text`` says that its writer wants to die or to harm themselves.

    English, German and a few phrases of other languages, whatever their case and punctuation; a
    slip in a word that counts is put right. It would rather take a phrase too many than one too
    few: what follows is one sentence. Turns of phrase such as 'killing it', 'dying to dance' and
    'dead tired' are none.
    """
    said = plain(text[:1000])
    if not said:
        return False
    if said in _ALONE | _ALONE_GERMAN or _has(said, _ENGLISH + _GERMAN + _OTHERS):
        return True
    return any(
        slips(word, right, most) is not None
        for word in said.split()
        if word.startswith("su")
        for right, most in _MISSPELT.items()
    )


def help_for(*texts: str) -> str | None:
    """What is said where one of ``texts`` speaks of harm: ``HELP``, behind the same in German
    where the words were German. None where none does."""
    if not any(speaks_of_harm(text) for text in texts):
        return None
    said = [plain(text[:1000]) for text in texts]
    german = any(one in _ALONE_GERMAN or _has(one, _GERMAN) for one in said)
    return f"{HELP_GERMAN} {HELP}" if german else HELP


def _has(said: str, phrases: tuple[str, ...]) -> bool:
    pattern = _pattern(phrases)
    return any(pattern.search(spelled) for spelled in (said, _corrected(said)))
