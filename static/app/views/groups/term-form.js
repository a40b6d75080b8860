// Adding a term to a group's glossary, or another translation to one that is there.

import { html, useRef, useState } from "../../lib/html.js";
import { choices } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";

const EMPTY = { term: "", lang: "", text: "" };

export function TermForm({ terms, busy, save }) {
  const [{ term, lang, text }, set] = useState(EMPTY);
  const field = useRef();
  const change = (changes) => set({ term, lang, text, ...changes });
  const add = (event) => {
    event.preventDefault();
    save(withTerm(terms, term.trim(), lang, text.trim()), () => {
      set(EMPTY);
      field.current.focus();
    });
  };
  const typed =
    (name) =>
    ({ target }) =>
      change({ [name]: target.value });
  return html`
    <form class="stack term-form" onSubmit=${add}>
      <h3>${t("groups.add_term")}</h3>
      <label>
        ${t("groups.term")}
        <input
          ref=${field}
          required
          maxlength="100"
          autocomplete="off"
          dir="auto"
          value=${term}
          onInput=${typed("term")}
        />
      </label>
      <label>
        ${t("groups.term_language")}
        <select value=${lang} onChange=${typed("lang")}>
          <option value="">${t("groups.term_any")}</option>
          ${choices(account.value.language).map(
            ({ code, name }) => html`<option key=${code} value=${code}>${name}</option>`,
          )}
        </select>
      </label>
      ${
        lang &&
        html`
          <label>
            ${t("groups.term_text")}
            <input
              required
              maxlength="100"
              autocomplete="off"
              dir="auto"
              lang=${lang}
              value=${text}
              onInput=${typed("text")}
            />
          </label>
        `
      }
      <div class="row end">
        <button type="submit" class="primary" disabled=${busy}>${t("groups.add_term")}</button>
      </div>
    </form>
  `;
}

// Terms are the same whatever their case.
function withTerm(terms, term, lang, text) {
  const isIt = (one) => one.term.toLowerCase() === term.toLowerCase();
  const known = terms.find(isIt);
  const translations = { ...known?.translations, ...(lang && { [lang]: text }) };
  const fresh = { term: known?.term ?? term, translations: lang ? translations : {} };
  return known ? terms.map((one) => (isIt(one) ? fresh : one)) : [...terms, fresh];
}
