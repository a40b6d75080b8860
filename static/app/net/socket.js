// The one WebSocket: it comes back by itself, later each time, until it is told to end.

import { jittered } from "../lib/timing.js";
import { accessToken } from "./session.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
// Milliseconds that a server may take to greet.
const PATIENCE = 15_000;
// Milliseconds of silence after which a page that wakes up wants a sign of life, and how long
// that may take.
const SILENT = 5_000;
const PROBE = 1_000;
// Milliseconds between two looks at the clock, which jumps when the machine has slept.
const TICK = 2_000;

export class Connection {
  #socket = null;
  #waits = 0;
  #timers = [];
  #ended = false;
  #renewed = false;
  #stale; // a token that was not taken
  #heard = 0;
  #isDoubted = false;
  #later = 0;
  #clock;
  #ticked = Date.now();

  // `onFrame(frame)` for every frame; `onState(state, again)`: "open", "connecting", or "waiting"
  // until the time `again`; `onDoubt(isDoubted)`: whether the browser says that there is no network,
  // and nothing that came since says otherwise.
  constructor(onFrame, onState, onDoubt) {
    Object.assign(this, { onFrame, onState, onDoubt, isOpen: false });
    addEventListener("offline", this.#beDoubted);
    addEventListener("online", this.#beOnline);
    document.addEventListener("visibilitychange", this.#wake);
    this.#clock = setInterval(this.#tick, TICK);
    this.#connect();
  }

  // Connects at once, unless it is being done; a connection that is doubted is tried out.
  retry = () => {
    if (!this.#socket && !this.#ended) this.#connect();
    else if (this.#isDoubted) this.#probe();
  };

  // Tells whether the frame went out; what must not get lost is sent again by the caller.
  send(frame) {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
    return this.isOpen;
  }

  // Gives this connection up for another one.
  again = () => this.#abandon();

  end() {
    this.#ended = true;
    this.isOpen = false;
    removeEventListener("offline", this.#beDoubted);
    removeEventListener("online", this.#beOnline);
    clearInterval(this.#clock);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#stopTimers();
    this.#socket?.close();
  }

  async #connect() {
    this.#stopTimers();
    this.onState("connecting");
    // Stands for the socket until there is one, so that no second is opened meanwhile.
    this.#socket = { close() {} };
    let token;
    try {
      token = await accessToken(this.#stale);
    } catch (error) {
      this.#socket = null;
      if (error.status !== 401) this.#wait();
      return;
    }
    if (!this.#ended) this.#open(token);
  }

  #open(token) {
    // What happens meanwhile waits for what was missed, so that all comes in order.
    const address = `${location.origin.replace(/^http/, "ws")}/ws?resume=true`;
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#timers.push(setTimeout(() => this.#abandon(), PATIENCE));
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token }));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lost(code, token);
  }

  #take(frame) {
    this.#heard = Date.now();
    this.#doubt(false);
    if (frame.type === "hello") this.#greet(frame);
    if (frame.type === "going_away") this.#later = frame.retry_after_ms;
    this.onFrame(frame);
  }

  #greet({ heartbeat_s }) {
    this.#stopTimers();
    this.isOpen = true;
    this.#waits = 0;
    this.#renewed = false;
    this.#timers.push(setInterval(() => this.#beat(heartbeat_s * 1000), heartbeat_s * 1000));
    this.onState("open");
  }

  // A line that went dead says nothing: a server that is silent for two beats is gone.
  #beat(milliseconds) {
    if (Date.now() - this.#heard > 2 * milliseconds) this.#abandon();
    else this.send({ type: "ping" });
  }

  // After a sleep the socket may be dead without having been told.
  #wake = () => {
    if (document.visibilityState !== "visible" && !navigator.onLine) return;
    if (!this.isOpen) return this.retry();
    if (Date.now() - this.#heard >= SILENT) this.#probe();
  };

  #probe() {
    const asked = Date.now();
    this.send({ type: "ping" });
    this.#timers.push(setTimeout(() => this.#heard < asked && this.#abandon(), PROBE));
  }

  // A browser may be wrong, as with a tunnel or a server on the same machine: one that answers is
  // not given up.
  #beDoubted = () => {
    if (this.send({ type: "ping" })) this.#doubt(true);
  };

  #beOnline = () => {
    this.#doubt(false);
    this.#wake();
  };

  #doubt(isDoubted) {
    if (this.#isDoubted === isDoubted) return;
    this.#isDoubted = isDoubted;
    this.onDoubt(isDoubted);
  }

  #tick = () => {
    const late = Date.now() - this.#ticked - TICK;
    this.#ticked = Date.now();
    if (late > SILENT) this.#wake();
  };

  #abandon() {
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#lost();
  }

  #lost(code, token) {
    this.#stopTimers();
    this.#socket = null;
    this.isOpen = false;
    this.#isDoubted = false;
    if (this.#ended) return;
    if (code === 4401) this.#stale = token;
    // Whose session is over is told so when the token is renewed. Whose token is a new one and is
    // not taken has a slow line or server.
    if (code !== 4401 || this.#renewed) return this.#wait();
    this.#renewed = true;
    this.#connect();
  }

  #wait() {
    if (this.#ended) return;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#waits++);
    const wait = this.#later || jittered(longest);
    this.#later = 0;
    this.#timers.push(setTimeout(this.retry, wait));
    this.onState("waiting", Date.now() + wait);
  }

  #stopTimers() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
