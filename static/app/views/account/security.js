// The password, the devices, and signing out.

import { html, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { setPasswordByCode } from "../../state/entering.js";
import { change, loadDevices } from "../../state/self.js";
import { ErrorLine, useAction } from "../common/action.js";
import { CodeField, Resend, useCode } from "../common/code.js";
import { PasswordField, useForm } from "../common/form.js";
import { Devices } from "./devices.js";
import { Leaving } from "./leaving.js";
import { Save } from "./parts.js";

export const Security = () => html`
  <${Password} />
  <${Devices} />
  <${Leaving} />
`;

function Password() {
  const [isOpen, setOpen] = useState(false);
  const [isDone, setDone] = useState(false);
  const code = useCode();
  const { error, busy, run } = useAction();
  const mail = () => run(() => code.request(account.value.email));
  function done() {
    setOpen(false);
    code.forget();
    setDone(true);
    loadDevices().catch(() => {});
  }
  return html`
    <section>
      <h3>${t("form.password")}</h3>
      <p class="done" role="status">${isDone && t("account.password.changed")}</p>
      ${
        !isOpen &&
        html`
          <div class="row">
            <button type="button" aria-expanded="false" onClick=${() => setOpen(true)}>
              ${t("account.password.change")}
            </button>
          </div>
        `
      }
      ${isOpen && !code.sent && html`<${ByCurrent} done=${done} mail=${mail} busy=${busy} />`}
      ${isOpen && code.sent && html`<${ByCode} done=${done} code=${code} />`}
      <${ErrorLine} text=${error} />
    </section>
  `;
}

function ByCurrent({ done, mail, busy }) {
  const fields = { current_password: "given", password: "password" };
  const form = useForm(fields, async (given) => {
    try {
      await change(given);
      done();
    } catch (error) {
      // Its length is right: what the server minds is that there is none to be changed.
      if (!error.fields?.password) throw error;
      await mail();
    }
  });
  return html`
    <form ...${form.bind}>
      <${Username} />
      <${PasswordField}
        label=${t("account.password.current")}
        name="current_password"
        autocomplete="current-password"
        error=${form.errors.current_password}
      />
      <${NewPassword} error=${form.errors.password} />
      <${Save} form=${form}>${t("account.password.change")}<//>
      <button type="button" class="link" disabled=${busy} onClick=${mail}>
        ${t("account.password.byCode")}
      </button>
    </form>
  `;
}

function ByCode({ done, code }) {
  const form = useForm({ code: "code", password: "password" }, async (given) => {
    await code.spend(() => setPasswordByCode({ ...given, email: code.sent.email }));
    done();
  });
  return html`
    <form ...${form.bind}>
      <${Username} />
      <${CodeField} sent=${code.sent} error=${form.errors.code} />
      <${NewPassword} error=${form.errors.password} />
      <${Save} form=${form}>${t("account.password.change")}<//>
      <${Resend} code=${code} />
    </form>
  `;
}

const NewPassword = ({ error }) => html`
  <${PasswordField}
    label=${t("form.newPassword")}
    name="password"
    autocomplete="new-password"
    hint=${t("form.password.hint")}
    error=${error}
  />
`;

// For whatever keeps the passwords.
const Username = () => html`
  <input type="text" hidden autocomplete="username" value=${account.value.email} />
`;
