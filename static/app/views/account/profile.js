// What others see of oneself: the name and the picture.

import { html, useRef } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { change, removePicture, setPicture } from "../../state/self.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Avatar } from "../common/avatar.js";
import { Field, useForm } from "../common/form.js";
import { Save } from "./parts.js";

const PICTURES = "image/png,image/jpeg,image/gif,image/webp,image/avif";

export const Profile = () => html`
  <${Picture} />
  <${Name} />
  <dl class="facts">
    <dt>${t("form.email")}</dt>
    <dd dir="ltr">${account.value.email}</dd>
  </dl>
`;

function Picture() {
  const { busy, error, run } = useAction();
  const input = useRef();
  function onChange({ target }) {
    const [file] = target.files;
    if (file) run(() => setPicture(file));
    // The same one can be chosen once more.
    target.value = "";
  }
  return html`
    <section class="face">
      <${Avatar} id=${account.value.id} />
      <div class="stack">
        <h3>${t("account.picture")}</h3>
        <div class="row">
          <input
            ref=${input}
            type="file"
            accept=${PICTURES}
            hidden
            aria-label=${t("account.picture")}
            onChange=${onChange}
          />
          <button type="button" disabled=${busy} onClick=${() => input.current.click()}>
            ${t(busy ? "account.picture.busy" : "account.picture.choose")}
          </button>
          ${
            account.value.avatar_url &&
            html`
              <button type="button" disabled=${busy} onClick=${() => run(removePicture)}>
                ${t("account.picture.remove")}
              </button>
            `
          }
        </div>
        <${ErrorLine} text=${error} />
      </div>
    </section>
  `;
}

function Name() {
  const form = useForm({ name: "name" }, change);
  return html`
    <form ...${form.bind}>
      <${Field}
        label=${t("form.name")}
        name="name"
        autocomplete="name"
        maxlength="80"
        dir="auto"
        hint=${t("account.name.hint")}
        defaultValue=${account.value.name}
        error=${form.errors.name}
      />
      <${Save} form=${form}>${t("account.save")}<//>
    </form>
  `;
}
