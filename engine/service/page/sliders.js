// Sliders with plain words at their ends; what they say is told when they have rested.

import { share } from "./words.js";

const RESTED = 400; // milliseconds

/** The four faders of the music, in plain words. */
export const FADERS = [
  { name: "rhythm", label: "Rhythm", least: "still", most: "busy" },
  { name: "density", label: "Notes", least: "few", most: "many" },
  { name: "register", label: "Height", least: "low", most: "high" },
  { name: "brightness", label: "Brightness", least: "soft", most: "bright" },
];

/** How somebody feels, on the two sliders of the check-out. */
export const FELT = [
  { name: "valence", label: "How pleasant", least: "unpleasant", most: "pleasant" },
  { name: "arousal", label: "How awake", least: "sleepy", most: "wide awake" },
];

/** How much it was liked. */
export const LIKED = [
  { name: "liking", label: "How much you liked it", least: "not at all", most: "very much" },
];

const UNSAID = { fader: "as it comes", felt: "not said" };

/**
 * A slider from 0 to 1, or null while nobody has said anything by it.
 * `kind` is 'fader' or 'felt'; `told` is called when it has rested.
 */
export class Slider {
  constructor({ name, label, least, most }, kind, id, told = () => {}) {
    this.name = name;
    this._words = { least, most, unsaid: UNSAID[kind] };
    this._told = told;
    this._timer = 0;
    this.element = document.createElement("div");
    this.element.className = "slider";
    const head = document.createElement("label");
    head.htmlFor = id;
    head.textContent = label;
    this._said = document.createElement("output");
    this._said.htmlFor = id;
    this._input = document.createElement("input");
    Object.assign(this._input, { type: "range", id, min: "0", max: "100", step: "1" });
    const ends = document.createElement("div");
    ends.className = "ends";
    ends.setAttribute("aria-hidden", "true");
    for (const word of [least, most]) {
      const end = document.createElement("span");
      end.textContent = word;
      ends.append(end);
    }
    this._clear = document.createElement("button");
    this._clear.type = "button";
    this._clear.className = "plain clear";
    this._clear.textContent = kind === "fader" ? "let go" : "leave out";
    this._clear.setAttribute("aria-label", `${label}: ${this._clear.textContent}`);
    this.element.append(head, this._said, this._clear, this._input, ends);
    this._input.addEventListener("input", () => this._moved(Number(this._input.value) / 100));
    this._input.addEventListener("click", () => {
      if (this.value === null) this._moved(Number(this._input.value) / 100);
    });
    this._clear.addEventListener("click", () => {
      this._moved(null);
      this._input.focus();
    });
    this.put(null);
  }

  /** Puts it there without telling. */
  put(value) {
    clearTimeout(this._timer);
    this._timer = 0;
    this._show(value);
  }

  /** Whether it was moved and has not been told yet. */
  get moving() {
    return this._timer !== 0;
  }

  _show(value) {
    this.value = value;
    const { least, most, unsaid } = this._words;
    const said = value === null ? unsaid : share(value, least, most);
    this._input.value = String(Math.round((value ?? 0.5) * 100));
    this._input.setAttribute("aria-valuetext", said);
    this._said.textContent = said;
    this.element.classList.toggle("unsaid", value === null);
    this._clear.hidden = value === null;
  }

  _moved(value) {
    this._show(value);
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._timer = 0;
      this._told();
    }, RESTED);
  }
}

/** Sliders that are told together: `told({name: value or null, …})`. */
export class Sliders {
  constructor(box, which, kind, told = () => {}) {
    const tell = () => told(this.values);
    this._all = which.map((one) => new Slider(one, kind, `${box.id}-${one.name}`, tell));
    box.replaceChildren(...this._all.map((one) => one.element));
  }

  get values() {
    return Object.fromEntries(this._all.map((one) => [one.name, one.value]));
  }

  /** Those that say something. */
  get said() {
    return Object.fromEntries(this._all.filter((s) => s.value !== null).map((s) => [s.name, s.value]));
  }

  put(values) {
    if (this._all.some((one) => one.moving)) return; // the hand that moves them knows better
    for (const one of this._all) one.put(values?.[one.name] ?? null);
  }
}
