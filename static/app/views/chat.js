// The chat: the side and the talk, beside each other or one at a time.

import { html } from "../lib/html.js";
import { open } from "../state/route.js";
import { Banner } from "./banner.js";
import { Side } from "./side/side.js";
import { Talk } from "./talk/talk.js";

export const Chat = () => html`
  <div class=${open.value ? "chat talking" : "chat"}>
    <${Banner} />
    <${Side} />
    <${Talk} key=${open.value} conversation=${open.value} />
  </div>
`;
