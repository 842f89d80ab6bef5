"""Words spelled right that lie near enough to a feeling to be a typo of it, and mean another."""

from __future__ import annotations

_CHOSEN = frozenset({
    "abatement", "abuse", "abusing", "admonished", "affliction", "albert", "animation", "arid",
    "attenuation", "attrition", "bald", "bard", "baring", "bead", "bitten", "boeing", "booing",
    "bore", "boring", "bowing", "boxing", "brad", "bred", "broke", "broker", "burial",
    "buried", "butchered", "care", "carp", "cheated", "cheater", "coincidence", "collusion",
    "commission", "compression", "compulsion", "concealed", "conceived", "concerted",
    "concussion", "condemned", "condensed", "conduction", "conference", "confessed",
    "confession", "confinement", "congested", "congestion", "conserved", "contacted",
    "contamination", "contempt", "contend", "contender", "contested", "convicted",
    "conviction", "cramp", "crank", "craps", "crashed", "created", "crusher", "dead",
    "deceived", "deception", "decline", "declined", "decreased", "decreasing", "deduction",
    "defected", "deflected", "deleted", "dependency", "dependent", "depiction", "destruction",
    "destructive", "detected", "detection", "deviant", "dining", "direction", "discontinued",
    "discussed", "disgraced", "disguised", "dislocated", "disparate", "dispersed", "disrupted",
    "distinction", "distorted", "dream", "driver", "drooling", "drown", "dying", "emulation",
    "exaggerated", "excrement", "executing", "exited", "exiting", "expelled", "exploded",
    "fever", "fight", "flown", "freight", "furry", "fusing", "gilt", "gland", "grave", "gust",
    "gut", "guts", "gutter", "harm", "harmed", "harms", "haste", "hated", "hater", "hates",
    "headed", "heaped", "historical", "homeless", "homelessness", "hostage", "hubble",
    "humbled", "hunted", "hysteria", "imitation", "impotence", "incensed", "infection",
    "inflation", "injection", "inpatient", "insane", "insulated", "interior", "intersect",
    "invitation", "irrigation", "lack", "likely", "listen", "living", "loathing", "losers",
    "loses", "losing", "lots", "lying", "mad", "made", "maid", "mean", "meddling", "meth",
    "mitigation", "mocking", "mourned", "murder", "mutilate", "mutilated", "mutilation",
    "neural", "nothing", "noting", "offenders", "oppressed", "outage", "overdose", "overdosed",
    "overdoses", "overdosing", "pain", "paint", "pest", "plain", "possessed", "prejudiced",
    "prod", "projected", "prosecuted", "protested", "protracted", "quit", "racing", "raked",
    "ranging", "raped", "raping", "rasend", "rating", "reizend", "relegation",
    "relied", "relieve", "relieves", "relived", "reliving", "reloading", "relocation",
    "remote", "removed", "replaying", "resected", "resection", "reset", "resigned",
    "respectful", "restarted", "retrieved", "rotted", "saddened", "safer", "said", "same",
    "sand", "scaled", "scar", "scared", "scarred", "scored", "seared", "seized", "severed",
    "sham", "shaven", "shift", "shirt", "shunned", "sleeveless", "slit", "snort", "sober",
    "sock", "spared", "sprained", "stab", "stabbed", "stained", "stale", "stamped", "stared",
    "starved", "stead", "stole", "storm", "strangled", "stripped", "strung", "stunted",
    "surpassed", "swamped", "swapped", "tapped", "teased", "tense", "testified", "thorn",
    "thread", "throat", "thrust", "tied", "tiered", "torched", "tortured", "trampling",
    "treat", "treated", "tripped", "umringen", "undaunted", "underwent", "unheard",
    "uninsured", "unmarried", "unmoved", "victim", "victims", "vile", "violated", "wander",
    "war", "watch", "weak", "weep", "weeping", "widow", "withdrawal", "wither", "wounds",
    "wreak", "wrecked",
})  # fmt: skip
"""English and German, found by looking at what was guessed for a list of 45,000 common English
words."""

