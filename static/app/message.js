// One message as an element, and what can be done with it.

import { call } from "./api.js";
import { attempt, element, preview, sizeOf, timeOf } from "./dom.js";
import { conversations, me, nameOf } from "./state.js";

const QUICK = ["👍", "❤️", "😂"];
const REASONS = {
  not_configured: "this server has no translation service",
  not_trusted: "the result could not be trusted",
  nothing_to_translate: "there are no words in it",
  engine_unreachable: "the translation service cannot be reached",
  engine_refused: "the translation service refused",
  engine_failed: "the translation service failed",
  rate_limited: "the translation service is busy",
  too_long: "the text is too long for the translation service",
  unsupported_pair: "the translation service does not know these languages",
};

// `does` has what a message can ask of its conversation: reply, edit, show and report.
export function messageElement(message, quoted, does) {
  const own = message.sender_id === me().id;
  const body = message.deleted
    ? [element("p", { className: "quiet" }, "This message was deleted.")]
    : [
        message.reply_to ? quote(message.reply_to, quoted, does) : null,
        textOf(message),
        translationOf(message),
        ...message.attachments.map(attachment),
        reactionsOf(message, does),
      ];
  return element(
    "li",
    { className: own ? "message own" : "message", id: `m-${message.id}`, tabIndex: -1 },
    element(
      "span",
      { className: own || message.recipient_id ? "sender hidden" : "sender", dir: "auto" },
      nameOf(message.sender_id),
    ),
    ...body,
    element(
      "footer",
      {},
      element("time", { dateTime: message.created_at }, timeOf(message.created_at)),
      message.edited_at && !message.deleted ? element("span", {}, "edited") : null,
      message.deleted ? null : actions(message, own, does),
    ),
  );
}

// A message of one's own that the server has not taken yet, or would not take.
export function outgoingElement({ content, attachments, status, error }, again) {
  const states = { pending: "Sending …", sent: "Sent", failed: `Not sent. ${error}` };
  return element(
    "li",
    { className: `message own ${status}` },
    content ? element("p", { className: "text", lang: me().language, dir: "auto" }, content) : null,
    ...attachments.map((file) => element("p", { className: "file", dir: "auto" }, file.name)),
    element(
      "footer",
      { role: "status" },
      element("span", {}, states[status]),
      status === "failed"
        ? element("button", { className: "link", onclick: again }, "Try again")
        : null,
    ),
  );
}

const textOf = ({ content, content_lang }) =>
  content ? element("p", { className: "text", lang: content_lang, dir: "auto" }, content) : null;

function translationOf({ translation, content_lang: from }) {
  if (!translation) return null;
  const { status, content, engine, reason, lang } = translation;
  const note = {
    ready: `Translated from ${from}${engine ? ` · ${engine}` : ""}`,
    pending: `Translating from ${from} …`,
    unavailable: `Not translated from ${from}: ${REASONS[reason] ?? reason}`,
  }[status];
  const text =
    status === "ready" ? element("p", { className: "text", lang, dir: "auto" }, content) : null;
  return element(
    "div",
    { className: "translation" },
    text,
    element("p", { className: "quiet" }, note),
  );
}

function quote(id, original, does) {
  const text = original
    ? `${nameOf(original.sender_id)}: ${preview(original)}`
    : "An earlier message";
  const lang = original?.content_lang ?? "";
  const onclick = () => does.show(id);
  return element(
    "button",
    { type: "button", className: "quote", dir: "auto", lang, onclick },
    text,
  );
}

function attachment({ url, name, size, type, width, height }) {
  const inline = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"].includes(
    type,
  );
  const inside = inline
    ? element("img", { src: url, alt: name, loading: "lazy", ...(width && { width, height }) })
    : `${name} · ${sizeOf(size)}`;
  return element(
    "a",
    { className: inline ? "image" : "file", href: url, target: "_blank", rel: "noopener" },
    inside,
  );
}

function reactionsOf(message, does) {
  const given = Object.entries(message.reactions);
  if (!given.length) return null;
  const chips = given.map(([emoji, ids]) => {
    const mine = ids.includes(me().id);
    const names = ids.map(nameOf).join(", ");
    const properties = {
      type: "button",
      ariaPressed: String(mine),
      title: names,
      ariaLabel: `${emoji} ${ids.length}: ${names}`,
    };
    return element(
      "button",
      { ...properties, onclick: () => react(message, emoji, !mine, does) },
      `${emoji} ${ids.length}`,
    );
  });
  return element("p", { className: "reactions" }, ...chips);
}

const react = (message, emoji, on, does) =>
  attempt(does.report, () =>
    call(on ? "PUT" : "DELETE", `/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`),
  );

function actions(message, own, does) {
  const role = conversations.get(message.conversation)?.group?.roles[me().id];
  const other = element("input", {
    ariaLabel: "Another emoji",
    placeholder: "Emoji",
    maxLength: 32,
    size: 5,
  });
  const act = (run) => () => ((menu.open = false), run());
  const button = (text, run, label = text) =>
    element("button", { type: "button", ariaLabel: label, onclick: act(run) }, text);
  const remove = () =>
    confirm("Delete this message for everybody?") &&
    attempt(does.report, () => call("DELETE", `/messages/${message.id}`));
  other.onkeydown = (event) => {
    if (event.key === "Enter" && other.value.trim())
      act(() => react(message, other.value.trim(), true, does))();
  };
  const menu = element(
    "details",
    { className: "actions" },
    element("summary", { ariaLabel: "Actions" }, "⋯"),
    element(
      "div",
      { role: "group", ariaLabel: "Actions" },
      ...QUICK.map((emoji) =>
        button(emoji, () => react(message, emoji, true, does), `React with ${emoji}`),
      ),
      other,
      button("Reply", () => does.reply(message)),
      own && message.content ? button("Edit", () => does.edit(message)) : null,
      own || role === "owner" || role === "admin" ? button("Delete", remove) : null,
    ),
  );
  return menu;
}
