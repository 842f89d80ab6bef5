// The view while it plays: the dot, the time, what plays, and what can be done about it.

import { Player } from "./player.js";
import * as service from "./service.js";
import { FADERS, Sliders } from "./sliders.js";
import { clock } from "./words.js";

const KEPT_VOLUME = "musmed.volume";
const STATES = { idle: "beginning", waiting: "composing", playing: "playing", paused: "paused",
  blocked: "ready", lost: "reconnecting", ended: "ended" };

const $ = (id) => document.getElementById(id);

function text(element, said) {
  if (element.textContent !== said) element.textContent = said; // aria-live says it once
}

export class Playing {
  /** `over(session, heard)`: it has ended or was stopped; `troubled(trouble)`, null: all is well. */
  constructor(plane, { over, troubled, called }) {
    this._plane = plane;
    this._over = over;
    this._troubled = troubled;
    this._called = called;
    this._session = null;
    this._ghost = null;
    this._player = new Player($("audio"), {
      address: (format, from) => service.sound(this._session.id, format, from),
      there: () => service.hasSound(this._session.id),
      told: () => this._show(),
    });
    this._faders = new Sliders($("faders"), FADERS, "fader", (values) => this._shape(values));
    $("pause").addEventListener("click", () => this.toggle());
    $("calmer").addEventListener("click", () => this._do({ do: "ease" }, "Calmer from here on."));
    $("else").addEventListener("click", () => this._do({ do: "skip" }, "Something else is on its way."));
    $("stop").addEventListener("click", () => this.stop());
    $("steer").addEventListener("click", () => this._steer());
    $("leave").addEventListener("click", () => this._leave());
    $("follow").addEventListener("click", () => {
      this._faders.put(null);
      this._shape({});
    });
    this._keepVolume();
  }

  get session() {
    return this._session;
  }

  get heard() {
    return this._player.heard;
  }

  /** Plays a session from `from` seconds on. */
  open(session, from) {
    this._session = session;
    this._ghost = null;
    // What is opened anew may have been left paused.
    this._held = from > 0 ? undefined : false;
    this._faders.put(session.faders);
    text($("done"), "");
    this._unwatch?.();
    if (!service.isOver(session)) {
      this._unwatch = service.watch(session.id, (now) => this._changed(now), (trouble) => this._lost(trouble));
    }
    this._player.until(session.seconds, service.isOver(session));
    this._player.open(from);
    this._mediaKeys();
    this._draw();
  }

  close() {
    this._unwatch?.();
    this._unwatch = null;
    this._player.close();
    if (navigator.mediaSession) navigator.mediaSession.playbackState = "none";
  }

  toggle() {
    if (this._player.state === "playing" || this._player.state === "waiting") this._player.pause();
    else this._player.play();
  }

  async stop() {
    const heard = this._player.heard;
    this.close();
    const session = this._session;
    this._over(session, heard);
    if (service.isOver(session)) return;
    try {
      await service.end(session.id);
    } catch (trouble) {
      this._troubled(trouble);
    }
  }

  /** Somebody points at the plane: where it might go. */
  pointed(place) {
    if (service.isOver(this._session)) return;
    this._ghost = place;
    text($("steering-said"), `Towards ${this._called(place)}?`);
    $("steering").hidden = false;
    this._draw();
  }

  // What the service says

  _changed(session) {
    this._troubled(null);
    this._session = { ...this._session, ...session };
    this._faders.put(this._session.faders);
    this._player.until(session.seconds, service.isOver(session));
    if (session.state === "failed" && this._player.state === "lost") {
      const { heard } = this._player;
      this.close();
      this._over(this._session, heard);
    } else this._draw();
  }

  _lost(trouble) {
    this._troubled(trouble);
  }

  // What is asked of it

  async _do(what, said) {
    try {
      const now = await service.act(this._session.id, what);
      text($("done"), said);
      if (now?.path) this._changed(now);
    } catch (trouble) {
      this._troubled(trouble);
    }
  }

  _shape(values) {
    const faders = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
    this._do({ do: "shape", faders }, "The sound follows in a moment.");
  }

  _steer() {
    const place = this._ghost;
    this._leave();
    const to = place.word || { valence: place.valence, arousal: place.arousal };
    this._do({ do: "steer", to }, `On the way to ${this._called(place)}.`);
  }

  _leave() {
    this._ghost = null;
    $("steering").hidden = true;
    this._draw();
    $("pause").focus();
  }

