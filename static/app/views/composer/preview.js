// How a text will arrive, before it is sent: its translation, and what comes back of that.

import { html, useEffect, useState } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { hasWords, t } from "../../lib/words.js";
import { call, explain } from "../../net/api.js";
import { groupOf, peerOf } from "../../state/conversations.js";
import { isMe, person } from "../../state/people.js";

// Milliseconds of quiet after which it is asked for.
const QUIET = 500;
const UNASKED = { busy: false, found: null, error: "" };

export function Preview({ conversation, text }) {
  const languages = readersLanguages(conversation);
  const [chosen, choose] = useState("");
  const to = languages.includes(chosen) ? chosen : languages[0];
  const { busy, found, error } = usePreview(conversation, text.trim(), to);
  return html`
    <section
      class="preview"
      aria-label=${t("preview.title")}
      tabindex="0"
      aria-busy=${String(busy)}
    >
      <header>
        <${Target} ...${{ conversation, languages, to, choose }} />
        ${found && html`<${Source} found=${found} />`}
      </header>
      <div aria-live="polite">
        ${!text.trim() && html`<p class="quiet">${t("preview.empty")}</p>`}
        ${text.trim() && !found && !error && html`<p class="quiet">${t("preview.busy")}</p>`}
        ${found && html`<${Found} found=${found} />`}
        <p class="error">${error}</p>
      </div>
    </section>
  `;
}

// Asks once the text has been left alone for a moment; a newer question takes back an older one.
function usePreview(conversation, text, to) {
  const [state, setState] = useState(UNASKED);
  useEffect(() => {
    if (!text || !to) return setState(UNASKED);
    const ends = new AbortController();
    const { signal } = ends;
    setState((known) => ({ ...known, busy: true }));
    const timer = setTimeout(async () => {
      try {
        const body = { content: text, to, conversation };
        const found = await call("POST", "/translate/preview", body, { signal });
        if (!signal.aborted) setState({ ...UNASKED, found });
      } catch (error) {
        if (!signal.aborted) setState({ ...UNASKED, error: explain(error) });
      }
    }, QUIET);
    return () => {
      clearTimeout(timer);
      ends.abort();
    };
  }, [conversation, text, to]);
  return state;
}

function Target({ conversation, languages, to, choose }) {
  if (!to) return html`<p>${t("preview.nobody")}</p>`;
  const peer = peerOf(conversation);
  if (peer) {
    const { name } = person(peer);
    return html`<p>${t("preview.for", { name, language: languageName(to) })}</p>`;
  }
  return html`
    <label>
      <span>${t("preview.into")}</span>
      <select onChange=${({ target }) => choose(target.value)}>
        ${languages.map(
          (code) => html`
            <option value=${code} selected=${code === to}>${languageName(code)}</option>
          `,
        )}
      </select>
    </label>
  `;
}

function Source({ found: { content_lang, detected, translation } }) {
  const language = languageName(content_lang);
  return html`
    <p class="quiet">
      ${t(detected ? "preview.detected" : "preview.from", { language })}
      ${translation.engine && html` · <span translate="no">${translation.engine}</span>`}
    </p>
  `;
}

function Found({ found: { content_lang, translation, back } }) {
  if (translation.status !== "ready") return html`<p class="quiet">${why(translation)}</p>`;
  return html`
    <p class="text" lang=${translation.lang} dir="auto" translate="no">${translation.content}</p>
    ${
      back?.status === "ready" &&
      html`
        <p class="quiet">${t("preview.back")}</p>
        <p class="text back" lang=${content_lang} dir="auto" translate="no">${back.content}</p>
      `
    }
  `;
}

function why({ reason }) {
  const key = `preview.reason.${reason}`;
  return t(hasWords(key) ? key : "preview.reason.engine_failed");
}

function readersLanguages(conversation) {
  const peer = peerOf(conversation);
  const readers = peer ? [peer] : (groupOf(conversation)?.members ?? []);
  const all = readers.filter((id) => !isMe(id)).map((id) => person(id).language);
  return [...new Set(all.filter(Boolean))];
}
