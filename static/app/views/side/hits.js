// The messages in which words were found, in the original or a translation.

import { html, useEffect, useState } from "../../lib/html.js";
import { shortOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { explain, page } from "../../net/api.js";
import { groupIdOf, titleOf } from "../../state/conversations.js";
import { isMe, nameOf } from "../../state/people.js";
import { showMessage } from "../../state/target.js";
import { ErrorLine } from "../common/action.js";
import { useFound } from "../common/searching.js";
import { Face } from "./row.js";

const PAGE = 15;
// Characters of a message that are shown before what was found, and in all.
const BEFORE = 24;
const MOST = 140;
// One letter is in nearly every message.
const LEAST = 2;

const search = (q, conversation, before) =>
  page("/messages/search", {
    q,
    limit: PAGE,
    ...(conversation && { conversation }),
    ...(before && { before }),
  });

// `chosen()` is called once a message was opened.
export function Hits({ asked, conversation, chosen = () => {} }) {
  const { found, text, error } = useFound(asked, (q) => search(q, conversation), LEAST);
  const [older, setOlder] = useState({ items: [] });
  useEffect(() => setOlder({ items: [] }), [found]);
  if (asked.trim().length < LEAST) return null;
  const all = [...(found?.items ?? []), ...older.items];
  const hasMore = older.more ?? found?.more;
  const readOn = async () => {
    const next = await search(text, conversation, all.at(-1)?.message.id).catch((failure) => ({
      items: [],
      more: true,
      error: explain(failure),
    }));
    setOlder({ ...next, items: [...older.items, ...next.items] });
  };
  return html`
    <section aria-busy=${String(!found)}>
      <h2>${t("side.messages")}</h2>
      <${ErrorLine} text=${error || older.error} />
      ${found && !all.length && !error && html`<p class="quiet">${t("side.no_messages")}</p>`}
      <ul aria-label=${t("side.messages_found")}>
        ${all.map(
          (hit) => html`<${Hit} key=${hit.message.id} hit=${hit} asked=${text} chosen=${chosen} />`,
        )}
      </ul>
      ${hasMore && html`<button type="button" onClick=${readOn}>${t("side.more")}</button>`}
    </section>
  `;
}

function Hit({ hit: { message, matched }, asked, chosen }) {
  const { conversation, sender_id, created_at } = message;
  const { content, lang } = textOf(message, matched);
  const showsWho = groupIdOf(conversation) || isMe(sender_id);
  const pick = () => {
    showMessage(message);
    chosen();
  };
  return html`
    <li>
      <button type="button" class="hit" onClick=${pick}>
        <${Face} id=${conversation} />
        <span class="hit-text">
          <span class="hit-title">
            <strong dir="auto">${titleOf(conversation)}</strong>
            <time datetime=${created_at}>${shortOf(created_at)}</time>
          </span>
          <span class="snippet">
            ${showsWho && html`<bdi>${t("side.says", { name: nameOf(sender_id) })}</bdi>${" "}`}
            <bdi lang=${lang} translate="no">
              <${Marked} content=${content} asked=${asked} />
            </bdi>
          </span>
        </span>
      </button>
    </li>
  `;
}

// Where a translation was found that is not the reader's own, there is only the original.
const textOf = ({ content, content_lang, translation }, matched) =>
  matched === "translation" && translation?.status === "ready"
    ? { content: translation.content, lang: translation.lang }
    : { content, lang: content_lang };

function Marked({ content, asked }) {
  const at = content.toLowerCase().indexOf(asked.toLowerCase());
  if (at < 0) return content.slice(0, MOST);
  const from = at > BEFORE ? content.lastIndexOf(" ", at - BEFORE) + 1 : 0;
  const end = at + asked.length;
  return html`
    ${from > 0 && "… "}${content.slice(from, at)}<mark>${content.slice(at, end)}</mark>${content.slice(end, from + MOST)}
  `;
}
