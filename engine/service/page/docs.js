// The page of what can be asked: made of /openapi.json, with everything to be tried in place.

import { example, fields, kind, objects, resolved } from "./schema.js";
import { logIn, tokenIn } from "./service.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const MOST_LINES = 200; // of a stream that is shown
const MOST_BYTES = 200_000; // of an answer that is shown

const $ = (id) => document.getElementById(id);

function make(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

const plain = (text) => (text || "").replace(/``/g, "").replace(/\s*\n\s*/g, " ");

let documented = null;

// One operation

class Operation {
  constructor(method, path, about) {
    this._method = method.toUpperCase();
    this._path = path;
    this._about = about;
    this.id = `${method}-${path.replace(/\W+/g, "-").replace(/^-|-$/g, "")}`;
    this._inputs = [];
    this.element = this._drawn();
  }

  get entry() {
    return make("a", { href: `#${this.id}` }, make("b", { text: this._method }),
      make("span", { text: this._about.summary || this._path }));
  }

  open() {
    this.element.open = true;
  }

  _drawn() {
    const { summary, description } = this._about;
    const inside = make("div");
    if (description) inside.append(make("p", { text: plain(description) }));
    inside.append(...this._parameters(), ...this._accepted(), ...this._body(), ...this._tried(), ...this._answers());
    return make("details", { id: this.id, class: "operation" },
      make("summary", {}, make("span", { class: "method", text: this._method }),
        make("span", { class: "path", text: this._path }),
        make("span", { class: "quiet", text: summary || "" })),
      inside);
  }

  _parameters() {
    return (this._about.parameters || []).map((one) => {
      const id = `${this.id}-${one.name}`;
      const input = this._input(id, one);
      input.addEventListener("input", () => this._say());
      this._inputs.push({ ...one, input });
      const needed = one.required ? "" : ", may be left out";
      const about = plain(one.description || one.schema?.description);
      return make("div", { class: "parameter" },
        make("label", { for: id, text: one.name }), input,
        make("small", { text: `${kind(one.schema || {}, documented)}${needed}. ${about}` }));
    });
  }

  _input(id, one) {
    const schema = resolved(one.schema || {}, documented);
    if (schema.enum) {
      const none = one.required ? [] : [make("option", { value: "", text: "" })];
      return make("select", { id }, ...none,
        ...schema.enum.map((value) => make("option", { value, text: value })));
    }
    const usual = schema.default === undefined ? "" : String(schema.default);
    const input = make("input", { id, type: "text", placeholder: usual, spellcheck: "false", autocomplete: "off" });
    if (one.name === "session") input.dataset.session = "";
    return input;
  }

  /** Which answer is wanted, where there is also one that goes on. */
  _accepted() {
    const kinds = Object.keys(this._about.responses?.[200]?.content || {});
    if (kinds.length < 2 || !kinds.includes("text/event-stream")) return [];
    const id = `${this.id}-accept`;
    this._accept = make("select", { id }, ...kinds.map((value) => make("option", { value, text: value })));
    this._accept.addEventListener("input", () => this._say());
    return [make("div", { class: "parameter" }, make("label", { for: id, text: "Accept" }), this._accept)];
  }

  _body() {
    const content = this._about.requestBody?.content?.["application/json"];
    if (!content) return [];
    const id = `${this.id}-body`;
    this._text = make("textarea", { id, spellcheck: "false" });
    this._text.addEventListener("input", () => this._say());
    const examples = this._examples(content);
    const put = (value) => {
      this._text.value = JSON.stringify(value, null, 2);
      this._text.rows = Math.min(20, this._text.value.split("\n").length + 1);
    };
    put(examples[0][1]);
    const buttons = examples.length < 2 ? [] : [make("div", { class: "examples-row" },
      ...examples.map(([name, value]) => {
        const button = make("button", { type: "button", text: name });
        button.addEventListener("click", () => {
          put(value);
          this._say();
        });
        return button;
      }))];
    return [make("label", { for: id, text: "Body" }), this._text, ...buttons,
      ...objects(content.schema, documented).map(({ name, schema }) => table(name, schema))];
  }

  _examples(content) {
    const given = Object.entries(content.examples || {}).map(([name, one]) => [name, one.value]);
    if (given.length) return given;
    const all = objects(content.schema, documented);
    if (!all.length) return [["", example(content.schema, documented)]];
    return all.map(({ name, schema }) => [name, example(schema, documented)]);
  }

  _tried() {
    const button = make("button", { class: "main", type: "button", text: "Try it" });
    const stop = make("button", { type: "button", text: "Stop" });
    stop.hidden = true;
    this._line = make("pre");
    this._out = make("div", { class: "answer", role: "status", "aria-live": "polite" });
    this._say();
    button.addEventListener("click", async () => {
      const control = new AbortController();
      stop.hidden = false;
      stop.onclick = () => control.abort();
      try {
        await this._try(control);
      } catch (error) {
        if (error.name !== "AbortError") this._out.append(make("p", { class: "status bad", text: error.message }));
      } finally {
        stop.hidden = true;
      }
    });
    return [make("div", { class: "keys" }, button, stop), this._out,
      make("h3", { text: "In a shell" }), this._line];
  }

  _answers() {
    const rows = Object.entries(this._about.responses || {}).map(([code, one]) => {
      const kinds = Object.entries(one.content || {}).map(([type, { schema }]) =>
        `${type}${schema ? `: ${kind(schema, documented)}` : ""}`);
      return [code, plain(resolved(one, documented).description), kinds.join(", ")];
    });
    const answer = this._about.responses?.[200] || this._about.responses?.[201] || this._about.responses?.[202];
    const schema = answer?.content?.["application/json"]?.schema;
    const told = make("details", {}, make("summary", { text: "What it answers" }),
      make("div", { class: "wide" }, rowsOf(["code", "what it means", "what it holds"], rows)),
      ...(schema ? objects(schema, documented).map((one) => table(one.name, one.schema)) : []));
    return [told];
  }

  _address() {
    const asking = new URLSearchParams();
    let path = this._path;
    for (const { name, in: where, input } of this._inputs) {
      const value = input.value.trim();
      if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value) || `{${name}}`);
      else if (where === "query" && value) asking.set(name, value);
    }
    return asking.size ? `${path}?${asking}` : path;
  }

  _say() {
    if (!this._line) return;
    const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
    const parts = ["curl", "-H", quoted("Authorization: Bearer TOKEN")];
    if (this._method !== "GET") parts.push("-X", this._method);
    if (this._accept?.value === "text/event-stream") parts.push("-N", "-H", quoted(`Accept: ${this._accept.value}`));
    if (this._text) {
      let body = this._text.value;
      try {
        body = JSON.stringify(JSON.parse(body));
      } catch {
        // As it stands: the service says what is wrong with it.
      }
      parts.push("-H", quoted("Content-Type: application/json"), "-d", quoted(body));
    }
    this._line.textContent = [...parts, quoted(location.origin + this._address())].join(" ");
  }

  async _try(control) {
    this._out.replaceChildren();
    const missing = this._inputs.find((one) => one.required && !one.input.value.trim());
    if (missing) {
      missing.input.focus();
      this._out.append(make("p", { class: "status bad", text: `It needs ${missing.name}.` }));
      return;
    }
    const options = { method: this._method, credentials: "same-origin", signal: control.signal };
    if (this._accept) options.headers = { Accept: this._accept.value };
    if (this._text) Object.assign(options, { body: this._text.value, headers: { "Content-Type": "application/json" } });
    const answer = await fetch(this._address(), options);
    const type = (answer.headers.get("Content-Type") || "").split(";")[0];
    this._out.append(make("p", { class: answer.ok ? "status" : "status bad",
      text: `${answer.status} ${answer.statusText} ${type}`.trim() }));
    if (type.startsWith("audio/") && type !== "audio/midi") {
      control.abort(); // the player asks for it itself
      this._out.append(make("audio", { controls: "", src: this._address() }));
    } else if (type === "text/event-stream") await this._streamed(answer);
    else if (type === "application/json") this._shown(await answer.json());
    else if (type) this._saved(await answer.blob(), type);
  }

  _shown(value) {
    const text = JSON.stringify(value, null, 2);
    this._out.append(make("pre", { tabindex: "0", "aria-label": "The answer",
      text: text.length > MOST_BYTES ? `${text.slice(0, MOST_BYTES)}\n…` : text }));
    if (this._method === "POST" && value?.id) {
      for (const input of document.querySelectorAll("input[data-session]")) {
        input.value = value.id;
        input.dispatchEvent(new Event("input"));
      }
    }
  }

  _saved(blob, type) {
    const link = make("a", { href: URL.createObjectURL(blob), text: `${blob.size} bytes of ${type}` });
    link.download = `musmed${type === "audio/midi" ? ".mid" : ""}`;
    this._out.append(make("p", {}, link));
  }

  async _streamed(answer) {
    const shown = make("pre", { tabindex: "0", "aria-label": "What is told" });
    this._out.append(shown);
    const lines = [];
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      lines.push(value);
      shown.textContent = lines.slice(-MOST_LINES).join("");
      shown.scrollTop = shown.scrollHeight;
    }
  }
}

