// The page for participants of a study: one thing at a time, as the service says what comes next.

import { logIn, step, studySound, tokenIn, Trouble } from "./service.js";
import { FELT, LIKED, Sliders } from "./sliders.js";
import { clock } from "./words.js";

const WHO = "musmed.who"; // of this tab alone, so that the page may be opened anew
const AGAIN = 2000; // milliseconds

const $ = (id) => document.getElementById(id);
const audio = $("audio");
const felt = new Sliders($("felt"), FELT, "felt");
const liked = new Sliders($("liked"), LIKED, "felt");

let who = sessionStorage.getItem(WHO) || "";
let now = null; // the step
let moment = null; // the one that is asked just now

function troubled(trouble) {
  const line = $("trouble");
  line.textContent = trouble ? trouble.message : "";
  line.hidden = !trouble;
}

const hundredths = (sliders) => Object.fromEntries(
  Object.entries(sliders.values).map(([name, value]) => [name, value === null ? null : Math.round(value * 100)]));

/** Says something, and shows what comes next. What can't be said is said again. */
async function say(what) {
  let next;
  try {
    next = await step({ who, ...what });
  } catch (trouble) {
    troubled(trouble);
    if (trouble.status === 0) setTimeout(() => say(what), AGAIN);
    else if (trouble.status === 401) head("Open the link that you were given");
    else ask();
    return;
  }
  troubled(null);
  who = next.participant === who.toUpperCase() ? next.participant : who;
  sessionStorage.setItem(WHO, who);
  show(next);
}

function head(text) {
  $("head").textContent = text;
  $("head").focus({ preventScroll: true });
}

function only(...ids) {
  for (const id of ["who-form", "consent", "hearing", "asking"]) $(id).hidden = !ids.includes(id);
}

function ask() {
  only("who-form");
  head("Welcome");
  $("who").focus();
}

function question(text, { ratings = true, liking = false, note = false } = {}) {
  felt.put(null);
  liked.put(null);
  $("note").value = "";
  $("felt").hidden = !ratings;
  $("liked").hidden = !liking;
  $("note-line").hidden = !note;
  $("question").textContent = text;
}

const SHOWN = {
  consent: (next) => {
    only("consent");
    head("Before we begin");
    $("words").textContent = next.words;
  },
  before: () => {
    only("asking");
    head("Before the music");
    question("How do you feel now?");
  },
  hear: (next) => {
    only("hearing");
    head("Listen");
    hear(next);
  },
  after: (next) => {
    only("asking");
    head("After the music");
    question(next.ratings ? "How do you feel now?" : "How was it?", next);
  },
  done: () => {
    only();
    head("That was all. Thank you.");
  },
};

function show(next) {
  const same = now?.step === "hear" && next.step === "hear" && now.code === next.code;
  now = next;
  $("study").dataset.step = next.step;
  $("place").textContent = next.place ? `${next.place} of ${next.of}` : "";
  if (!same) SHOWN[next.step](next);
}

// The music

function hear(next) {
  moment = null;
  audio.src = studySound(next.code);
  audio.onloadedmetadata = () => (audio.currentTime = next.start);
  audio.volume = Number($("volume").value) / 100;
  tick();
}

function tick() {
  if (now?.step !== "hear") return;
  const heard = audio.currentTime;
  $("clock").textContent = clock(heard);
  $("left").textContent = `of ${clock(now.seconds)}`;
  $("heard").style.width = `${((100 * heard) / now.seconds).toFixed(2)}%`;
  $("pause").textContent = audio.paused ? (heard > 0 ? "Go on" : "Play") : "Pause";
  const due = now.moments.filter((at) => at <= heard && at !== moment);
  if (moment === null && due.length && !audio.paused) {
    moment = due[due.length - 1];
    only("hearing", "asking");
    question("How does it feel just now? The music goes on.");
  }
}

audio.addEventListener("timeupdate", tick);
audio.addEventListener("pause", () => {
  tick();
  if (now?.step === "hear" && !audio.ended) say({ do: "stopped", seconds: audio.currentTime });
});
audio.addEventListener("ended", () => {
  audio.removeAttribute("src");
  if (now?.step === "hear") say({ do: "ended", seconds: now.seconds });
});
audio.addEventListener("error", () => {
  if (audio.hasAttribute("src")) troubled(new Trouble("The sound can't be had just now. Press Play again in a moment.", 0));
});
$("pause").addEventListener("click", async () => {
  if (!audio.paused) {
    audio.pause();
    return;
  }
  if (audio.error) hear({ ...now, start: audio.currentTime || now.start });
  await audio.play();
  say({ do: "began", seconds: audio.currentTime });
});
$("volume").addEventListener("input", () => {
  audio.volume = Number($("volume").value) / 100;
  $("volume-said").textContent = `${$("volume").value} %`;
});
addEventListener("beforeunload", () => {
  if (!audio.paused) audio.pause();
});

// What is said

$("who-form").addEventListener("submit", (event) => {
  event.preventDefault();
  who = $("who").value.trim();
  if (who) say({ do: "come" });
});
$("agree").addEventListener("click", () => say({ do: "consent" }));
$("asking").addEventListener("submit", (event) => {
  event.preventDefault();
  const { valence, arousal } = hundredths(felt);
  if (now.step === "hear") {
    only("hearing");
    const said = { do: "moment", asked_at: moment, seconds: audio.currentTime, valence, arousal };
    moment = null;
    now = { ...now, moments: now.moments.filter((at) => at > said.asked_at) };
    say(said);
  } else if (now.step === "before") say({ do: "before", valence, arousal });
  else say({ do: "after", valence, arousal, ...hundredths(liked), note: $("note").value });
});

async function begin() {
  const token = tokenIn(location.hash);
  if (token) {
    history.replaceState(null, "", location.pathname); // it is in no bookmark and no history
    await logIn(token).catch(troubled);
  }
  if (who) say({ do: "come" });
  else ask();
}

begin();
