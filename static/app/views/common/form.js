// Forms: fields with names, what is wrong with each said beside it, and the sending.

import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { choices } from "../../lib/languages.js";
import { spanOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { explain } from "../../net/api.js";
import { Icon } from "./icon.js";

// What the server takes, told before it is asked. Characters count as there, by code points.
const length = (text) => [...text].length;
const RULES = {
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text.trim()),
  name: (text) => Boolean(text.trim()) && length(text) <= 80,
  given: Boolean,
  password: (text) => length(text) >= 8 && length(text) <= 128,
  code: (text) => /^\d{6}$/.test(text),
};
// Refusals that are about one field.
const BLAMED = { email_taken: "email", invalid_otp: "code", invalid_credentials: "password" };
const SPARE = { busy: false, isDone: false, errors: {}, error: "" };

// A form whose fields are each of a kind of `RULES`: {name: kind}. `run(given)` sends it.
export function useForm(fields, run) {
  const [state, setState] = useState(SPARE);
  const form = useRef();
  useEffect(() => form.current?.querySelector("[aria-invalid]")?.focus(), [state.errors]);
  async function onSubmit(event) {
    event.preventDefault();
    if (state.busy) return;
    const given = Object.fromEntries(new FormData(form.current));
    const errors = wrong(given, fields);
    if (Object.keys(errors).length) return setState({ ...SPARE, errors });
    setState({ ...SPARE, busy: true });
    try {
      await run(given);
      setState({ ...SPARE, isDone: true });
    } catch (error) {
      setState({ ...SPARE, ...refusal(error, fields) });
    }
  }
  return { ...state, bind: { ref: form, onSubmit, noValidate: true } };
}

const wrong = (given, fields) =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([name, kind]) => RULES[kind] && !RULES[kind](given[name]))
      .map(([name, kind]) => [name, t(`form.bad.${kind}`)]),
  );

// An error in words: of the fields that it is about, or of the whole form.
export function refusal(error, fields = {}) {
  const blamed = BLAMED[error.code];
  if (blamed in fields) return { errors: { [blamed]: t(`form.refused.${error.code}`) } };
  const named = Object.keys(error.fields ?? {}).filter((name) => name in fields);
  if (named.length)
    return { errors: Object.fromEntries(named.map((name) => [name, t(`form.bad.${name}`)])) };
  if (error.wait && error.status === 429)
    return { error: t(`form.wait.${error.code}`, { time: spanOf(error.wait) }) };
  return { error: explain(error) };
}

// A label with what it names, a hint and an error; `children` draws what is named.
export function Labelled({ label, hint, error, children }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const control = {
    id,
    "aria-describedby": described || null,
    "aria-invalid": error ? "true" : null,
  };
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${children(control)} ${hint && html`<p class="quiet" id="${id}-hint">${hint}</p>`}
      ${error && html`<p class="error" role="alert" id="${id}-error">${error}</p>`}
    </div>
  `;
}

export const Field = ({ label, hint, error, ...input }) => html`
  <${Labelled} ...${{ label, hint, error }}>
    ${(control) => html`<input ...${control} required ...${input} />`}
  <//>
`;

// The button's words are no label: the password is the only thing here that is called so.
export function PasswordField({ label, hint, error, ...input }) {
  const [isShown, show] = useState(false);
  return html`
    <${Labelled} ...${{ label, hint, error }}>
      ${(control) => html`
        <div class="password" dir="ltr">
          <input
            ...${control}
            type=${isShown ? "text" : "password"}
            required
            dir="ltr"
            autocapitalize="none"
            spellcheck=${false}
            ...${input}
          />
          <button
            type="button"
            class="plain"
            aria-pressed=${String(isShown)}
            onClick=${() => show(!isShown)}
          >
            <${Icon} name=${isShown ? "eyeOff" : "eye"} />
            <span class="unseen">${t("form.show")}</span>
          </button>
        </div>
      `}
    <//>
  `;
}

export const LanguageField = ({ label, hint, error, value, ...select }) => html`
  <${Labelled} ...${{ label, hint, error }}>
    ${(control) => html`
      <select ...${control} ...${select}>
        ${choices(value).map(
          ({ code, name }) => html`
            <option value=${code} lang=${code} selected=${code === value}>${name}</option>
          `,
        )}
      </select>
    `}
  <//>
`;
