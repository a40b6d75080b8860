// Where one is in a conversation: what is being read stays where it is, whatever comes above or
// below it, and whoever is at the end stays there.

import { signal } from "../../lib/html.js";

// Pixels from the end that count as being there.
const NEAR = 48;
// How many heights of the window are loaded ahead.
const AHEAD = 1.5;
// The part of the window above a place that one goes to.
const ABOVE = 0.25;
const FLASH = 2_000;

export class Scroller {
  // Whether the newest message is in view.
  atEnd = signal(true);
  #anchors = []; // what is in view, and where: [{node, top, bottom, isDrawn}]
  #at = 0; // the place in all that is loaded at which they are there
  #edge = 0; // where the window of it begins on the screen
  #goesToEnd = false;
  #nodes = null;

  constructor(timeline) {
    this.timeline = timeline;
  }

  // `whenMoved` is told whenever something else is in view.
  attach(box, list, whenMoved) {
    Object.assign(this, { box, list, whenMoved });
    const sizes = new ResizeObserver(() => this.#resized());
    sizes.observe(box);
    sizes.observe(list);
    box.addEventListener("scroll", this.#moved, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener("scroll", this.#moved);
    };
  }

  // Before other messages are drawn: what was scrolled may not have been told yet.
  redraws() {
    const moved = this.box ? this.box.scrollTop - this.#at : 0;
    for (const anchor of this.#anchors) {
      anchor.top -= moved;
      anchor.bottom -= moved;
    }
    this.#at += moved;
    // Whoever went up is not at the end any more, and not to be pulled back there.
    if (moved < 0) this.#seeEnd();
  }

  // After other messages are drawn.
  redrawn() {
    this.#nodes = null;
    this.settle();
  }

  // Puts things back where they were, after the size of something has changed.
  settle() {
    if (this.#goesToEnd || this.atEnd.peek()) this.box.scrollTop = this.box.scrollHeight;
    else this.#hold();
    this.#look();
  }

  async toEnd() {
    if (this.timeline.hasNewer) {
      this.#goesToEnd = true;
      await this.timeline.loadNewest();
    }
    this.atEnd.value = !this.timeline.hasNewer;
    this.settle();
    // What is drawn by now may be older than what was loaded.
    requestAnimationFrame(() => {
      this.#goesToEnd = false;
      this.settle();
    });
  }

  // Begins at a place, where there is more below it than fits.
  beginAt(node) {
    const below = this.box.scrollHeight - (placeOf(node, this.box).top + this.box.scrollTop);
    if (below > this.box.clientHeight * (1 - ABOVE)) this.#goTo(node);
  }

  // Shows a message, for all to see.
  show(seq) {
    const node = this.nodeOf(seq);
    if (!node) return;
    this.#goTo(node);
    node.focus({ preventScroll: true });
    node.dataset.flash = "";
    setTimeout(() => delete node.dataset.flash, FLASH);
  }

  nodeOf = (seq) => this.list.querySelector(`[data-seq="${seq}"]`);
  nodes = () => (this.#nodes ??= [...this.list.querySelectorAll("[data-seq]")]);

  // The last message that is in view, by its seq.
  get lastInView() {
    const height = this.box.clientHeight;
    const seen = this.#anchors.filter(({ top, bottom }) => (top + bottom) / 2 < height);
    return Number(seen.at(-1)?.node.dataset.seq ?? 0);
  }

  #goTo(node) {
    this.box.scrollTop += placeOf(node, this.box).top - this.box.clientHeight * ABOVE;
    this.atEnd.value = false;
    this.#moved();
  }

  // At the very end, the browser may have moved it because there is less now.
  #resized() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    if (scrollHeight - scrollTop - clientHeight > 1) this.redraws();
    this.settle();
  }

  // What is first in view keeps its end, so that all below it stays: it may begin otherwise now, as
  // when it is no longer the first of its day. One that ends below the view keeps its beginning.
  #hold() {
    const there = this.#anchors.filter(({ node }) => node.isConnected);
    const kept = there.find(({ isDrawn }) => isDrawn) ?? there[0];
    if (!kept) return;
    const edge = kept.bottom > this.box.clientHeight ? "top" : "bottom";
    // On the screen: something may have come above the window, too.
    const shifted = edgeOf(this.box) - this.#edge;
    const moved = placeOf(kept.node, this.box)[edge] - kept[edge] + shifted;
    if (Math.abs(moved) >= 0.5) this.box.scrollTop += moved;
  }

  // Who is at the end and did not move is there whatever has come below since: the browser tells
  // late of what was put there, or moved because there was less.
  #moved = () => {
    if (this.box.scrollTop !== this.#at || !this.atEnd.peek()) this.#seeEnd();
    this.#look();
  };

  // Who was at the end stays there while what the list already knows of is on its way.
  #seeEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR;
    this.atEnd.value = isNear && (this.atEnd.peek() || !this.timeline.hasNewer);
  }

  #look() {
    this.timeline.isFollowed = this.atEnd.peek();
    this.#anchors = this.#inView();
    this.#at = this.box.scrollTop;
    this.#edge = edgeOf(this.box);
    this.#loadAhead();
    this.whenMoved?.();
  }

  #inView() {
    const nodes = this.nodes();
    const found = [];
    for (let at = this.#firstInView(nodes); at < nodes.length; at++) {
      const place = placeOf(nodes[at], this.box);
      if (place.top > this.box.clientHeight) break;
      found.push({ node: nodes[at], ...place, isDrawn: isDrawn(nodes[at]) });
    }
    return found;
  }

  // By halves, since there may be hundreds.
  #firstInView(nodes) {
    let [low, high] = [0, nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placeOf(nodes[middle], this.box).bottom > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #loadAhead() {
    const { timeline, box } = this;
    if (!timeline.isFresh || timeline.failure.peek() || timeline.reading.peek()) return;
    const ahead = box.clientHeight * AHEAD;
    if (box.scrollTop < ahead && timeline.hasOlder) timeline.loadOlder();
    else if (box.scrollHeight - box.scrollTop - box.clientHeight < ahead) timeline.loadNewer();
  }
}

const edgeOf = (box) => box.getBoundingClientRect().top;

function placeOf(node, box) {
  const { top, bottom } = node.getBoundingClientRect();
  const beginning = edgeOf(box);
  return { top: top - beginning, bottom: bottom - beginning };
}

// What has come into view in this very moment is as high as was guessed until it is drawn.
const isDrawn = (node) =>
  node.querySelector(".lane").checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
