// The whole page: the way in, or the chat, and what lies over both.

import { html } from "../lib/html.js";
import { account } from "../net/session.js";
import { open } from "../state/route.js";
import { announcement, note } from "../state/ui.js";
import { Banner } from "./banner.js";
import { Dialogs } from "./dialogs.js";
import { Entrance } from "./entrance/entrance.js";
import { Side } from "./side/side.js";
import { Talk } from "./talk/talk.js";

export const App = () => html`
  ${account.value ? html`<${Chat} />` : html`<${Entrance} />`}
  <${Dialogs} />
  <p class="note" role="status">${note}</p>
  <p class="unseen" aria-live="polite">${announcement}</p>
`;

const Chat = () => html`
  <div class=${open.value ? "chat talking" : "chat"}>
    <${Banner} />
    <${Side} />
    <${Talk} key=${open.value} conversation=${open.value} />
  </div>
`;
