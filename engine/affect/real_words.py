"""Words spelled right that lie near enough to a feeling to be a typo of it, and mean another."""

from __future__ import annotations

NEVER_TYPOS = frozenset({
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
"""Plain words, English and German. No guess is made for one, nor is one completed to a feeling when
Enter is pressed: 'abused' is not 'amused', 'overdosed' not 'overjoyed', 'harm' no 'harmony'. Found
by looking at what was guessed for a list of 45,000 common English words; inflections of the feeling
itself ('amuse') are left to be guessed."""
