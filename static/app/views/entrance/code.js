// A code by mail: to sign in without a password, or to set a new one.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { enterByCode, registerByCode, setPasswordByCode } from "../../state/entering.js";
import { CodeField, Resend, useCode } from "../common/code.js";
import { PasswordField, useForm } from "../common/form.js";
import { NameField, OwnLanguage } from "./create.js";
import { BackToSignIn, EmailField, Entry, Submit } from "./parts.js";

export function ByCode({ isReset = false, ...given }) {
  const code = useCode();
  if (!code.sent) return html`<${Ask} ...${given} isReset=${isReset} request=${code.request} />`;
  const Spend = isReset ? NewPassword : Enter;
  return html`<${Spend} go=${given.go} code=${code} />`;
}

function Ask({ isReset, email, keepEmail, autofocus, go, request }) {
  const form = useForm({ email: "email" }, (given) => request(given.email.trim()));
  return html`
    <${Entry}
      title=${t(isReset ? "entrance.reset" : "entrance.code")}
      text=${t(isReset ? "entrance.reset.how" : "entrance.code.how")}
      form=${form}
      autofocus=${autofocus}
    >
      <${EmailField} value=${email} onInput=${keepEmail} error=${form.errors.email} />
      <${Submit} form=${form}>${t("entrance.code.send")}<//>
      <${BackToSignIn} go=${go} words="entrance.back" />
    <//>
  `;
}

// Whoever has no account yet is asked for what one needs.
function Enter({ go, code }) {
  const { email } = code.sent;
  const [isNew, setNew] = useState(false);
  const fields = { code: "code", ...(isNew && { name: "name", language: "language" }) };
  const form = useForm(fields, async (given) => {
    try {
      await code.spend(() => (isNew ? registerByCode : enterByCode)({ ...given, email }));
    } catch (error) {
      if (isNew || !error.fields?.name) throw error;
      setNew(true);
    }
  });
  const title = t(isNew ? "entrance.new" : "entrance.code");
  const text = isNew ? t("entrance.code.new") : "";
  return html`
    <${Entry} title=${title} text=${text} form=${form} autofocus=${isNew ? "name" : "code"}>
      ${isNew && html`<${NameField} error=${form.errors.name} />`}
      ${isNew && html`<${OwnLanguage} error=${form.errors.language} />`}
      <${CodeField} sent=${code.sent} error=${form.errors.code} />
      <${Submit} form=${form}>${t(isNew ? "entrance.create" : "entrance.signIn")}<//>
      <${Resend} code=${code} />
      <${BackToSignIn} go=${go} words="entrance.back" />
    <//>
  `;
}

function NewPassword({ go, code }) {
  const { email } = code.sent;
  const form = useForm({ code: "code", password: "password" }, (given) =>
    code.spend(() => setPasswordByCode({ ...given, email })),
  );
  return html`
    <${Entry} title=${t("entrance.reset")} form=${form} autofocus>
      <${CodeField} sent=${code.sent} error=${form.errors.code} />
      <input type="hidden" name="email" autocomplete="username" value=${email} />
      <${PasswordField}
        label=${t("form.newPassword")}
        name="password"
        autocomplete="new-password"
        hint=${t("form.password.hint")}
        error=${form.errors.password}
      />
      <${Submit} form=${form}>${t("entrance.reset.set")}<//>
      <${Resend} code=${code} />
      <${BackToSignIn} go=${go} words="entrance.back" />
    <//>
  `;
}
