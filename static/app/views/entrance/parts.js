// What the forms of the way in have in common.

import { html, useLayoutEffect } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { Field } from "../common/form.js";

// `autofocus` is what the first field is, so that another one gets the focus too: at once, before
// whoever goes on typing comes to the next one.
export function Entry({ title, text, form, autofocus, children }) {
  useLayoutEffect(() => {
    if (autofocus) form.bind.ref.current.querySelector("input")?.focus();
  }, [autofocus]);
  return html`
    <form ...${form.bind} class="entry">
      <h2>${title}</h2>
      ${text && html`<p class="quiet">${text}</p>`} ${children}
    </form>
  `;
}

export const EmailField = ({ value, error, onInput }) => html`
  <${Field}
    label=${t("form.email")}
    name="email"
    type="email"
    inputmode="email"
    autocomplete="username"
    autocapitalize="none"
    spellcheck=${false}
    dir="ltr"
    defaultValue=${value}
    onInput=${onInput}
    error=${error}
  />
`;

export const Submit = ({ form, children }) => html`
  ${form.error && html`<p class="error" role="alert">${form.error}</p>`}
  <button class="primary" aria-disabled=${form.busy ? "true" : null}>${children}</button>
`;

export const BackToSignIn = ({ go, words }) => html`
  <div class="row ways">
    <button type="button" class="link" onClick=${() => go("signIn")}>${t(words)}</button>
  </div>
`;
