// Putting a translation right: for everybody in the conversation who reads that language.

import { html, useRef } from "../../lib/html.js";
import { languageName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { correct } from "../../state/timelines.js";
import { closeDialog } from "../../state/ui.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Dialog } from "../common/dialog.js";
import { isReady } from "./translation.js";

export function CorrectDialog({ message }) {
  const { content, content_lang, translation } = message;
  const field = useRef();
  const saving = useAction();
  const language = languageName(translation.lang);
  const submit = (event) => {
    event.preventDefault();
    saving.run(async () => {
      await correct(message, field.current.value);
      closeDialog();
    });
  };
  return html`
    <${Dialog}
      title=${t(isReady(message) ? "message.improve" : "message.translate")}
      className="correct"
    >
      <form class="stack" onSubmit=${submit}>
        <figure>
          <figcaption>
            ${t("translation.original", { language: languageName(content_lang) })}
          </figcaption>
          <blockquote lang=${content_lang} dir="auto" translate="no">${content}</blockquote>
        </figure>
        <label>
          ${t("correct.field", { language })}
          <textarea
            ref=${field}
            rows="4"
            required
            lang=${translation.lang}
            dir="auto"
            translate="no"
            aria-describedby="correct-hint"
            defaultValue=${translation.content ?? ""}
          ></textarea>
        </label>
        <p class="quiet" id="correct-hint">${t("correct.hint", { language })}</p>
        <${ErrorLine} text=${saving.error} />
        <div class="row end">
          <button type="button" onClick=${closeDialog}>${t("cancel")}</button>
          <button type="submit" class="primary" disabled=${saving.busy}>
            ${t("correct.save")}
          </button>
        </div>
      </form>
    <//>
  `;
}
