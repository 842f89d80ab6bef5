// A participant of a listening study: what is asked, and a clock while it plays. Nothing here knows
// what plays.

import { FELT, LIKED, Sliders } from "./sliders.js";

const link = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const $ = (id) => document.getElementById(id);
const head = $("study-head");
const words = $("study-words");
const clock = $("study-clock");
const box = $("study-sliders");
const note = $("study-note");
const label = $("study-note-label");
const go = $("study-go");
const pause = $("study-pause");
const trouble = $("study-trouble");
const audio = new Audio();
let sliders = null;
let next = () => {};
let heard = () => {};

const headers = { Authorization: `Bearer ${link}` };

async function asked(path, more = {}) {
  const answer = await fetch(path, { ...more, headers: { ...headers, ...more.headers } });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

async function say(said) {
  const body = JSON.stringify(said);
  const more = { method: "POST", body, headers: { "Content-Type": "application/json" } };
  return (await asked("/study/say", { ...more, keepalive: true })).json();
}

/** Shows a step: its head, its words, which sliders, and what the button does. */
function put(said, { text = "", which = [], noted = false, button = "Go on", then }) {
  head.textContent = said;
  words.textContent = text;
  sliders = which.length ? new Sliders(box, which, "felt") : null;
  if (!sliders) box.replaceChildren();
  for (const one of [note, label]) one.hidden = !noted;
  note.value = "";
  go.textContent = button;
  go.hidden = !then;
  next = then ?? (() => {});
}

const number = (value) => (value === null || value === undefined ? null : Math.round(value * 100));

function rating() {
  const { valence, arousal } = sliders?.values ?? {};
  return { valence: number(valence), arousal: number(arousal) };
}

const showNext = async (said) => show(await say(said));

function show(step) {
  clock.hidden = pause.hidden = true;
  const { place, of } = step;
  if (step.step === "consent") {
    const then = () => showNext({ what: "consent" });
    put("Before you begin", { text: step.words, button: "I agree, begin", then });
  } else if (step.step === "before") {
    const then = () => showNext({ what: "before", place, rating: rating() });
    put(`Before session ${place} of ${of}: how do you feel now?`, { which: FELT, then });
  } else if (step.step === "hear") {
    const then = () => play(step);
    put(`Session ${place} of ${of}`, { text: "Sit comfortably.", button: "Play", then });
  } else if (step.step === "after") {
    const which = [...(step.ratings ? FELT : []), ...(step.liking ? LIKED : [])];
    const then = () => {
      const liking = step.liking ? number(sliders.values.liking) : null;
      return showNext({ what: "after", place, rating: rating(), liking, note: note.value });
    };
    put(`After session ${place} of ${of}`, { which, noted: Boolean(step.note), then });
  } else {
    put("That was all of it", { text: "Thank you. You can close this page." });
  }
  head.focus();
}

async function play(step) {
  try {
    await playing(step);
  } catch (error) {
    audio.pause();
    heard = () => {};
    show(step); // with its button, which tries again
    throw error;
  }
}

async function playing(step) {
  const { place, of, code, seconds } = step;
  put(`Session ${place} of ${of}`, { text: "A moment." });
  const sound = await (await asked(`/study/sound/${code}`)).blob();
  const moments = [...(step.moments ?? [])];
  const start = step.start ?? 0;
  let asking = false;
  audio.src = URL.createObjectURL(sound);
  audio.currentTime = start;
  const now = () => Math.min(seconds, audio.currentTime);
  const over = async () => {
    if (asking || !audio.ended) return;
    heard = () => {};
    clock.hidden = pause.hidden = true;
    put(`Session ${place} of ${of}`, { text: "It is over.", then: over }); // till it is kept
    await showNext({ what: "ended", place, seconds });
    URL.revokeObjectURL(audio.src);
  };
  const plays = () => put(`Session ${place} of ${of}`, {});
  const tell = () => {
    const left = Math.max(0, Math.round(seconds - now()));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  };
  audio.ontimeupdate = () => {
    tell();
    if (asking || !moments.length || now() < moments[0]) return;
    asking = true;
    const said = { what: "moment", place, asked_at: moments.shift(), seconds: now() };
    const then = async () => {
      await say({ ...said, rating: rating() });
      asking = false;
      plays();
      await over();
    };
    put("How do you feel now? The music goes on.", { which: FELT, then });
  };
  audio.onended = () => doing(over);
  heard = () => say({ what: "stopped", place, seconds: now() });
  await audio.play();
  await say({ what: "begun", place, seconds: start });
  plays();
  tell();
  clock.hidden = pause.hidden = false;
}

/** Does it, and says what went wrong; the same button tries again. */
async function doing(what) {
  trouble.hidden = true;
  go.disabled = true;
  try {
    await what();
  } catch (error) {
    trouble.textContent = error.message || "That did not work; try again.";
    trouble.hidden = false;
  } finally {
    go.disabled = false;
  }
}

go.addEventListener("click", () => doing(next));
pause.addEventListener("click", () => {
  if (audio.paused) audio.play();
  else audio.pause();
  pause.textContent = audio.paused ? "Go on" : "Pause";
});
addEventListener("pagehide", () => heard());
doing(() => showNext({ what: "look" }));
