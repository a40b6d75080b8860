// How others come into a group: an invite that is made for it, or the address of a public one.

import { html, useState } from "../../lib/html.js";
import { momentOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { isAdmin } from "../../state/conversations.js";
import { makeInvite } from "../../state/groups.js";
import { inviteLink } from "../../state/route.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Icon } from "../common/icon.js";
import { LinkField } from "../common/link-field.js";

export function Invite({ id, group }) {
  const [made, setMade] = useState(null);
  const { busy, error, run } = useAction();
  if (!isAdmin(id) && group.private) return null;
  const make = () => run(async () => setMade(await makeInvite(id)));
  return html`
    <section class="stack">
      <h3>${t("groups.invite")}</h3>
      ${
        made || !isAdmin(id)
          ? html`<${Link} made=${made} id=${id} name=${group.name} />`
          : html`
              <p class="quiet">${t("groups.invite_hint")}</p>
              <button type="button" disabled=${busy} onClick=${make}>
                <${Icon} name="link" />${t("groups.make_invite")}
              </button>
            `
      }
      <${ErrorLine} text=${error} />
    </section>
  `;
}

const Link = ({ made, id, name }) => html`
  <${LinkField}
    label=${t("groups.invite")}
    title=${name}
    link=${made ? inviteLink(made.invite) : `${location.origin}/#${id}`}
  />
  ${made && html`<p class="quiet">${t("groups.good_until", { time: momentOf(made.expires_at) })}</p>`}
`;
