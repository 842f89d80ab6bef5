"""Which composer a session opens first, whether it can play here, and what is said of it."""

from __future__ import annotations

import msgspec

from engine.clip_record import Stage
from engine.composers.choice import check_composer
from engine.composers.synthesis import spoken
from engine.plan.generation import Generation, file_name
from engine.plan.spec import ClipKey
from engine.session.conductor.clip_composers import ClipComposers, ComposedBy, composers_of
from engine.session.fingerprints import changed_materials, said_of
from engine.session.library.records import StoredSession
from engine.session.notices import Notices


class FirstComposer:
    """Who composes a session that begins (``resume`` None) or goes on. ``known``: the composers of
    a session made again; one that goes on has its own. ``denoise``: as the options ask for."""

    def __init__(
        self,
        chosen: str,
        *,
        resume: StoredSession | None,
        known: ClipComposers | None = None,
        denoise: bool | None = None,
    ) -> None:
        self.chosen = chosen
        """The composer the session was begun with."""
        self._resume = resume
        self._denoise = denoise
        self._remarks: dict[str, None] = {}
        """What ``check`` found odd."""
        if resume is not None:
            self.clip_composers = composers_of(resume.records)
            self.now, self.synthesis = resume.newest_composer, ""
            """The one to open first, and what is to sound its notes: '' as the session wishes."""
            self.precision = resume.precision
            """What it is to multiply in, likewise."""
        else:
            self.clip_composers = known or {}
            first = self.clip_composers.get(ClipKey(0, 0), ComposedBy((Stage(chosen),)))
            self.now, self.synthesis, self.precision = first.stages[0]

    def check(self, generation: Generation) -> None:
        """Raise ``MusmedError`` for what one of them lacks here. A session that goes on needs the
        one that is to compose; what a clip of another, to be composed again, lacks is said then."""
        if self._resume is not None and any(key.index == 0 for key in self._resume.clips):
            generation = msgspec.structs.replace(generation, opening=None)  # its codes are kept
        needed = {self.now}
        if self._resume is None:
            needed |= {s.composer for by in self.clip_composers.values() for s in by.stages}
        for composer in sorted(needed):
            self._remarks.update(dict.fromkeys(check_composer(composer, generation)))

    def tell(self, notices: Notices) -> None:
        """What a listener should know before the first sound; once. What is kept of the session is
        not held any longer: of a long one that is ten MB."""
        resume, self._resume = self._resume, None
        for remark in self._remarks:
            notices.say_once(remark)
        if resume is None:
            return
        if self.now != self.chosen:
            notices.tell(
                f"In this session the {self.now} composer took over from {file_name(self.chosen)}; "
                "it goes on."
            )
        begun, now = resume.first_synthesis, resume.synthesis
        if begun and now and spoken(begun) != spoken(now):
            notices.tell(
                f"In this session {spoken(now)} took over from {spoken(begun)}; it goes on."
            )
        gated = resume.gated.get(self.now)
        if self._denoise is not None and gated not in (None, self._denoise):
            so_far, now_it = ("denoised", "is not") if gated else ("not denoised", "is")
            notices.tell(f"This session was {so_far} so far; what is composed now {now_it}.")
        for place in changed_materials(resume, self.now):
            notices.tell(
                f"{said_of(place, self.now)}; what is composed from here on may sound different."
            )
