// Into which language messages come, what is read besides, and in which one the page is.

import { html, useState } from "../../lib/html.js";
import { languageName, ownName } from "../../lib/languages.js";
import { LANGUAGES, chooseWords, chosenWords, t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { changeReading } from "../../state/self.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Labelled, LanguageField } from "../common/form.js";
import { Reads } from "./reads.js";

export const Languages = () => html`
  <${Own} />
  <${Reads} />
  <${Words} />
`;

function Own() {
  const { error, run } = useAction();
  const onChange = ({ target }) => run(() => changeReading({ language: target.value }));
  return html`
    <section>
      <${LanguageField}
        label=${t("account.language")}
        hint=${t("account.language.hint")}
        value=${account.value.language}
        onChange=${onChange}
      />
      <${ErrorLine} text=${error} />
    </section>
  `;
}

function Words() {
  const { language } = account.value;
  const [chosen, setChosen] = useState(chosenWords());
  function onChange({ target }) {
    setChosen(target.value);
    chooseWords(target.value, language);
  }
  return html`
    <section>
      <${Labelled} label=${t("account.words")} hint=${t("account.words.hint")}>
        ${(control) => html`
          <select ...${control} onChange=${onChange}>
            <option value="" selected=${!chosen}>
              ${t("account.words.follow", { language: languageName(language) })}
            </option>
            ${LANGUAGES.map(
              (code) => html`
                <option value=${code} lang=${code} selected=${code === chosen}>
                  ${ownName(code)}
                </option>
              `,
            )}
          </select>
        `}
      <//>
    </section>
  `;
}
