// The members of a group, with what they may do there.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { directId } from "../../state/conversations.js";
import { byRole, removeMember, rolesFor, setMember } from "../../state/groups.js";
import { isMe, nameOf, person } from "../../state/people.js";
import { show } from "../../state/route.js";
import { closeDialog, openDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Avatar } from "../common/avatar.js";
import { Menu } from "../common/menu.js";

// How many are shown before one asks for all, and of how many one may want to look for one.
const FIRST = 30;
const MANY = 8;

export function Members({ id, group }) {
  const [asked, ask] = useState("");
  const [isWhole, setWhole] = useState(false);
  const action = useAction();
  const sought = asked.trim().toLocaleLowerCase();
  const fitting = byRole(group).filter((one) =>
    (isMe(one) ? account.value : person(one)).name.toLocaleLowerCase().includes(sought),
  );
  const shown = isWhole ? fitting : fitting.slice(0, FIRST);
  return html`
    <section class="stack">
      <h3>${t("groups.people")}</h3>
      ${
        group.members.length > MANY &&
        html`
          <input
            type="search"
            autocomplete="off"
            aria-label=${t("groups.search_members")}
            placeholder=${t("groups.search_members")}
            value=${asked}
            onInput=${({ target }) => ask(target.value)}
          />
        `
      }
      <ul class="members" aria-label=${t("groups.people")}>
        ${shown.map(
          (one) => html`
            <${Member} key=${one} id=${id} group=${group} userId=${one} run=${action.run} />
          `,
        )}
      </ul>
      ${!shown.length && html`<p class="quiet">${t("side.nobody")}</p>`}
      ${
        shown.length < fitting.length &&
        html`
          <button type="button" onClick=${() => setWhole(true)}>
            ${t("groups.show_all", { count: fitting.length })}
          </button>
        `
      }
      <${ErrorLine} text=${action.error} />
    </section>
  `;
}

function Member({ id, group, userId, run }) {
  const role = group.roles[userId];
  const { name } = person(userId);
  return html`
    <li class="member">
      <${Avatar} id=${userId} presence />
      <span class="hit-text">
        <strong dir="auto">${nameOf(userId)}</strong>
        ${role !== "member" && html`<span class="quiet">${t(`groups.role.${role}`)}</span>`}
      </span>
      ${
        !isMe(userId) &&
        html`
          <${Menu}
            label=${t("groups.member_menu", { name })}
            items=${() => itemsOf({ id, group, userId, name, run })}
          />
        `
      }
    </li>
  `;
}

function itemsOf({ id, group, userId, name, run }) {
  const write = () => {
    closeDialog();
    show(directId(userId));
  };
  const roles = rolesFor(group, userId);
  return [
    { label: t("groups.write"), icon: "send", run: write },
    ...roles
      .filter((role) => role !== group.roles[userId])
      .map((role) => ({
        label: t(`groups.make.${role}`),
        icon: "person",
        run: () => run(() => setMember(id, userId, role)),
      })),
    ...(roles.length ? [removing(id, userId, name)] : []),
  ];
}

function removing(id, userId, name) {
  const back = () => openDialog("group", { conversation: id });
  const ask = () =>
    openDialog("confirm", {
      title: t("groups.remove_title", { name }),
      text: t("groups.remove_text"),
      action: t("groups.remove"),
      run: () => removeMember(id, userId),
      after: back,
      back,
    });
  return { label: t("groups.remove"), icon: "leave", run: ask, isDanger: true };
}
