// The one WebSocket: it comes back by itself, later each time, until it is told to end.

import { accessToken, forget } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

export class Connection {
  #socket = null;
  #waits = 0;
  #timers = [];
  #ended = false;
  #renewed = false;

  // `onFrame(frame)` for every frame; `onState(open)` when it opens and when it is lost.
  constructor(onFrame, onState) {
    Object.assign(this, { onFrame, onState, open: false });
    this.retry = () => !this.open && this.#socket === null && this.#connect();
    addEventListener("online", this.retry);
    this.#connect();
  }

  // Tells whether the frame went out; what must not get lost is sent again by the caller.
  send(frame) {
    if (this.open) this.#socket.send(JSON.stringify(frame));
    return this.open;
  }

  end() {
    this.#ended = true;
    this.open = false;
    removeEventListener("online", this.retry);
    this.#stopTimers();
    this.#socket?.close();
  }

  async #connect(stale) {
    this.#stopTimers();
    // Stands for the socket until there is one, so that no second is opened meanwhile.
    this.#socket = { close() {} };
    let token;
    try {
      token = await accessToken(stale);
    } catch (error) {
      this.#socket = null;
      if (error.status !== 401) this.#wait();
      return;
    }
    if (this.#ended) return;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token }));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lost(code, token);
  }

  #take(frame) {
    this.heard = true;
    if (frame.type === "hello") {
      this.open = true;
      this.#waits = 0;
      this.#renewed = false;
      this.#timers.push(setInterval(() => this.#beat(), frame.heartbeat_s * 1000));
      this.onState(true);
    }
    this.onFrame(frame);
  }

  // A line that went dead says nothing: a server that is silent for a whole beat is gone.
  #beat() {
    if (this.heard) {
      this.heard = false;
      this.send({ type: "ping" });
    } else {
      this.#socket.onclose = null;
      this.#socket.close();
      this.#lost();
    }
  }

  #lost(code, token) {
    this.#stopTimers();
    this.#socket = null;
    this.open = false;
    if (this.#ended) return;
    this.onState(false);
    if (code !== 4401) this.#wait();
    else if (this.#renewed) forget();
    else {
      this.#renewed = true;
      this.#connect(token);
    }
  }

  #wait() {
    if (this.#ended) return;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#waits++);
    this.onState(false);
    this.#timers.push(setTimeout(this.retry, longest * (0.5 + Math.random() / 2)));
  }

  #stopTimers() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
