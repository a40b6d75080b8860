// How the page is drawn: templates, and values that redraw what shows them.

import { h, htm } from "../../vendor/preact.js";

export * from "../../vendor/preact.js";

// Preact sets `translate` as a property, where "no" would count as yes.
const make = (type, properties, ...children) =>
  h(type, properties?.translate ? { ...properties, translate: false } : properties, ...children);

export const html = htm.bind(make);
