// How many are in a group, and how many of them are there now.

import { t } from "../../lib/words.js";
import { groupOf } from "../../state/conversations.js";
import { isOnline } from "../../state/presence.js";

export function MembersLine({ id }) {
  const members = groupOf(id)?.members;
  if (!members) return null;
  const here = members.filter(isOnline).length;
  const count = t("groups.members", { count: members.length });
  return here > 1 ? `${count} · ${t("groups.online", { count: here })}` : count;
}