_OF_SCOWL = frozenset({
    "abasement", "absorbent", "abstention", "adeptness", "admitting", "admonishment",
    "adventuress", "aesthetic", "affectation", "affecting", "ambiguous", "ambushing", "burgeoned",
    "castigated", "cavilling", "chilblain", "chiseling", "chiselled", "chiselling", "coincident",
    "collection", "collocated", "compaction", "companion", "comparison", "compassed",
    "compassing", "complected", "composite", "comprised", "conception", "conclusion", "concocted",
    "concoction", "concreted", "concurred", "condiment", "conducted", "confections", "conferred",
    "confidante", "confidants", "confluence", "confluent", "conformed", "connective", "consorted",
    "contention", "continence", "continued", "contorted", "contusions", "convention", "converged",
    "conversed", "convulsed", "convulsion", "cornbread", "corrected", "correction", "courteous",
    "cultivated", "deactivated", "debauched", "defacement", "defecates", "defecation",
    "defections", "defoliant", "delimited", "demobilised", "demobilized", "democratised",
    "democratized", "descendent", "desecrate", "desecration", "desperado", "despising",
    "despoiling", "destructed", "detainment", "detraction", "devaluation", "diffraction",
    "digressing", "disbursed", "disconcerted", "discoursed", "dislocating", "disproving",
    "distressful", "dowdiness", "dressiness", "drollness", "droppings", "elevation", "eliciting",
    "entourage", "entourages", "exaggeration", "excepting", "excreting", "exercised",
    "exhalation", "exhaustive", "expiating", "grandness", "grubbiness", "hairiness", "handiness",
    "hardiness", "harmonicas", "harmonics", "harnessed", "hastiness", "heartbeat", "heartiness",
    "heedlessness", "hoariness", "immolated", "immolation", "indication", "indigestion",
    "inheritor", "inpatients", "instigation", "insulates", "insulation", "intensest",
    "interacted", "intercept", "intercepted", "interiors", "interject", "interjected",
    "internist", "intersected", "irrigates", "juiciness", "kindliness", "lacerated", "lankiness",
    "levelness", "lifelines", "limitless", "literates", "lowliness", "mitigated", "mollified",
    "mystified", "outranked", "pancaking", "picnicked", "picnicking", "predictive", "prettified",
    "proactive", "production", "prospected", "protective", "protester", "putrefied", "quaintness",
    "queerness", "quickness", "quietuses", "reasserted", "reassigned", "reception",
    "recklessness", "reclamation", "recursion", "redesigned", "reduction", "reelected",
    "reelections", "reflected", "reflexive", "reforested", "reforesting", "refraction",
    "relapsing", "releasing", "reparation", "replacing", "repletion", "reposeful", "reprieved",
    "respected", "respective", "restocked", "reversion", "sandiness", "scampered", "scotching",
    "seediness", "shadiness", "sheathing", "sheltered", "shrillness", "silliness", "simulates",
    "sketching", "sloppiness", "smallness", "smooching", "staleness", "sterility", "stiffness",
    "stipulate", "stipulates", "straitened", "suckering", "sufficing", "suffixing", "suffusing",
    "suitability", "sulfuring", "summering", "sundering", "suppurated", "tenderises", "treadling",
    "troubling", "truanting", "underlain", "undershoot", "undersold", "undertook", "undressed",
    "unmitigated", "unpainted", "unseating", "untainted", "unwariness", "venerable", "vicarious",
    "wastefulness", "weirdness", "wilfulness", "willfulness", "worthiest", "worthiness",
})  # fmt: skip
"""Those of SCOWL 2020.12.07 (sizes 10 to 50) that were still guessed to be a feeling two slips away
(tests/bench/guesses.py) and are no form of it: 'immolated' is not 'isolated'. A word that is one
slip away is asked about: 'clam' is written for 'calm'."""

NEVER_TYPOS = _CHOSEN | _OF_SCOWL
"""Plain words. No guess is made for one, nor is one completed to a feeling when Enter is pressed:
'abused' is not 'amused', 'overdosed' not 'overjoyed', 'harm' no 'harmony'. Inflections of the
feeling itself ('amuse') are left to be guessed."""
