// The languages that one reads without help: those chosen, and a list of all to find more in.

import { html, useRef, useState } from "../../lib/html.js";
import { choices, languageName, ownName } from "../../lib/languages.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { changeReading } from "../../state/self.js";
import { ErrorLine, useAction } from "../common/action.js";
import { Icon } from "../common/icon.js";

// As many as the server takes.
const MOST = 20;
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

export function Reads() {
  const { language } = account.value;
  const { error, run } = useAction();
  // What is chosen and not kept yet: one change after the other, and none is left out.
  const [wanted, want] = useState(null);
  const latest = useRef(null);
  const isSaving = useRef(false);
  const reads = wanted ?? account.value.reads;
  async function save(changed) {
    latest.current = changed;
    want(changed);
    if (isSaving.current) return;
    isSaving.current = true;
    await run(async () => {
      while (latest.current) await changeReading({ reads: take(latest) });
    });
    isSaving.current = false;
    latest.current = null;
    want(null);
  }
  const add = (code) => save([...reads, code]);
  const head = useRef();
  function remove(code) {
    save(reads.filter((one) => one !== code));
    // The button that had the focus goes.
    head.current.focus();
  }
  return html`
    <section role="group" aria-labelledby="reads-title" class="reads">
      <h3 id="reads-title" ref=${head} tabindex="-1">${t("account.reads")}</h3>
      <p class="quiet">${t("account.reads.hint")}</p>
      <${Chosen} codes=${reads} remove=${remove} />
      ${
        reads.length < MOST
          ? html`<${More} without=${[language, ...reads]} add=${add} />`
          : html`<p class="quiet">${t("account.reads.most", { count: MOST })}</p>`
      }
      <${ErrorLine} text=${error} />
    </section>
  `;
}

function take(box) {
  const { current } = box;
  box.current = null;
  return current;
}

function Chosen({ codes, remove }) {
  if (!codes.length) return null;
  return html`
    <ul class="chips">
      ${codes.map(
        (code) => html`
          <li key=${code}>
            <span lang=${code} dir="auto">${ownName(code)}</span>
            <button
              type="button"
              class="plain"
              aria-label=${t("account.reads.remove", { language: languageName(code) })}
              onClick=${() => remove(code)}
            >
              <${Icon} name="close" />
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

function More({ without, add }) {
  const [asked, ask] = useState("");
  const field = useRef();
  const found = asked.trim() ? matching(asked, without) : [];
  function choose(code) {
    add(code);
    ask("");
    field.current.focus();
  }
  return html`
    <input
      ref=${field}
      type="search"
      aria-label=${t("account.reads.add")}
      placeholder=${t("account.reads.add")}
      autocomplete="off"
      value=${asked}
      onInput=${({ target }) => ask(target.value)}
      onKeyDown=${(event) => {
        if (event.key === "Enter" && found[0]) choose(found[0].code);
      }}
    />
    <p class="unseen" role="status">
      ${asked.trim() && t("account.reads.found", { count: found.length })}
    </p>
    <ul class="suggestions">
      ${found.map(
        ({ code, name }) => html`
          <li key=${code}>
            <button type="button" onClick=${() => choose(code)}>
              <${Icon} name="plus" />
              <span lang=${code} dir="auto">${name}</span>
              <span class="quiet">${languageName(code)}</span>
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

// By their own names and by those that the reader has for them, beginnings first.
function matching(asked, without) {
  const sought = plain(asked.trim());
  const place = ({ code, name }) =>
    Math.min(...[name, languageName(code)].map((one) => placeOf(plain(one), sought)));
  return choices()
    .filter((one) => !without.includes(one.code) && place(one) < Infinity)
    .sort((one, other) => place(one) - place(other))
    .slice(0, 6);
}

const placeOf = (text, sought) => (text.includes(sought) ? text.indexOf(sought) : Infinity);
