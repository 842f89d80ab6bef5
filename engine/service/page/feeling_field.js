// A field in which a feeling is typed, with completion (a combobox of the ARIA practices).

import { called } from "./words.js";

const OFFERED = 7;

const plain = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/['’]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();

export class FeelingField {
  /**
   * `meant(text)` asks the service what was meant; `chosen(place)` is told {word, valence,
   * arousal} or null; `entered()` that somebody is done with this field.
   */
  constructor(input, list, note, { meant, chosen, focused, entered }) {
    this._input = input;
    this._list = list;
    this._note = note;
    this._meant = meant;
    this._chosen = chosen;
    this._entered = entered;
    this._words = [];
    this._forms = new Map();
    this._landmarks = [];
    this._at = -1;
    this._asked = 0;
    this.place = null;
    input.addEventListener("focus", () => {
      input.select();
      focused();
    });
    input.addEventListener("input", () => this._typed());
    input.addEventListener("keydown", (event) => this._key(event));
    input.addEventListener("blur", () => {
      this._close();
      this.settle();
    });
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this._take(option.dataset.word);
    });
  }

  know({ feelings, forms }) {
    this._landmarks = feelings.filter((one) => one.landmark);
    const places = new Map(feelings.map((one) => [one.word, one]));
    for (const one of feelings) this._forms.set(plain(one.word), one);
    for (const [form, word] of Object.entries(forms)) {
      if (!this._forms.has(plain(form))) this._forms.set(plain(form), places.get(word));
    }
    this._words = [...feelings.map((one) => one.word), ...Object.keys(forms)];
  }

  /** Puts a place there, as somebody has pointed at it. */
  put(place, note = "") {
    this.place = place;
    this._shown = place ? place.word || called(place, this._landmarks) : "";
    this._input.value = this._shown;
    this._input.removeAttribute("aria-invalid");
    this._note.textContent = note;
    this._close();
  }

  focus() {
    this._input.focus();
  }

  get empty() {
    return this._input.value.trim() === "";
  }

  /** Makes a place of what was typed; asks the service where the page does not know the words. */
  async settle() {
    const text = this._input.value.trim();
    if (text === (this._shown ?? "")) return this.place;
    if (!text) return this._found(null);
    const known = this._forms.get(plain(text));
    if (known) return this._found(known);
    const asked = ++this._asked;
    try {
      const found = await this._meant(text);
      if (asked === this._asked && this._input.value.trim() === text) {
        this._found({ word: found.word, valence: found.valence, arousal: found.arousal }, found.help || "");
      }
    } catch (trouble) {
      if (asked === this._asked && this._input.value.trim() === text) {
        this.place = null;
        this._shown = null;
        this._note.textContent = trouble.message;
        if (trouble.status) this._input.setAttribute("aria-invalid", "true");
        this._chosen(null);
      }
    }
    return this.place;
  }

  _found(place, note = "") {
    this.put(place, note);
    this._chosen(place);
    return place;
  }

  _typed() {
    this._note.textContent = "";
    this._input.removeAttribute("aria-invalid");
    const begun = plain(this._input.value);
    const found = begun ? this._words.filter((word) => plain(word).startsWith(begun)) : [];
    this._open(found.slice(0, OFFERED));
  }

  _open(words) {
    this._at = -1;
    this._input.removeAttribute("aria-activedescendant");
    this._list.replaceChildren(
      ...words.map((word, index) => {
        const option = document.createElement("li");
        option.id = `${this._list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.word = word;
        option.textContent = word;
        return option;
      }),
    );
    this._list.hidden = words.length === 0;
    this._input.setAttribute("aria-expanded", String(words.length > 0));
  }

  _close() {
    this._open([]);
  }

  _take(word) {
    this._input.value = word;
    this._close();
    this.settle();
  }

  _key(event) {
    const options = [...this._list.children];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this._at = (this._at + step + options.length) % options.length;
      options.forEach((one, index) => one.setAttribute("aria-selected", String(index === this._at)));
      this._input.setAttribute("aria-activedescendant", options[this._at].id);
      options[this._at].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && options.length) {
      event.preventDefault();
      this._take((options[this._at] || options[0]).dataset.word);
      this._entered();
    } else if (event.key === "Escape") {
      this._close();
    }
  }
}
