// Opens the page: gives the link's token for a cookie, then shows what is going on.

import { After } from "./after.js";
import { Choosing } from "./choosing.js";
import { Plane } from "./plane.js";
import { Playing } from "./playing.js";
import * as service from "./service.js";

const $ = (id) => document.getElementById(id);
const HEARD = "musmed.heard"; // what was heard last of a session, for when the page is opened anew
const LEAD = 4; // seconds behind what is made now
const SHOWN = { choosing: ["feelings", "choosing"], playing: ["now", "playing"],
  after: ["over", "after"], locked: ["locked"], opening: [] };
const HINTS = {
  choosing: "Point somewhere, or type a word. Right is pleasant, up is livelier.",
  playing: "Point somewhere else to go there.",
};

let view = "opening";

function show(name) {
  const moved = view !== name;
  view = name;
  $("room").dataset.view = name;
  for (const [one, ids] of Object.entries(SHOWN)) {
    for (const id of ids) $(id).hidden = one !== name;
  }
  $("map").hidden = name === "locked" || name === "opening";
  $("hint").textContent = HINTS[name] || "";
  if (moved && name === "after") $("asked").focus({ preventScroll: true });
}

function troubled(trouble) {
  const line = $("trouble");
  if (trouble && trouble.status === 401) show("locked");
  const said = trouble ? trouble.message : "";
  if (line.textContent !== said) line.textContent = said;
  line.hidden = !said;
}

const remembered = () => JSON.parse(sessionStorage.getItem(HEARD) || "null");
const remember = (id, heard) => sessionStorage.setItem(HEARD, JSON.stringify({ id, heard }));

const plane = new Plane($("plane"), {
  pointed: (which, place, done) => {
    if (view === "choosing") choosing.pointed(which, place, done);
    else if (view === "playing") playing.pointed(place);
  },
});

const choosing = new Choosing(plane, {
  begun: async (request) => {
    const session = await service.begin(request);
    troubled(null);
    play(await service.session(session.id), 0);
  },
  opened: (id) => open(id),
  troubled,
});

const playing = new Playing(plane, {
  over: (session, heard) => {
    show("after");
    after.show(session, heard);
    plane.show({ ghost: null, now: true, heard, still: true });
  },
  troubled,
  called: (place) => choosing.called(place),
});

const after = new After({
  again: (id) => open(id, 0),
  anew: () => leave(),
  forgotten: () => leave(),
  troubled,
});

function play(session, from) {
  history.replaceState(null, "", `#session=${session.id}`);
  show("playing");
  $("steering").hidden = true;
  playing.open(session, from);
}

/** Opens a session at `from`; without one at its beginning, or where it is made just now. */
async function open(id, from) {
  try {
    const session = await service.session(id);
    const edge = session.state === "running" && session.pace === "live" ? session.ready - LEAD : 0;
    play(session, from ?? Math.max(0, edge));
  } catch (trouble) {
    troubled(trouble);
    if (view === "opening") leave();
  }
}

function leave() {
  playing.close();
  history.replaceState(null, "", location.pathname);
  show("choosing");
  choosing.show();
}

addEventListener("pagehide", () => {
  if (view === "playing") remember(playing.session.id, playing.heard);
});

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, button, summary, a, [role=slider]");
  if (view === "playing" && event.key === " " && !typing) {
    event.preventDefault();
    playing.toggle();
  }
});

async function begin() {
  const token = service.tokenIn(location.hash);
  const id = new URLSearchParams(location.hash.slice(1)).get("session");
  if (token) {
    history.replaceState(null, "", location.pathname); // it is in no bookmark and no history
    await service.logIn(token);
  }
  const words = await service.feelings();
  plane.know(words.feelings.filter((one) => one.landmark));
  choosing.know(words);
  if (!id) return leave();
  const kept = remembered();
  return open(id, kept?.id === id ? kept.heard : undefined);
}

async function start(wait = 1000) {
  try {
    await begin();
    troubled(null);
  } catch (trouble) {
    troubled(trouble);
    if (trouble.status === 0) setTimeout(() => start(Math.min(wait * 1.6, 8000)), wait);
  }
}

start();
