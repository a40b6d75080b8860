// What this is, in one sentence and a drawing: each sees their own language first.

import { html } from "../../lib/html.js";
import { locale, t } from "../../lib/words.js";

const ICON = new URL("../../../icons/icon.svg", import.meta.url).href;
// What is said in the drawing, as somebody with another language reads and writes it.
const JAPANESE = { lang: "ja", asked: "明日、夕飯どう？", answered: "いいね！8時は？" };
const SPANISH = { lang: "es", asked: "¿Cenamos mañana?", answered: "¡Claro! ¿A las ocho?" };

export const Welcome = () => html`
  <header class="welcome">
    <h1><${Mark} />RealChat</h1>
    <p>${t("entrance.what")}</p>
    <${Drawing} />
  </header>
`;

const Mark = () => html`<img src=${ICON} alt="" width="44" height="44" />`;

function Drawing() {
  const other = /^(zh|hi|ar)$/.test(locale.value) ? SPANISH : JAPANESE;
  const own = { asked: t("entrance.sample.asked"), answered: t("entrance.sample.answered") };
  return html`
    <div class="drawing" aria-hidden="true">
      <p class="theirs">${own.asked}<span lang=${other.lang} dir="auto">${other.asked}</span></p>
      <p class="mine">
        ${own.answered}<span lang=${other.lang} dir="auto">${other.answered}</span>
      </p>
    </div>
  `;
}
