// What goes out over the socket: messages until the server has taken them, and passing signs.

import { apply, changed, outgoing } from "./state.js";

// Milliseconds that a server may take to answer.
const PATIENCE = 15_000;

let connection = null;
export const useConnection = (made) => (connection = made);

// Tells whether a frame went out; nothing keeps it when it did not.
export const tell = (frame) => connection?.send(frame) ?? false;

// Sends a message, for the first time or again: the same client_id makes it one message.
export function deliver(sent) {
  const { client_id, frame } = sent;
  const at = Date.now();
  outgoing.set(client_id, { ...sent, at, status: "pending", error: "" });
  changed();
  // Without a connection it goes out when there is one.
  if (!tell({ type: "send_message", ref: client_id, client_id, ...frame })) return;
  setTimeout(() => {
    const now = outgoing.get(client_id);
    if (now?.status === "pending" && now.at === at)
      apply({ type: "error", ref: client_id, message: "No answer came." });
  }, PATIENCE);
}

export function deliverAgain() {
  for (const sent of outgoing.values()) if (sent.status === "pending") deliver(sent);
}

// A message that the server does not take now goes out again when it said; tells whether it does.
export function postpone({ type, ref, retry_after_ms: wait }) {
  const sent = type === "error" && wait !== undefined && outgoing.get(ref);
  if (!sent) return false;
  const at = Date.now();
  outgoing.set(ref, { ...sent, at });
  setTimeout(() => outgoing.get(ref)?.at === at && deliver(sent), wait);
  return true;
}

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