function rowsOf(heads, rows) {
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { text, scope: "col" })))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text) => make("td", { text }))))));
}

function table(name, schema) {
  const rows = fields(schema, documented).map((one) => [one.name,
    one.kind + (one.needed ? ", needed" : one.usual ? `; usually ${one.usual}` : ""), plain(one.about)]);
  const about = plain(resolved(schema, documented).description);
  return make("div", { class: "wide" }, make("h3", { text: about ? `${name}: ${about}` : name }),
    rowsOf(["name", "what it is", ""], rows));
}

// The page

async function take(token) {
  try {
    await logIn(token);
    $("login-said").textContent = "This browser may ask now.";
    $("login").hidden = true;
  } catch (trouble) {
    $("login-said").textContent = trouble.status === 401 ? "That is not this service's token." : trouble.message;
  }
}

async function begin() {
  $("login").addEventListener("submit", (event) => {
    event.preventDefault();
    take($("token").value.trim());
  });
  const token = tokenIn(location.hash);
  if (token) {
    history.replaceState(null, "", location.pathname); // it is in no bookmark and no history
    await take(token);
  }
  documented = await (await fetch("/openapi.json")).json();
  const { title, version, description } = documented.info;
  $("title").textContent = `${title} ${version}`;
  $("said").textContent = plain(description);
  const operations = Object.entries(documented.paths).flatMap(([path, all]) =>
    METHODS.filter((method) => all[method]).map((method) => new Operation(method, path, all[method])));
  $("operations").replaceChildren(...operations.map((one) => one.element));
  $("contents").replaceChildren(...operations.map((one) => one.entry));
  const opened = () => operations.find((one) => `#${one.id}` === location.hash)?.open();
  addEventListener("hashchange", opened);
  opened();
}

begin();
