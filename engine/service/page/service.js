// All that the page asks of the service. Nothing else here knows its addresses.

/** What went wrong, in a sentence for a person; `status` is HTTP's, 0 where nothing answered. */
export class Trouble extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

const SENTENCES = {
  401: "This page needs its link: open the one that musmed serve has printed.",
  403: "The service does not take this from here.",
  404: "The service does not know this session any more.",
  413: "That is more than the service takes.",
  429: "The service is busy just now. Try it again in a moment.",
  503: "The service is busy just now. Try it again in a moment.",
};

const ANSWERED = new Set([400, 409, 410, 422, 429, 507]); // its own sentence is meant for people

async function asked(method, path, body) {
  const options = { method, headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Trouble("The service does not answer. The page tries again by itself.", 0);
  }
  const kind = answer.headers.get("Content-Type") || "";
  const said = kind.includes("json") ? await answer.json().catch(() => null) : null;
  if (answer.ok) return said;
  const own = ANSWERED.has(answer.status) && typeof said?.error === "string" ? said.error : "";
  throw new Trouble(
    own || SENTENCES[answer.status] || "The service could not do this.", answer.status);
}

const FIRST_WAIT = 1000; // milliseconds
const LONGEST_WAIT = 8000;
const WAY_SECONDS = 20; // so often, in music, what is played next may have become known

const at = (id, rest = "") => `/sessions/${encodeURIComponent(id)}${rest}`;

/** The token behind the '#' of the link, null where another thing stands there. */
export const tokenIn = (hash) => /^#([\w-]{43})$/.exec(hash)?.[1] ?? null;
/** Gives the token of the link for a cookie. */
export const logIn = (token) => asked("POST", "/login", { token });
/** All words: {feelings: [{word, valence, arousal, landmark, anchor}], forms, examples}. */
export const feelings = () => asked("GET", "/feelings");
/** The feeling that was meant by what somebody typed: {word, valence, arousal, help}. */
export const meant = (said, wanted) => asked("POST", "/feelings", { said, wanted });
/** The newest sessions, each with its way in words. */
export const sessions = async () => (await asked("GET", "/ways?limit=8")).ways;
export const begin = (request) => asked("POST", "/sessions", request);
export const act = (id, deed) => asked("POST", at(id, "/steer"), deed);
export const rate = (id, rating) => asked("POST", at(id, "/rating"), rating);
/** Ends one that is not over; what was composed of it is kept. Removes one that is over. */
export const end = (id) => asked("DELETE", at(id));
/** The session with its way: how it stands, and what is seen of it. */
export async function session(id) {
  const [stands, way] = await Promise.all([asked("GET", at(id)), asked("GET", at(id, "/way"))]);
  return { ...stands, ...way };
}
export const file = (id, name) => at(id, `/${name}`);
/** The sound from `from` session seconds on, as a stream while it is composed. */
export const sound = (id, format, from) => {
  const asking = new URLSearchParams();
  if (format !== "flac") asking.set("format", format);
  if (from > 0) asking.set("from", from.toFixed(3));
  return at(id, `/audio${asking.size ? `?${asking}` : ""}`);
};
/** Whether there is any sound of it, or may be. */
export async function hasSound(id) {
  try {
    const stands = await asked("GET", at(id));
    if (!isOver(stands)) return true; // a service that is ending has no sound just now
    const letGo = new AbortController();
    const { signal } = letGo;
    const answer = await fetch(at(id, "/audio"), { headers: { Range: "bytes=0-0" }, signal });
    letGo.abort();
    return answer.status !== 410 && answer.status !== 404;
  } catch (trouble) {
    return trouble.status !== 404; // where nothing answers, that says nothing of the sound
  }
}
/** Nothing more comes of it. */
export const isOver = (session) => ["finished", "cancelled", "failed"].includes(session.state);

/**
 * Tells `changed(session)` whenever the session changes and `lost(trouble)` when nothing more is
 * heard; comes back by itself. Gives a function that ends it.
 */
export function watch(id, changed, lost) {
  let ended = false;
  let source = null;
  let wait = FIRST_WAIT;
  let timer = 0;
  let seen = "";
  const take = async (stands) => {
    wait = FIRST_WAIT;
    changed(stands);
    const now = `${stands.state} ${stands.events} ${Math.floor(stands.composed / WAY_SECONDS)}`;
    if (now === seen || ended) return;
    seen = now;
    const way = await asked("GET", at(id, "/way")).catch(() => null);
    if (way && !ended) changed({ ...stands, ...way });
  };
  const open = () => {
    source = new EventSource(at(id));
    const heard = (event) => take(JSON.parse(event.data));
    source.addEventListener("status", heard);
    source.onerror = async () => {
      source.close();
      if (ended) return;
      try {
        const now = await session(id);
        if (ended) return;
        changed(now);
        if (isOver(now)) return;
      } catch (trouble) {
        if (ended) return;
        lost(trouble);
        if (trouble.status === 404 || trouble.status === 401) return;
      }
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 1.6, LONGEST_WAIT);
    };
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    source.close();
  };
}
