// What was said in one conversation, as far as it is loaded: always a run of messages without a
// gap, from the oldest to the newest that are shown.

import { signal } from "../lib/html.js";
import { written } from "../lib/timing.js";
import { page } from "../net/api.js";
import { account } from "../net/session.js";
import { groupIdOf, lastSeqOf, peerOf } from "./conversations.js";
import * as storage from "./storage.js";
import { best, comeEarly } from "./translations.js";

// Messages of one reading, the most that are held, and how many are kept for when there is no
// server.
const PAGE = 50;
const MOST = 300;
const KEPT = 60;
const QUIET = 250;

export class Timeline {
  #bySeq = new Map();
  #seqs = new Map(); // message id → seq
  #first = 0;
  #last = 0;
  #end = 0; // where there was nothing more, whatever the list of conversations said
  #meanwhile = null; // the messages that came while a page was being read
  #reading = Promise.resolve();
  #reader = account.peek()?.id;

  constructor(id) {
    this.id = id;
    // The messages, the oldest first.
    this.messages = signal([]);
    // What is being read: "", "newest", "older" or "newer"; and how it failed: {kind, error, again}.
    this.reading = signal("");
    this.failure = signal(null);
    // Whether it came from the server, not from what this browser had kept.
    this.isFresh = false;
    // Whether this browser had kept anything of it, once that is known.
    this.isKept = signal();
    this.doubts = 0;
    // Whether somebody looks at its end, so that what is far above may go.
    this.isFollowed = true;
    this.opening = null; // while it is being opened
  }

  get hasOlder() {
    return this.#first > 1;
  }

  get hasNewer() {
    return this.#last < lastSeqOf(this.id) && this.#end !== lastSeqOf(this.id);
  }

  has = (seq) => this.#bySeq.has(seq);
  find = (id) => this.#bySeq.get(this.#seqs.get(id));

  // Shows what this browser kept, until the server tells.
  async recall() {
    const kept = await storage.read("timelines", this.id);
    this.isKept.value = Boolean(kept);
    if (kept && !this.#last) this.#fill(kept);
  }

  // What is to be stored for when there is no server: the newest messages, where all are here.
  get entries() {
    const isWhole = this.isFresh && !this.hasNewer && this.#reader === account.peek()?.id;
    const value = this.messages.peek().slice(-KEPT);
    return isWhole ? [{ store: "timelines", key: this.id, value }] : [];
  }

  // Until what is being read is here, or could not be read.
  get read() {
    return this.#reading;
  }

  // What is here, or on its way, may not be what the server has: it is read anew.
  doubt() {
    this.doubts++;
    this.isFresh = false;
  }

  loadNewest = () =>
    this.#read(
      "newest",
      () => ({}),
      (found) => this.#fill(found),
    );
  loadAround = (seq) =>
    this.#read(
      "newest",
      () => ({ before: seq + PAGE / 2 }),
      (found) => this.#fill(found),
    );

  loadOlder() {
    if (!this.hasOlder || this.reading.peek()) return null;
    return this.#read(
      "older",
      () => ({ before: this.#first }),
      (found) => {
        this.#add(found);
        if (!found.length) this.#first = 1;
        this.#trim(this.#first, this.#first + MOST - 1);
      },
    );
  }

  loadNewer() {
    if (!this.hasNewer || this.reading.peek()) return null;
    return this.#read(
      "newer",
      () => ({ after: this.#last }),
      (found) => {
        this.#add(found);
        if (!found.length) this.#end = lastSeqOf(this.id);
        this.#trim(this.#last - MOST + 1, this.#last);
      },
    );
  }

  // Takes a message as it happened: a new one at the end, or a change of one that is here.
  take(message) {
    this.#meanwhile?.push(message);
    if (this.#bySeq.has(message.seq) || this.#continues(message)) {
      this.#add([message]);
      if (this.isFollowed && this.#bySeq.size > 2 * MOST)
        this.#trim(this.#last - MOST + 1, this.#last);
      this.#show();
    }
  }

  // Puts another translation in the place of a message's own.
  translate(id, translation) {
    const message = this.find(id);
    if (!message?.translation) return;
    this.#bySeq.set(message.seq, { ...message, translation });
    this.#show();
  }

  // Whoever reads far above the end loads what comes there when they get there.
  #continues({ seq }) {
    const hasRoom = this.isFollowed || this.#bySeq.size < 2 * MOST;
    return this.isFresh && hasRoom && seq === this.#last + 1;
  }

  // One reading at a time; the next waits for it, and asks by what is here then.
  #read(kind, query, use) {
    this.reading.value ||= kind;
    this.#reading = this.#reading.then(async () => {
      this.reading.value = kind;
      this.failure.value = null;
      this.#meanwhile = [];
      const { doubts } = this;
      try {
        const { items } = await page(...this.#address({ limit: PAGE, ...query() }));
        use(items);
        this.isFresh = doubts === this.doubts;
        this.#takeMeanwhile();
      } catch (error) {
        this.failure.value = { kind, error, again: () => this.#read(kind, query, use) };
      }
      this.#meanwhile = null;
      this.reading.value = "";
      this.#show();
    });
    return this.#reading;
  }

  #takeMeanwhile() {
    const came = this.#meanwhile;
    this.#meanwhile = null;
    for (const message of came) this.take(message);
  }

  #address(query) {
    const peer = peerOf(this.id);
    return peer
      ? ["/messages/dm", { user_id: peer, ...query }]
      : ["/messages/group", { group_id: groupIdOf(this.id), ...query }];
  }

  // What is not fresh counts for no more than its translations, whatever its rev.
  #fill(found) {
    const known = this.#bySeq;
    this.#bySeq = new Map();
    this.#seqs = new Map();
    this.#first = this.#last = 0;
    this.#add(
      found.map((message) => {
        const before = known.get(message.seq);
        return latest(this.isFresh || before?.rev === message.rev ? before : undefined, message);
      }),
    );
    this.#show();
  }

  #add(found) {
    for (const fresh of found) {
      this.#bySeq.set(fresh.seq, latest(this.#bySeq.get(fresh.seq), fresh));
      this.#seqs.set(fresh.id, fresh.seq);
      this.#first = Math.min(this.#first || fresh.seq, fresh.seq);
      this.#last = Math.max(this.#last, fresh.seq);
    }
  }

  #trim(first, last) {
    for (const [seq, { id }] of this.#bySeq)
      if (seq < first || seq > last) {
        this.#bySeq.delete(seq);
        this.#seqs.delete(id);
      }
    this.#first = Math.max(first, this.#first);
    this.#last = Math.min(last, this.#last);
  }

  #show() {
    this.messages.value = [...this.#bySeq.values()].sort((one, other) => one.seq - other.seq);
    this.#save();
  }

  #save = written(QUIET, () => storage.change(this.entries));
}

// The later one of two states of a message, with the best translation of it that is known.
function latest(known, fresh) {
  if (known?.rev > fresh.rev) return known;
  const translation = comeEarly(fresh) ?? best(known, fresh);
  // The same as before stays the very same, so that nothing is drawn anew.
  const isSame = known && known.rev === fresh.rev && sameText(known.translation, translation);
  return isSame ? known : { ...fresh, translation };
}

const sameText = (one, other) => JSON.stringify(one) === JSON.stringify(other);
