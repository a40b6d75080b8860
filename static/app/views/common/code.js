// One-time codes: the field for one, how long it is good, and another one when none came.

import { html, useEffect, useState } from "../../lib/html.js";
import { spanOf } from "../../lib/dates.js";
import { t } from "../../lib/words.js";
import { requestCode } from "../../state/entering.js";
import { Field, refusal } from "./form.js";

// Milliseconds to wait for a mail before another one is asked for.
const PAUSE = 30_000;
const SECOND = 1_000;
// The zeros of digits that keyboards may write instead of ours.
const ZEROS = [0x660, 0x6f0, 0x966];

// `sent` is the code that was sent, {email, until, again}; `request(email)` sends one, and
// `spend(task)` tries one.
export function useCode() {
  const [sent, setSent] = useState(null);
  async function request(email) {
    const life = await requestCode(email);
    setSent({ email, until: Date.now() + life * SECOND, again: Date.now() + PAUSE });
  }
  // Whoever did it too often gets no other one before that is over.
  async function spend(task) {
    try {
      await task();
    } catch (error) {
      if (error.wait) setSent({ ...sent, again: Date.now() + error.wait * SECOND });
      throw error;
    }
  }
  return { sent, request, spend, forget: () => setSent(null) };
}

// Whatever was pasted, as six digits.
const digitsOf = (text) =>
  [...text.normalize("NFKC")].map(digitOf).join("").replace(/\D/g, "").slice(0, 6);

function digitOf(character) {
  const point = character.codePointAt(0);
  const zero = ZEROS.find((zero) => point >= zero && point < zero + 10);
  return zero ? String(point - zero) : character;
}

export function CodeField({ sent, error, ...input }) {
  const left = useLeft(sent.until);
  const hint = left
    ? t("form.code.good", { email: sent.email, time: spanOf(left) })
    : t("form.code.over");
  return html`
    <${Field}
      label=${t("form.code")}
      name="code"
      hint=${hint}
      error=${error}
      class="code"
      dir="ltr"
      inputmode="numeric"
      autocomplete="one-time-code"
      onInput=${({ target }) => (target.value = digitsOf(target.value))}
      ...${input}
    />
  `;
}

export function Resend({ code: { sent, request, spend } }) {
  const left = useLeft(sent.again);
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  async function again() {
    setBusy(true);
    setError("");
    await spend(() => request(sent.email)).catch((problem) => setError(refusal(problem).error));
    setBusy(false);
  }
  return html`
    ${
      left
        ? html`<p class="quiet">${t("form.code.wait", { time: spanOf(left) })}</p>`
        : html`
            <button type="button" class="link" disabled=${isBusy} onClick=${again}>
              ${t("form.code.again")}
            </button>
          `
    }
    ${error && html`<p class="error" role="alert">${error}</p>`}
  `;
}

// Seconds until a time; 0 once it is over.
function useLeft(until) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tick();
    const clock = setInterval(tick, SECOND);
    return () => clearInterval(clock);
  }, [until]);
  return Math.max(0, Math.ceil((until - now) / SECOND));
}
