// The whole page: the way in, or the chat, and what lies over both.

import { html, useRef } from "../lib/html.js";
import { t } from "../lib/words.js";
import { account } from "../net/session.js";
import { announcement, note, version } from "../state/ui.js";
import { Lazy } from "./common/lazy.js";
import { Dialogs } from "./dialogs.js";
import { Entrance } from "./entrance/entrance.js";

export const loadChat = () => import("../chat.js");
const loadView = () => loadChat().then(({ Chat }) => Chat);

export function App() {
  const wasOut = useRef(false);
  if (!account.value) wasOut.current = true;
  return html`
    ${
      account.value
        ? html`<${Lazy} load=${loadView} isEntered=${wasOut.current} />`
        : html`<${Entrance} />`
    }
    <${Dialogs} />
    <p class="note" role="status">${note}</p>
    <${NewVersion} />
    <p class="unseen" aria-live="polite">${announcement}</p>
  `;
}

const NewVersion = () => html`
  <div class="note above" role="status">
    ${
      version.value &&
      html`
        ${t("version.new")}${" "}
        <button type="button" class="link" onClick=${version.value}>${t("version.use")}</button>
      `
    }
  </div>
`;
