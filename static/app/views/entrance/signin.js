// Signing in by password, and the ways for those who cannot.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { signIn } from "../../state/entering.js";
import { PasswordField, useForm } from "../common/form.js";
import { EmailField, Entry, Submit } from "./parts.js";

export function SignIn({ email, keepEmail, autofocus, go }) {
  const form = useForm({ email: "email", password: "given" }, ({ email, password }) =>
    signIn({ email: email.trim(), password }),
  );
  return html`
    <${Entry} title=${t("entrance.welcome")} form=${form} autofocus=${autofocus}>
      <${EmailField} value=${email} onInput=${keepEmail} error=${form.errors.email} />
      <${PasswordField}
        label=${t("form.password")}
        name="password"
        autocomplete="current-password"
        error=${form.errors.password}
      />
      <${Submit} form=${form}>${t("entrance.signIn")}<//>
      <div class="row ways">
        <button type="button" class="link" onClick=${() => go("code")}>
          ${t("entrance.useCode")}
        </button>
        <button type="button" class="link" onClick=${() => go("reset")}>
          ${t("entrance.forgotten")}
        </button>
      </div>
      <div class="other">
        <p>${t("entrance.isNew")}</p>
        <button type="button" onClick=${() => go("create")}>${t("entrance.create")}</button>
      </div>
    <//>
  `;
}
