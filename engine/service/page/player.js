// The sound of a session, from the service's stream to the ear. It knows nothing of the page.

const FORMATS = [
  ["flac", "audio/flac"],
  ["ogg", 'audio/ogg; codecs="vorbis"'],
];
const STUCK = 12000; // milliseconds without a second of music, while it should play
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 10000;

export class Player {
  /**
   * `address(format, from)` says where the sound is from a session second on; `there()` whether
   * there is any; `told` is called when anything changes: `state`, `heard`.
   */
  constructor(audio, { address, there, told }) {
    this._audio = audio;
    this._address = address;
    this._there = there;
    this._told = told;
    this._base = 0;
    this._last = 0;
    this._wait = FIRST_WAIT;
    this._timer = 0;
    this._wanted = false;
    this._open = false;
    this.state = "idle"; // idle, waiting, playing, paused, blocked, lost, ended
    this.format = FORMATS.find(([, kind]) => audio.canPlayType(kind))?.[0] || null;
    audio.addEventListener("playing", () => this._became("playing"));
    audio.addEventListener("waiting", () => this._wanted && this._became("waiting"));
    audio.addEventListener("timeupdate", () => this._moved());
    audio.addEventListener("ended", () => this._ended());
    audio.addEventListener("error", () => this._lost());
    audio.addEventListener("pause", () => {
      if (!this._wanted || audio.ended || !this._open) return;
      this._wanted = false; // the system's own pause: a call, headphones pulled
      this._became("paused");
    });
    setInterval(() => this._look(), 1000);
  }

  /** Session seconds that have been heard. */
  get heard() {
    return this._open ? this._base + this._last : this._base;
  }

  get volume() {
    return this._audio.volume;
  }

  set volume(value) {
    this._audio.volume = value;
  }

  /** Plays from `from` session seconds on. */
  open(from) {
    this._wanted = true;
    this._begin(from);
  }

  async play() {
    this._wanted = true;
    if (!this._open) this._begin(this._base);
    else await this._start();
  }

  pause() {
    this._wanted = false;
    this._audio.pause();
    clearTimeout(this._timer);
    this._became("paused");
  }

  /** No sound any more, and nothing is fetched. `heard` stays. */
  close() {
    this._wanted = false;
    clearTimeout(this._timer);
    this._let();
    this._became("idle");
  }

  /** Tells where the session's end is, so that an end of the stream can be told from a break. */
  until(total, over) {
    this._total = total;
    this._over = over;
  }

  _begin(from) {
    clearTimeout(this._timer);
    this._let();
    this._base = from;
    this._last = 0;
    this._open = true;
    this._stamp = Date.now();
    this._became("waiting");
    this._audio.src = this._address(this.format, from);
    this._start();
  }

  /** Lets the stream go; where it was is kept. */
  _let() {
    this._base = this.heard;
    this._open = false;
    this._audio.pause();
    if (this._audio.hasAttribute("src")) {
      this._audio.removeAttribute("src");
      this._audio.load();
    }
  }

  async _start() {
    try {
      await this._audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") {
        this._wanted = false;
        this._became("blocked");
      }
    }
  }

  _moved() {
    if (!this._open) return;
    // A stream that breaks off says it has ended, and stands at its length.
    if (!this._audio.ended) this._last = this._audio.currentTime;
    if (this._audio.currentTime > 0.5) this._wait = FIRST_WAIT;
    this._stamp = Date.now();
    this._told();
  }

  _ended() {
    if (!this._open) return;
    const whole = this._over || this._total === undefined || this.heard >= this._total - 1;
    if (whole) {
      this._wanted = false;
      this._let();
      this._became("ended");
    } else this._lost();
  }

  _lost() {
    if (!this._open) return;
    this._let();
    if (!this._wanted) return;
    this._became("lost");
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._again(), this._wait);
    this._wait = Math.min(this._wait * 1.7, LONGEST_WAIT);
  }

  async _again() {
    const there = await this._there();
    if (this.state !== "lost" || !this._wanted) return;
    if (there) this._begin(this._base);
    else {
      this._wanted = false;
      this._became("ended");
    }
  }

  _look() {
    const stuck = this._open && this._wanted && Date.now() - this._stamp > STUCK;
    if (stuck) this._lost();
  }

  _became(state) {
    if (this.state === state) return;
    this.state = state;
    this._told();
  }
}
