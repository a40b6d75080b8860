// The field that looks for people, and in messages.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { Icon } from "../common/icon.js";

const FIRST = ".found .hit";

export function Finder({ asked, ask }) {
  const onKeyDown = (event) => {
    const first = document.querySelector(FIRST);
    if (event.key === "Escape" && asked) ask("");
    else if (event.key === "ArrowDown" && first) first.focus();
    else if (event.key === "Enter" && first && !event.isComposing) first.click();
    else return;
    event.preventDefault();
  };
  return html`
    <div class="finder" role="search">
      <${Icon} name="search" />
      <input
        type="search"
        id="finder"
        maxlength="100"
        autocomplete="off"
        enterkeyhint="search"
        aria-label=${t("side.search")}
        placeholder=${t("side.search_hint")}
        value=${asked}
        onInput=${({ target }) => ask(target.value)}
        onKeyDown=${onKeyDown}
      />
    </div>
  `;
}
