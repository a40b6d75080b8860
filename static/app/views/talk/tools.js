// What can be done with a message: the buttons beside it, and the menu of everything.

import { html, useComputed } from "../../lib/html.js";
import { momentOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { reply } from "../../state/composing.js";
import { EmojiPicker } from "../common/emoji.js";
import { Icon } from "../common/icon.js";
import { MenuList } from "../common/menu.js";
import { Popover } from "../common/popover.js";
import { beside, useTab } from "./active.js";
import { deedsFor, reactTo } from "./deeds.js";

const QUICK = ["👍", "❤️", "😂", "😮", "🙏"];

export function Tools({ message }) {
  const tab = useTab(message.id);
  const shown = useComputed(
    () => beside.value?.message.id === message.id && beside.value.kind,
  ).value;
  const opens = (kind) => (event) =>
    (beside.value = shown === kind ? null : { kind, message, anchor: event.currentTarget });
  const tool = (icon, label, properties) => html`
    <button type="button" class="plain" tabindex=${tab} aria-label=${label} ...${properties}>
      <${Icon} name=${icon} />
    </button>
  `;
  return html`
    <div class=${shown ? "tools open" : "tools"}>
      ${tool("smile", t("message.react"), {
        "aria-haspopup": "dialog",
        "aria-expanded": shown === "emoji",
        onClick: opens("emoji"),
      })}
      ${tool("reply", t("message.reply"), { onClick: () => reply(message) })}
      ${tool("more", t("message.actions"), {
        "aria-haspopup": "menu",
        "aria-expanded": shown === "menu",
        onClick: opens("menu"),
      })}
    </div>
  `;
}

// The one that is open. It is no part of its message, which may be drawn anew meanwhile.
export function Beside({ find }) {
  if (!beside.value) return null;
  const { kind, message, anchor } = beside.value;
  const current = find(message.id) ?? message;
  const close = (isBack) => {
    if (isBack) anchor.focus();
    beside.value = null;
  };
  if (current.deleted) return null;
  if (kind === "emoji")
    return html`<${Emoji} key=${message.id} ...${{ current, anchor, close }} />`;
  const quick = QUICK.map((emoji) => ({
    glyph: emoji,
    label: t("message.reactWith", { emoji }),
    run: () => reactTo(current, emoji),
  }));
  return html`
    <${MenuList}
      key=${message.id}
      label=${t("message.actions")}
      anchor=${anchor}
      items=${[...quick, ...deedsFor(current, anchor)]}
      heading=${html`<p class="quiet">${momentOf(message.created_at)}</p>`}
      onClose=${() => close(false)}
    />
  `;
}

function Emoji({ current, anchor, close }) {
  const pick = (emoji) => {
    close(true);
    reactTo(current, emoji);
  };
  return html`
    <${Popover}
      anchor=${anchor}
      onClose=${close}
      className="emoji-box"
      role="dialog"
      aria-label=${t("message.react")}
    >
      <${EmojiPicker} onPick=${pick} />
    <//>
  `;
}