  /** While it is paused no more is made, so that what is steered afterwards is soon heard. */
  _hold(state) {
    if (!["playing", "paused", "blocked"].includes(state) || service.isOver(this._session)) return;
    const held = state !== "playing";
    if (held === this._held) return;
    this._held = held;
    service.act(this._session.id, { do: held ? "hold" : "go_on" }).catch(() => {});
  }

  // What is seen

  _draw() {
    const { path, from, to } = this._session;
    this._plane.show({ from, to, path, heard: this._player.heard, now: true, ghost: this._ghost,
      active: "steer", movable: false, still: service.isOver(this._session) });
    this._show();
  }

  _show() {
    const session = this._session;
    if (!session) return;
    const heard = Math.min(this._player.heard, session.seconds);
    const { state } = this._player;
    if (state === "ended") {
      this.close();
      this._over(session, heard);
      return;
    }
    if (state === "idle") return;
    this._hold(state);
    const beginning = state === "waiting" && heard < 0.5;
    text($("state"), beginning ? "beginning" : STATES[state]);
    $("state").dataset.state = state;
    text($("way"), session.way);
    text($("clock"), clock(heard));
    text($("left"), `of ${clock(session.seconds)}, ${clock(session.seconds - Math.floor(heard))} left`);
    text($("feeling"), last(session.feels, heard)?.said || "");
    text($("queue"), session.queue && beginning ? before(session.queue) : "");
    this._played(session.stretches || [], heard);
    text($("pause"), state === "paused" ? "Go on" : state === "blocked" ? "Play" : "Pause");
    $("composed").style.width = `${(100 * Math.min(1, (session.composed || 0) / session.seconds)).toFixed(2)}%`;
    $("heard").style.width = `${((100 * heard) / session.seconds).toFixed(2)}%`;
    const over = service.isOver(session);
    for (const id of ["calmer", "else"]) $(id).hidden = over;
    $("shape").hidden = over;
    $("follow").hidden = Object.keys(this._faders.said).length === 0;
    if (navigator.mediaSession) navigator.mediaSession.playbackState = state === "paused" ? "paused" : "playing";
    this._plane.show({ heard });
    if (state === "lost") this._troubled(new service.Trouble("The line to the service is gone. It goes on as soon as it is there again.", 0));
  }

  /** What plays now and what comes next, each at its time. */
  _played(stretches, heard) {
    const here = stretches.findLastIndex((one) => one.at <= heard + 1e-6);
    const shown = stretches.slice(Math.max(0, here), Math.max(0, here) + 3);
    const lines = shown.map((one, index) => [index ? clock(one.at) : "now",
      [one.mood, one.instrument, one.genre].filter(Boolean).join(", ")]);
    const list = $("players");
    if (list.dataset.said === JSON.stringify(lines)) return;
    list.dataset.said = JSON.stringify(lines);
    list.replaceChildren(...lines.flatMap(([time, what], index) => ["dt", "dd"].map((name) => {
      const element = document.createElement(name);
      element.textContent = name === "dt" ? time : what;
      element.classList.toggle("here", index === 0);
      return element;
    })));
  }

  _keepVolume() {
    const slider = $("volume");
    const put = (value) => {
      this._player.volume = value / 100;
      slider.value = String(value);
      $("volume-said").textContent = `${value} %`;
      slider.setAttribute("aria-valuetext", `${value} %`);
    };
    const kept = Number(localStorage.getItem(KEPT_VOLUME) ?? "80");
    put(Number.isFinite(kept) ? Math.min(100, Math.max(0, kept)) : 80);
    slider.addEventListener("input", () => {
      put(Number(slider.value));
      localStorage.setItem(KEPT_VOLUME, slider.value);
    });
  }

  /** The keys of a keyboard or a lock screen; they say nothing of how anybody feels. */
  _mediaKeys() {
    const media = navigator.mediaSession;
    if (!media) return;
    media.metadata = new MediaMetadata({ title: "musmed" });
    const take = (action, act) => {
      try {
        media.setActionHandler(action, act);
      } catch {
        // This browser has no such key.
      }
    };
    take("play", () => this._player.play());
    take("pause", () => this._player.pause());
    take("stop", () => this.stop());
    take("nexttrack", () => this._do({ do: "skip" }, "Something else is on its way."));
  }
}

/** The last of `lines` ({at, …}, times rising) that has begun at `time`. */
function last(lines, time) {
  let found = null;
  for (const one of lines || []) {
    if (one.at <= time + 1e-6) found = one;
  }
  return found;
}

const before = (queue) =>
  queue === 1 ? "One session comes first." : `${queue} sessions come first.`;
