// The chat: the side and the talk, beside each other or one at a time.

import { html, useLayoutEffect } from "../lib/html.js";
import { open } from "../state/route.js";
import { connection } from "../state/sync.js";
import { Banner } from "./banner.js";
import { Side } from "./side/side.js";
import { Talk } from "./talk/talk.js";

// `isEntered`: somebody came by the way in, whose field had the focus and is gone.
export function Chat({ isEntered }) {
  useLayoutEffect(() => isEntered && takeFocus(), []);
  return html`
    <div class=${open.value ? "chat talking" : "chat"} data-connection=${connection.value.state}>
      <${Banner} />
      <${Side} />
      <${Talk} key=${open.value} conversation=${open.value} />
    </div>
  `;
}

// To no field, where the keys of the page would be letters.
function takeFocus() {
  if (document.activeElement === document.body) document.querySelector(".side h1")?.focus();
}
