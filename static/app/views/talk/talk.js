// The open conversation: its head, what was said in it, and the field for writing.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { conversationOf, hasList, peerOf } from "../../state/conversations.js";
import { startAnnouncing } from "../../state/announcing.js";
import { nameOf } from "../../state/people.js";
import { writersOf } from "../../state/presence.js";
import { Composer } from "../composer/composer.js";
import { Icon } from "../common/icon.js";
import { Head } from "./head.js";
import { Timeline } from "./timeline.js";

startAnnouncing();

export function Talk({ conversation }) {
  if (!conversation) return html`<${Nothing} />`;
  const isThere = peerOf(conversation) || conversationOf(conversation) || !hasList.value;
  return html`
    <main class="talk">
      <${Head} conversation=${conversation} />
      ${
        isThere
          ? html`
              <${Timeline} conversation=${conversation} />
              <${Typing} conversation=${conversation} />
              <${Composer} conversation=${conversation} />
            `
          : html`<p class="gone">${t("talk.gone")}</p>`
      }
    </main>
  `;
}

const Nothing = () => html`
  <main class="talk nothing">
    <div class="invitation">
      <${Icon} name="globe" />
      <h2>${t("talk.choose")}</h2>
      <p class="quiet">${t("talk.promise")}</p>
    </div>
  </main>
`;

function Typing({ conversation }) {
  const writers = writersOf(conversation);
  const values = { count: writers.length, names: writers.map(nameOf).join(", ") };
  return html`<p class="typing" dir="auto">${writers.length > 0 && t("talk.typing", values)}</p>`;
}
