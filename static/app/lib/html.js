// How the page is drawn: templates, and values that redraw what shows them.

import { h, htm } from "../../vendor/preact.js";

export * from "../../vendor/preact.js";
export const html = htm.bind(h);
