// The plane of feelings: words, two points, the path between them and the dot that is heard now.
// It is told what to show and tells where somebody points; it knows neither service nor sound.

import { place as placeWords } from "./labels.js";
import { called, nearest } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 0.8; // about so far from the middle lie the feelings
const EDGE = 1.06; // what is shown of the plane, to each side
const GRAB = 26; // pixels: so near to a point, it is taken along
const SNAP = 14; // pixels: so near to a word's dot, the word is meant
const APART = 46; // pixels: words that lie closer to another one are not named
const STEP = 0.05;
const LARGE_STEP = 0.2;

const inPlane = (value) => Math.max(-1, Math.min(1, value));

function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export class Plane {
  /** `pointed(which, place, done)`: somebody points there; `done` once the finger is lifted. */
  constructor(svg, { pointed }) {
    this._svg = svg;
    this._pointed = pointed;
    this._words = [];
    this._state = { from: null, to: null, active: "from", path: null, heard: 0, now: null, ghost: null };
    this._handles = {};
    this._layers = {};
    this._hand = null;
    this._build();
    new ResizeObserver(() => this._lay()).observe(svg);
    document.fonts?.ready.then(() => this._lay());
  }

  /** `words`: [{word, valence, arousal, anchor}]. */
  know(words) {
    this._words = words;
    this._lay();
  }

  /**
   * What there is to see: `from`, `to`, `ghost` (where it might be steered to): {valence, arousal,
   * word?} or null; `path`: [{time, valence, arousal}] or null for a straight line; `heard`:
   * session seconds; `now`: whether the dot is shown; `active`: the point that a touch moves, null
   * for none; `still`: nothing can be moved.
   */
  show(state) {
    const before = this._state;
    this._state = { ...before, ...state };
    const moved = ["from", "to", "ghost"].some((key) => before[key] !== this._state[key]);
    if (moved || before.path !== this._state.path || before.still !== this._state.still) this._lay();
    else this._move();
  }

  // What stays where it is

  _build() {
    const svg = this._svg;
    const quarters = draw("g", { class: "quarters" });
    const lines = draw("g", { class: "lines" });
    const layer = (name) => (this._layers[name] = draw("g", { class: name }));
    svg.append(
      draw("defs", {}, draw("linearGradient", { id: "plane-way", gradientUnits: "userSpaceOnUse" },
        draw("stop", { offset: "0", class: "stop-from" }),
        draw("stop", { offset: "0.5", class: "stop-middle" }),
        draw("stop", { offset: "1", class: "stop-to" })),
        draw("radialGradient", { id: "plane-glow" },
          draw("stop", { offset: "0", class: "glow-in" }),
          draw("stop", { offset: "1", class: "glow-out" }))),
      quarters, lines, layer("axes"), layer("names"), layer("path"), layer("points"),
    );
    this._layers.quarters = quarters;
    this._layers.lines = lines;
    for (const which of ["from", "to"]) {
      const ring = draw("circle", { class: "ring", r: 9 });
      const handle = draw("g", { class: `handle ${which}`, tabindex: "0", role: "slider",
        "aria-label": which === "from" ? "How you feel" : "How you would like to feel",
        "aria-valuemin": "-100", "aria-valuemax": "100", "data-which": which },
        draw("circle", { class: "grip", r: 22 }), ring, draw("circle", { class: "core", r: 3.5 }));
      handle.addEventListener("keydown", (event) => this._key(event, which));
      this._handles[which] = handle;
    }
    this._dot = draw("g", { class: "dot", "aria-hidden": "true" },
      draw("circle", { class: "halo", r: 34, fill: "url(#plane-glow)" }),
      draw("circle", { class: "here", r: 8 }));
    this._ghost = draw("g", { class: "ghost", "aria-hidden": "true" }, draw("circle", { r: 10 }));
    this._thought = draw("path", { class: "thought", "aria-hidden": "true" });
    svg.addEventListener("pointerdown", (event) => this._down(event));
    svg.addEventListener("pointermove", (event) => this._drag(event));
    svg.addEventListener("pointerup", (event) => this._up(event));
    svg.addEventListener("pointercancel", () => (this._hand = null));
  }

  _at({ valence, arousal }) {
    const { middle, scale } = this._frame;
    return { x: middle.x + valence * scale, y: middle.y - arousal * scale };
  }

  _lay() {
    const { width, height } = this._svg.getBoundingClientRect();
    if (!width || !height) return;
    this._svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const middle = { x: width / 2, y: height / 2 };
    this._frame = { middle, width, height, scale: Math.min(width, height) / 2 / EDGE };
    this._ground();
    this._name();
    this._way();
    this._move();
  }

  _ground() {
    const { middle: { x, y }, scale } = this._frame;
    const r = RADIUS * scale;
    const parts = [["lively-bad", -1, -1], ["lively-good", 1, -1], ["calm-good", 1, 1], ["calm-bad", -1, 1]];
    this._layers.quarters.replaceChildren(...parts.map(([name, across, down]) => {
      const sweep = across * down > 0 ? 1 : 0;
      return draw("path", { class: name,
        d: `M${x} ${y}H${x + across * r}A${r} ${r} 0 0 ${sweep} ${x} ${y + down * r}Z` });
    }));
    this._layers.lines.replaceChildren(
      draw("circle", { cx: x, cy: y, r }),
      draw("path", { d: `M${x - r} ${y}H${x + r}M${x} ${y - r}V${y + r}` }),
    );
    const axes = [["livelier", x, y - r * 0.86, "middle"], ["calmer", x, y + r * 0.9, "middle"],
      ["unpleasant", x - r * 0.93, y - 7, "start"], ["pleasant", x + r * 0.93, y - 7, "end"]];
    this._layers.axes.replaceChildren(...axes.map(([word, left, top, anchor]) =>
      draw("text", { x: left, y: top, "text-anchor": anchor }, word)));
  }

  _name() {
    const { from, to, path } = this._state;
    const { width, height, middle } = this._frame;
    const ends = [["from", from], ["to", to]].filter(([, place]) => place);
    const spots = ends.map(([which, place]) => ({ ...this._at(place), place, which, must: true, room: 9,
      word: place.word || called(place, this._words) }));
    if (spots.length === 2 && spots[0].word === spots[1].word) spots.pop();
    const said = new Set(spots.map((one) => one.word));
    const dots = [...this._words].sort((a, b) => Number(b.anchor) - Number(a.anchor))
      .filter((one) => !said.has(one.word))
      .filter((one) => !ends.some(([, place]) => place.valence === one.valence && place.arousal === one.arousal))
      .map((one) => ({ ...this._at(one), place: one, word: one.word, anchor: one.anchor }));
    const shown = apart([...spots, ...dots]);
    const pen = Plane._pen(getComputedStyle(this._svg));
    const taken = [...this._layers.axes.children].map((text) => {
      const { x, y, width: w, height: h } = text.getBBox();
      return { left: x, top: y, right: x + w, bottom: y + h };
    });
    for (const [, place] of ends) {
      const { x, y } = this._at(place);
      taken.push({ left: x - 8, top: y - 8, right: x + 8, bottom: y + 8 });
    }
    taken.push(...this._onPath(path));
    const found = placeWords(shown, { width, height, middle, line: pen.line,
      measure: pen.measure, taken });
    this._named = found;
    const nodes = [];
    for (const one of found) {
      if (!one.which) nodes.push(draw("circle", { cx: one.x, cy: one.y, r: one.anchor ? 2.6 : 1.8,
        class: one.anchor ? "anchor" : "" }));
      nodes.push(draw("text", { x: one.box.left, y: one.box.bottom - pen.line * 0.26,
        class: one.which || (one.anchor ? "anchor" : "") }, one.word));
    }
    this._layers.names.replaceChildren(...nodes);
    this._layers.names.setAttribute("aria-hidden", "true");
  }

  /** Boxes along the path, which words leave free. */
  _onPath(path) {
    const points = this._points(path);
    const boxes = [];
    for (let i = 1; i < points.length; i += 1) {
      const [a, b] = [points[i - 1], points[i]];
      const parts = Math.ceil(pixels(a, b) / 5);
      for (let part = 0; part <= parts; part += 1) {
        const x = a.x + ((b.x - a.x) * part) / (parts || 1);
        const y = a.y + ((b.y - a.y) * part) / (parts || 1);
        boxes.push({ left: x - 3, top: y - 3, right: x + 3, bottom: y + 3 });
      }
    }
    return boxes;
  }

  static _pen(style) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = `500 ${style.fontSize} ${style.fontFamily}`;
    return { line: parseFloat(style.fontSize) * 1.25, measure: (word) => context.measureText(word).width };
  }

  _points(path) {
    const { from, to } = this._state;
    if (path) return path.map((one) => this._at(one));
    return from && to ? [this._at(from), this._at(to)] : [];
  }

  _way() {
    const { from, to, path, still } = this._state;
    const points = this._points(path);
    const line = points.map(({ x, y }) => `${x},${y}`).join(" ");
    const layer = this._layers.path;
    layer.replaceChildren();
    if (points.length > 1) {
      const gradient = this._svg.querySelector("#plane-way");
      const [first, last] = [points[0], points[points.length - 1]];
      // A line without any length has no gradient, and would not be drawn.
      const far = Math.hypot(last.x - first.x, last.y - first.y) < 1 ? 1 : 0;
      Object.entries({ x1: first.x, y1: first.y, x2: last.x + far, y2: last.y })
        .forEach(([key, value]) => gradient.setAttribute(key, value));
      this._gone = draw("polyline", { class: "gone", stroke: "url(#plane-way)" });
      layer.append(draw("polyline", { class: "ahead", stroke: "url(#plane-way)", points: line }), this._gone);
    }
    this._layers.points.replaceChildren(
      ...[["from", from], ["to", to]].filter(([, place]) => place).map(([which, place]) => {
        const handle = this._handles[which];
        const { x, y } = this._at(place);
        handle.setAttribute("transform", `translate(${x} ${y})`);
        handle.setAttribute("aria-valuenow", Math.round(place.valence * 100));
        handle.setAttribute("aria-valuetext", place.word || called(place, this._words));
        handle.setAttribute("aria-disabled", String(Boolean(still)));
        handle.setAttribute("tabindex", still ? "-1" : "0");
        return handle;
      }),
      this._thought, this._ghost, this._dot,
    );
  }

  // What moves

  _move() {
    if (!this._frame) return;
    const { path, heard, now, ghost, active, still } = this._state;
    this._svg.dataset.active = active || "";
    this._svg.classList.toggle("still", Boolean(still));
    this._ghost.style.display = ghost ? "" : "none";
    if (ghost) {
      const { x, y } = this._at(ghost);
      this._ghost.setAttribute("transform", `translate(${x} ${y})`);
    }
    const shown = now && path && path.length > 0;
    this._dot.style.display = shown ? "" : "none";
    this._thought.setAttribute("d", "");
    if (!path || !path.length) return;
    const here = along(path, heard);
    const { x, y } = this._at(here);
    if (ghost) {
      const there = this._at(ghost);
      this._thought.setAttribute("d", `M${x} ${y}L${there.x} ${there.y}`);
    }
    this._dot.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
    const gone = path.filter((one) => one.time < heard).map((one) => this._at(one));
    this._gone?.setAttribute("points", [...gone, { x, y }].map((p) => `${p.x},${p.y}`).join(" "));
  }

  // Hands

  _place(event) {
    const { left, top } = this._svg.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const on = this._named.find(({ box }) =>
      x >= box.left - 3 && x <= box.right + 3 && y >= box.top - 3 && y <= box.bottom + 3);
    const { middle, scale } = this._frame;
    const valence = inPlane((x - middle.x) / scale);
    const arousal = inPlane((middle.y - y) / scale);
    const free = { valence: round(valence), arousal: round(arousal) };
    if (on) return { ...place(on.place) };
    const word = nearest(free, this._words);
    if (word && pixels(this._at(word), { x, y }) <= SNAP) return place(word);
    return free;
  }

  _down(event) {
    if (this._state.still || event.button > 0 || !this._frame) return;
    const { left, top } = this._svg.getBoundingClientRect();
    const here = { x: event.clientX - left, y: event.clientY - top };
    const near = ["to", "from"].find((which) => this._state[which] && this._state.movable !== false
      && pixels(this._at(this._state[which]), here) <= GRAB);
    this._hand = { which: near || this._state.active, id: event.pointerId, at: here, moved: false,
      took: Boolean(near) };
    this._svg.setPointerCapture(event.pointerId);
    if (!near) this._pointed(this._hand.which, this._place(event), false);
  }

  _drag(event) {
    const hand = this._hand;
    if (!hand || hand.id !== event.pointerId) return;
    const { left, top } = this._svg.getBoundingClientRect();
    const here = { x: event.clientX - left, y: event.clientY - top };
    if (!hand.moved && pixels(hand.at, here) < 4) return;
    hand.moved = true;
    this._pointed(hand.which, this._place(event), false);
  }

  _up(event) {
    const hand = this._hand;
    this._hand = null;
    if (!hand || hand.id !== event.pointerId) return;
    if (hand.took && !hand.moved) this._handles[hand.which].focus();
    else this._pointed(hand.which, this._place(event), true);
  }

  _key(event, which) {
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (!by || this._state.still) return;
    event.preventDefault();
    const { valence, arousal } = this._state[which];
    const moved = { valence: round(inPlane(valence + by[0])), arousal: round(inPlane(arousal + by[1])) };
    this._pointed(which, moved, false);
  }
}

/** Fewer words where many lie close: ends and anchors all, others only with room around them. */
function apart(spots) {
  const kept = [];
  for (const one of spots) {
    if (one.must || one.anchor || kept.every((other) => pixels(one, other) >= APART)) kept.push(one);
  }
  return kept;
}

const round = (value) => Math.round(value * 100) / 100;
const pixels = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
const place = ({ word, valence, arousal }) => ({ word, valence, arousal });

/** Where a path is at `time` session seconds. */
export function along(path, time) {
  const after = path.findIndex((one) => one.time > time);
  if (after === 0) return path[0];
  if (after < 0) return path[path.length - 1];
  const [a, b] = [path[after - 1], path[after]];
  const share = (time - a.time) / (b.time - a.time);
  return { valence: a.valence + (b.valence - a.valence) * share,
    arousal: a.arousal + (b.arousal - a.arousal) * share };
}
