// What helps somebody who has no conversation yet.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { openDialog } from "../../state/ui.js";
import { LinkField } from "../common/link-field.js";
import { Icon } from "../common/icon.js";

export const Empty = () => html`
  <div class="empty">
    <h2>${t("side.empty")}</h2>
    <p>${t("side.empty_search")}</p>
    <button type="button" onClick=${() => openDialog("new-group")}>
      <${Icon} name="newGroup" />
      ${t("side.new_group")}
    </button>
    <p>${t("side.empty_invite")}</p>
    <${LinkField} label=${t("side.address")} link=${location.origin} />
  </div>
`;
