// What an invite, or the address of a public group, opens.

import { html, useEffect, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { joinGroup, previewInvite } from "../../state/groups.js";
import { foreign } from "../../state/keeping.js";
import { close, dismissInvite, show } from "../../state/route.js";
import { closeDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { GroupAvatar } from "../common/avatar.js";
import { Dialog } from "../common/dialog.js";

const described = ({ id, name, members, private: isPrivate }) => ({
  group_id: id,
  name,
  private: isPrivate,
  member_count: members.length,
});

// By an `invite`, or a `group` that is public.
export function Join({ invite, group }) {
  const [found, setFound] = useState(group ? described(group) : null);
  const [failure, setFailure] = useState(null);
  const { busy, error, run } = useAction();
  useEffect(() => {
    if (invite) previewInvite(invite).then(setFound, setFailure);
  }, [invite]);
  const leave = () => {
    if (invite) dismissInvite();
    else if (foreign.value) close();
    closeDialog();
  };
  const enter = (id) => {
    foreign.value = null;
    if (invite) dismissInvite();
    closeDialog();
    show(id);
  };
  const join = () =>
    run(async () => enter(await joinGroup(invite ? { invite } : { group_id: group.id })));
  const title = t(failure ? "groups.no_invite" : "groups.join_title");
  return html`
    <${Dialog} title=${title} onClose=${leave} className="confirm">
      ${failure && html`<${Failure} error=${failure} leave=${leave} />`}
      ${!failure && !found && html`<p class="quiet">${t("side.loading")}</p>`}
      ${found && html`<${Opened} found=${found} busy=${busy} join=${join} enter=${enter} />`}
      <${ErrorLine} text=${error} />
    <//>
  `;
}

const Failure = ({ error, leave }) => html`
  <p role="alert">${error.status === 404 ? t("groups.no_invite_text") : explain(error)}</p>
  <div class="row end">
    <button type="button" class="primary" onClick=${leave}>${t("close")}</button>
  </div>
`;

function Opened({ found, busy, join, enter }) {
  const { group_id: id, name, member_count: count, joined } = found;
  return html`
    <div class="joining">
      <${GroupAvatar} id=${id} name=${name} />
      <strong dir="auto">${name}</strong>
      <span class="quiet">
        ${t("groups.members", { count })} ·${" "}
        ${t(found.private ? "groups.is_private" : "groups.is_public")}
      </span>
    </div>
    <div class="row end">
      ${
        joined
          ? html`
              <p class="quiet">${t("groups.joined")}</p>
              <button type="button" class="primary" onClick=${() => enter(`group:${id}`)}>
                ${t("groups.open")}
              </button>
            `
          : html`
              <button type="button" class="primary" disabled=${busy} onClick=${join}>
                ${t("groups.join")}
              </button>
            `
      }
    </div>
  `;
}
