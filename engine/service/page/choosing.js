// The first view: two feelings, how long, and Begin.

import { FeelingField } from "./feeling_field.js";
import * as service from "./service.js";
import { FADERS, Sliders } from "./sliders.js";
import { called, clock, distance, length } from "./words.js";

const GENTLE_SPEED = 0.1; // of the plane in half a minute
const TRAVEL = 0.6; // the share of a session that travels

const $ = (id) => document.getElementById(id);

export class Choosing {
  /** `begun(session)` is told of a session to play, `opened(id)` of one of the past. */
  constructor(plane, { begun, opened, troubled }) {
    this._plane = plane;
    this._begun = begun;
    this._opened = opened;
    this._troubled = troubled;
    this._active = "from";
    this._places = { from: null, to: null };
    this._fields = {};
    for (const which of ["from", "to"]) {
      this._fields[which] = new FeelingField($(which), $(`${which}-list`), $(`${which}-said`), {
        meant: (text) => service.meant(text, which === "to"),
        chosen: (place) => this._chose(which, place),
        focused: () => this._activate(which),
        entered: () => this._go(),
      });
    }
    this._faders = new Sliders($("first-faders"), FADERS, "fader");
    $("minutes").addEventListener("input", () => this._say());
    $("feelings").addEventListener("submit", (event) => {
      event.preventDefault();
      this._begin();
    });
    this._say();
  }

  know(words) {
    this._landmarks = words.feelings.filter((one) => one.landmark);
    for (const field of Object.values(this._fields)) field.know(words);
    $("example-list").replaceChildren(...words.examples.map((one) => {
      const said = `${one.from} to ${one.to}, ${length(one.minutes)}`;
      return this._line(said, "", () => {
        const place = (word) => words.feelings.find((known) => known.word === word);
        this.put(place(one.from), place(one.to), one.minutes);
        $("begin").focus();
      });
    }));
  }

  put(from, to, minutes) {
    this._places = { from, to };
    this._fields.from.put(from);
    this._fields.to.put(to);
    if (minutes) $("minutes").value = String(Math.round(minutes));
    this._activate(from && !to ? "to" : "from");
    this._say();
  }

  show() {
    this._show();
    this.past();
  }

  /** Somebody points at the plane. */
  pointed(which, place, done) {
    this._fields[which].put(place);
    this._places[which] = place;
    if (done && which === "from" && !this._places.to) this._activate("to");
    this._show();
    this._say();
  }

  /** What was heard before, the newest first. */
  async past() {
    let all;
    try {
      all = await service.sessions();
    } catch {
      return; // said elsewhere; the list is no need
    }
    
    $("past").hidden = all.length === 0;
    $("past-list").replaceChildren(...all.map((one) =>
      this._line(one.way, state(one), () => this._opened(one.id))));
  }

  _line(said, note, act) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = said;
    if (note) {
      const small = document.createElement("small");
      small.textContent = note;
      button.append(" ", small);
    }
    button.addEventListener("click", act);
    item.append(button);
    return item;
  }

  _activate(which) {
    this._active = which;
    $("from-field").classList.toggle("active", which === "from");
    $("to-field").classList.toggle("active", which === "to");
    $("question").textContent = which === "from" || !this._places.from
      ? "How do you feel?" : "How would you like to feel?";
    if (this._places.from && this._places.to) $("question").textContent = "Ready when you are.";
    this._show();
  }

  /** On to what is still to be said. */
  _go() {
    if (!this._places.from) this._fields.from.focus();
    else if (!this._places.to) this._fields.to.focus();
    else $("begin").focus();
  }

  _chose(which, place) {
    this._places[which] = place;
    this._activate(which === "from" && place && !this._places.to ? "to" : this._active);
    this._say();
  }

  _show() {
    this._plane.show({ ...this._places, path: null, now: false, ghost: null, heard: 0,
      active: this._active, still: false, movable: true });
  }

  _say() {
    const { from, to } = this._places;
    const minutes = Number($("minutes").value);
    $("minutes-said").textContent = length(minutes);
    $("minutes").setAttribute("aria-valuetext", length(minutes));
    const needed = from && to ? Math.ceil(distance(from, to) / GENTLE_SPEED / 2 / TRAVEL) : 0;
    $("gentle").textContent = needed > minutes
      ? `This is a long way: ${length(Math.min(60, needed))} would take it in gentle steps.` : "";
    if (from && to) $("question").textContent = "Ready when you are.";
  }

  async _begin() {
    const places = await Promise.all([this._fields.from.settle(), this._fields.to.settle()]);
    const missing = places[0] ? (places[1] ? null : "to") : "from";
    if (missing) {
      this._fields[missing].focus();
      if (this._fields[missing].empty) {
        $(`${missing}-said`).textContent = "Type a word, or point somewhere on the plane.";
      }
      return;
    }
    const [from, to] = places.map((one) => one.word || { valence: one.valence, arousal: one.arousal });
    const request = { from, to, minutes: Number($("minutes").value), pace: "live",
      strategy: document.querySelector("input[name=strategy]:checked").value };
    if (Object.keys(this._faders.said).length) request.faders = this._faders.said;
    $("begin").disabled = true;
    try {
      await this._begun(request);
    } catch (trouble) {
      this._troubled(trouble);
    } finally {
      $("begin").disabled = false;
    }
  }

  /** What a place is called. */
  called(place) {
    return place.word || called(place, this._landmarks);
  }
}

const STATES = { queued: "waits for its turn", running: "goes on", finished: "", cancelled: "stopped",
  failed: "ended by a failure" };

function state(one) {
  const parts = [clock(one.seconds), STATES[one.state] ?? ""];
  return parts.filter(Boolean).join(", ");
}
