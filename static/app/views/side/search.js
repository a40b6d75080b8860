// The search in one conversation.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { titleOf } from "../../state/conversations.js";
import { closeDialog } from "../../state/ui.js";
import { Dialog } from "../common/dialog.js";
import { Hits } from "./hits.js";

export function SearchDialog({ conversation }) {
  const [asked, ask] = useState("");
  return html`
    <${Dialog} title=${t("side.search_title", { name: titleOf(conversation) })}>
      <label>
        ${t("side.search_words")}
        <input
          type="search"
          autofocus
          maxlength="100"
          autocomplete="off"
          value=${asked}
          onInput=${({ target }) => ask(target.value)}
        />
      </label>
      <div class="found">
        <${Hits} asked=${asked} conversation=${conversation} chosen=${closeDialog} />
      </div>
    <//>
  `;
}
