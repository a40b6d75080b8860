// What was said in one conversation, as far as it is loaded: always a run of messages without a
// gap, from the oldest to the newest that are shown.

import { signal } from "../lib/html.js";
import { settled } from "../lib/timing.js";
import { page } from "../net/api.js";
import { groupIdOf, lastSeqOf, peerOf } from "./conversations.js";
import * as storage from "./storage.js";
import { best, comeEarly } from "./translations.js";

// Messages of one reading, the most that are held, and how many are kept for when there is no
// server.
const PAGE = 50;
const MOST = 300;
const KEPT = 60;
const QUIET = 1_000;

export class Timeline {
  #bySeq = new Map();
  #first = 0;
  #last = 0;
  #meanwhile = null; // the messages that came while a page was being read
  #reading = Promise.resolve();

  constructor(id) {
    this.id = id;
    // The messages, the oldest first.
    this.messages = signal([]);
    // What is being read: "", "newest", "older" or "newer"; and how it failed.
    this.reading = signal("");
    this.failure = signal(null);
    // Whether it came from the server, not from what this browser had kept.
    this.isFresh = false;
  }

  get hasOlder() {
    return this.#first > 1;
  }

  get hasNewer() {
    return this.#last < lastSeqOf(this.id);
  }

  // Shows what this browser kept, until the server tells.
  async recall() {
    const kept = await storage.read("timelines", this.id);
    if (kept && !this.#last) this.#fill(kept);
  }

  loadNewest = () => this.#read("newest", {}, (found) => this.#fill(found));
  loadAround = (seq) =>
    this.#read("newest", { before: seq + PAGE / 2 }, (found) => this.#fill(found));

  loadOlder() {
    if (!this.hasOlder || this.reading.value) return null;
    return this.#read("older", { before: this.#first }, (found) => {
      this.#add(found);
      this.#trim(this.#first, this.#first + MOST - 1);
    });
  }

  loadNewer() {
    if (!this.hasNewer || this.reading.value) return null;
    return this.#read("newer", { after: this.#last }, (found) => {
      this.#add(found);
      this.#trim(this.#last - MOST + 1, this.#last);
    });
  }

  // Takes a message as it happened: a new one at the end, or a change of one that is here.
  take(message) {
    this.#meanwhile?.push(message);
    if (message.seq === this.#last + 1 && this.isFresh) this.#add([message]);
    else if (this.#bySeq.has(message.seq)) this.#add([message]);
    else return;
    if (!this.hasNewer && this.#bySeq.size > 2 * MOST)
      this.#trim(this.#last - MOST + 1, this.#last);
    this.#show();
  }

  find = (id) => this.messages.value.find((message) => message.id === id);

  // Puts another translation in the place of a message's own.
  translate(id, translation) {
    const message = this.find(id);
    if (!message) return;
    this.#bySeq.set(message.seq, { ...message, translation });
    this.#show();
  }

  // One reading at a time; the next waits for it.
  #read(kind, query, use) {
    this.#reading = this.#reading.then(async () => {
      this.reading.value = kind;
      this.failure.value = null;
      this.#meanwhile = [];
      try {
        const { items } = await page(...this.#address({ limit: PAGE, ...query }));
        use(items);
        this.isFresh = true;
        this.#meanwhile.forEach((message) => this.take(message));
      } catch (error) {
        this.failure.value = error;
      }
      this.#meanwhile = null;
      this.reading.value = "";
      this.#show();
    });
    return this.#reading;
  }

  #address(query) {
    const peer = peerOf(this.id);
    return peer
      ? ["/messages/dm", { user_id: peer, ...query }]
      : ["/messages/group", { group_id: groupIdOf(this.id), ...query }];
  }

  #fill(found) {
    const known = this.#bySeq;
    this.#bySeq = new Map();
    this.#first = this.#last = 0;
    this.#add(found.map((message) => latest(known.get(message.seq), message)));
    this.#show();
  }

  #add(found) {
    for (const fresh of found) {
      this.#bySeq.set(fresh.seq, latest(this.#bySeq.get(fresh.seq), fresh));
      this.#first = Math.min(this.#first || fresh.seq, fresh.seq);
      this.#last = Math.max(this.#last, fresh.seq);
    }
  }

  #trim(first, last) {
    for (const seq of this.#bySeq.keys())
      if (seq < first || seq > last) this.#bySeq.delete(seq);
    this.#first = Math.max(first, this.#first);
    this.#last = Math.min(last, this.#last);
  }

  #show() {
    this.messages.value = [...this.#bySeq.values()].sort((one, other) => one.seq - other.seq);
    this.#save();
  }

  #save = settled(QUIET, () => {
    if (this.isFresh && !this.hasNewer)
      storage.keep("timelines", this.id, this.messages.value.slice(-KEPT));
  });
}

// The later one of two states of a message, with the best translation of it that is known.
function latest(known, fresh) {
  if (known?.rev > fresh.rev) return known;
  return { ...fresh, translation: comeEarly(fresh) ?? best(known, fresh) };
}
