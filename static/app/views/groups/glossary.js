// The words of a group that translations keep, or that become what the group says: admins change
// them, all members can read them.

import { html, useEffect, useState } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { isAdmin } from "../../state/conversations.js";
import { readGlossary, writeGlossary } from "../../state/groups.js";
import { openDialog, tellNote } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Dialog } from "../common/dialog.js";
import { Icon } from "../common/icon.js";
import { TermForm } from "./term-form.js";

export function Glossary({ conversation: id }) {
  const [terms, setTerms] = useState(null);
  const { busy, error, run } = useAction();
  useEffect(() => {
    run(async () => setTerms(await readGlossary(id)));
  }, []);
  const save = (next, done) =>
    run(async () => {
      setTerms(await writeGlossary(id, next));
      done?.();
      tellNote(t("groups.terms_kept"));
    });
  const back = () => openDialog("group", { conversation: id });
  const mayChange = isAdmin(id);
  return html`
    <${Dialog} title=${t("groups.glossary")} onClose=${back}>
      <p class="quiet">${t("groups.glossary_hint")}</p>
      ${!terms && !error && html`<p class="quiet">${t("side.loading")}</p>`}
      ${terms && !terms.length && html`<p>${t("groups.no_terms")}</p>`}
      ${
        terms?.length > 0 &&
        html`
          <ul class="terms" aria-label=${t("groups.glossary")}>
            ${terms.map(
              (one) => html`
                <${Term}
                  key=${one.term}
                  one=${one}
                  busy=${busy}
                  drop=${mayChange && (() => save(terms.filter((other) => other !== one)))}
                />
              `,
            )}
          </ul>
        `
      }
      <${ErrorLine} text=${error} />
      ${terms && mayChange && html`<${TermForm} terms=${terms} busy=${busy} save=${save} />`}
    <//>
  `;
}

const Term = ({ one: { term, translations }, busy, drop }) => html`
  <li class="term">
    <div>
      <strong dir="auto" translate="no">${term}</strong>
      ${
        Object.keys(translations).length
          ? html`<${Translations} translations=${translations} />`
          : html`<span class="quiet block">${t("groups.term_stays")}</span>`
      }
    </div>
    ${
      drop &&
      html`
        <button
          type="button"
          class="plain"
          disabled=${busy}
          aria-label=${t("groups.drop_term", { term })}
          onClick=${drop}
        >
          <${Icon} name="trash" />
        </button>
      `
    }
  </li>
`;

const Translations = ({ translations }) => html`
  <dl>
    ${Object.entries(translations).map(
      ([lang, text]) => html`
        <div key=${lang}>
          <dt>${languageName(lang)}</dt>
          <dd dir="auto" lang=${lang} translate="no">${text}</dd>
        </div>
      `,
    )}
  </dl>
`;
