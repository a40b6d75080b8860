// The keys of the messages: arrows from one to the other, and letters for what can be done.

import { beside } from "./active.js";
import { doByKey } from "./deeds.js";

const FIELDS = "input, textarea, select";

export function onKeyDown(event, timeline, scroller) {
  const { key, target, currentTarget: box, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey || target.matches(FIELDS)) return;
  const node = target.closest("[data-seq]");
  const isDone = goTo(towards(key, node, scroller)) || (node && act(key, node, target, timeline));
  if (!isDone || !box.contains(target)) return;
  event.preventDefault();
  event.stopPropagation();
}

function towards(key, node, scroller) {
  if (key === "Home") return scroller.nodes()[0];
  if (key === "End") {
    scroller.toEnd();
    return scroller.nodes().at(-1);
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (!step) return null;
  if (!node) return scroller.nodeOf(scroller.lastInView);
  const nodes = scroller.nodes();
  return nodes[nodes.indexOf(node) + step] ?? node;
}

function goTo(node) {
  if (!node) return false;
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
  return true;
}

function act(key, node, target, timeline) {
  const message = timeline.find(node.dataset.id);
  if (!message) return false;
  const opens = target === node && (key === "Enter" || key === " ");
  if (!opens) return doByKey(key, message, node);
  if (!message.deleted) beside.value = { kind: "menu", message, anchor: node };
  return true;
}
