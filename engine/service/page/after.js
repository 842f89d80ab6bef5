// The last view: how it was, what can be taken along, and what next.

import * as service from "./service.js";
import { FELT, Sliders } from "./sliders.js";
import { clock } from "./words.js";

const FILES = [
  ["audio", "sound", "FLAC, as it is", "flac"],
  ["audio?format=ogg", "sound, smaller", "Ogg", "ogg"],
  ["midi", "notes", "MIDI", "mid"],
  ["description", "what it is, bar by bar", "JSON", "json"],
];

const $ = (id) => document.getElementById(id);

export class After {
  /** `again(id)` hears it once more, `anew()` makes another one, `forgotten()`: it is deleted. */
  constructor({ again, anew, forgotten, troubled }) {
    this._felt = new Sliders($("rated"), FELT, "felt");
    this._troubled = troubled;
    $("again").addEventListener("click", () => again(this._session.id));
    $("anew").addEventListener("click", anew);
    $("rating").addEventListener("submit", (event) => {
      event.preventDefault();
      this._rate();
    });
    $("forget").addEventListener("click", () => this._forget(forgotten));
  }

  show(session, heard) {
    const fresh = this._session?.id !== session.id;
    this._session = session;
    if (fresh) {
      this._felt.put(null);
      $("rating-said").textContent = "";
      $("forget").textContent = "Delete this session";
    }
    const whole = heard >= session.seconds - 1;
    const failed = session.state === "failed";
    $("over-state").textContent = failed ? "ended by a failure" : whole ? "played to its end" : "stopped";
    $("over-said").textContent = `${session.way}, ${whole ? "" : `${clock(heard)} of `}${clock(session.seconds)}`;
    if (session.said && failed) this._troubled(new service.Trouble(session.said, 0));
    $("downloads").replaceChildren(...FILES.map(([path, what, kind, suffix]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = service.file(session.id, path);
      link.download = `musmed.${suffix}`;
      link.textContent = what;
      const small = document.createElement("small");
      small.textContent = kind;
      item.append(link, " ", small);
      return item;
    }));
  }

  async _rate() {
    const said = Object.fromEntries(
      Object.entries(this._felt.said).map(([name, value]) => [name, Math.round(value * 100)]));
    if (!Object.keys(said).length) {
      $("rating-said").textContent = "Move a slider first, or leave it at that.";
      return;
    }
    try {
      await service.rate(this._session.id, said);
      $("rating-said").textContent = "Kept. Thank you.";
    } catch (trouble) {
      this._troubled(trouble);
    }
  }

  /** Asks once more first: what is deleted is gone. */
  async _forget(forgotten) {
    const button = $("forget");
    if (button.dataset.sure !== this._session.id) {
      button.dataset.sure = this._session.id;
      button.textContent = "Really delete it? Its sound goes, too. Press once more.";
      return;
    }
    try {
      await service.end(this._session.id);
      forgotten();
    } catch (trouble) {
      this._troubled(trouble);
    }
  }
}
