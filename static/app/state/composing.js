// What the field for writing is about: nothing, a message that is answered, or one that is changed.

import { signal } from "../lib/html.js";
import { open } from "./route.js";

// {kind: "reply" | "edit", message}, or null.
export const context = signal(null);

export const reply = (message) => (context.value = { kind: "reply", message });
export const edit = (message) => (context.value = { kind: "edit", message });
export const endContext = () => (context.value = null);

open.subscribe(endContext);
