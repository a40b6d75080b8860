// Making an account.

import { html } from "../../lib/html.js";
import { browserLanguage } from "../../lib/languages.js";
import { chosenWords, t } from "../../lib/words.js";
import { register } from "../../state/entering.js";
import { Field, LanguageField, PasswordField, useForm } from "../common/form.js";
import { BackToSignIn, EmailField, Entry, Submit } from "./parts.js";

const FIELDS = { name: "name", email: "email", password: "password", language: "language" };

export function Create({ email, keepEmail, autofocus, go }) {
  const form = useForm(FIELDS, (given) => register({ ...given, email: given.email.trim() }));
  const { errors } = form;
  return html`
    <${Entry} title=${t("entrance.new")} form=${form} autofocus=${autofocus}>
      <${NameField} error=${errors.name} />
      <${EmailField} value=${email} onInput=${keepEmail} error=${errors.email} />
      <${PasswordField}
        label=${t("form.password")}
        name="password"
        autocomplete="new-password"
        hint=${t("form.password.hint")}
        error=${errors.password}
      />
      <${OwnLanguage} error=${errors.language} />
      <${Submit} form=${form}>${t("entrance.create")}<//>
      <${BackToSignIn} go=${go} words="entrance.haveOne" />
    <//>
  `;
}

export const NameField = ({ error }) => html`
  <${Field}
    label=${t("form.name")}
    name="name"
    autocomplete="name"
    maxlength="80"
    dir="auto"
    error=${error}
  />
`;

export const OwnLanguage = ({ error }) => html`
  <${LanguageField}
    label=${t("form.language")}
    name="language"
    hint=${t("form.language.hint")}
    value=${chosen()}
    error=${error}
  />
`;

// Chinese has two scripts to read, of which the page itself knows one.
const chosen = () => (chosenWords() && chosenWords() !== "zh" ? chosenWords() : browserLanguage());
