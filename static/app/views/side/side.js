// The side of the page: oneself, the search, and one's conversations.

import { html, useEffect, useState } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { foreign } from "../../state/keeping.js";
import { invite } from "../../state/route.js";
import { openDialog } from "../../state/ui.js";
import { Avatar } from "../common/avatar.js";
import { Icon } from "../common/icon.js";
import { Finder } from "./finder.js";
import { Found } from "./found.js";
import { List, useNeighbours } from "./list.js";

const MARK = new URL("../../../icons/icon.svg", import.meta.url).href;

export function Side() {
  const [asked, ask] = useState("");
  useNeighbours();
  useInvites();
  return html`
    <nav class="side" aria-label=${t("side.name")}>
      <header class="side-head">
        <img src=${MARK} alt="" width="32" height="32" />
        <h1 tabindex="-1">RealChat</h1>
        <button
          type="button"
          class="plain"
          aria-label=${t("side.new_group")}
          onClick=${() => openDialog("new-group")}
        >
          <${Icon} name="newGroup" />
        </button>
      </header>
      <${Finder} asked=${asked} ask=${ask} />
      <div class="side-body">
        ${asked.trim() ? html`<${Found} asked=${asked.trim()} ask=${ask} />` : html`<${List} />`}
      </div>
      <${Self} />
    </nav>
  `;
}

function Self() {
  const { id, name, language } = account.value;
  return html`
    <footer class="self">
      <${Avatar} id=${id} />
      <span class="self-name">
        <strong dir="auto">${name}</strong>
        <span class="quiet">${t("side.reading", { language: languageName(language) })}</span>
      </span>
      <button
        type="button"
        class="plain"
        aria-label=${t("side.settings")}
        onClick=${() => openDialog("account")}
      >
        <${Icon} name="gear" />
      </button>
    </footer>
  `;
}

// Whoever follows an invite, or the address of a public group, is asked whether to join.
function useInvites() {
  const token = invite.value;
  const group = foreign.value;
  useEffect(() => {
    if (token) openDialog("join", { invite: token });
    else if (group) openDialog("join", { group });
  }, [token, group]);
}
