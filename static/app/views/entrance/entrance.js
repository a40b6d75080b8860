// The way in: signing in, a new account, a code by mail, a forgotten password.

import { html, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { parting } from "../../net/session.js";
import { invite } from "../../state/route.js";
import { Icon } from "../common/icon.js";
import { ByCode } from "./code.js";
import { Create } from "./create.js";
import { Preferences } from "./preferences.js";
import { SignIn } from "./signin.js";
import { Welcome } from "./welcome.js";

const WAYS = {
  signIn: SignIn,
  create: Create,
  code: ByCode,
  reset: (given) => html`<${ByCode} ...${given} isReset />`,
};

export function Entrance() {
  const [way, setWay] = useState("signIn");
  // What was typed on one way is there on the next one.
  const email = useRef("");
  const isFirst = useRef(true);
  function go(to) {
    isFirst.current = false;
    setWay(to);
  }
  const given = {
    email: email.current,
    keepEmail: ({ target }) => (email.current = target.value.trim()),
    // A phone's keyboard would cover the page before it was seen.
    autofocus: !isFirst.current || matchMedia("(pointer: fine)").matches,
    go,
  };
  const Way = WAYS[way];
  return html`
    <main class="entrance">
      <${Preferences} />
      <${Welcome} />
      <div class="gate">
        <${Notices} />
        <${Way} key=${way} ...${given} />
      </div>
    </main>
  `;
}

const Notices = () => html`
  <div class="notices" role="status">
    ${parting.value && html`<p><${Icon} name="info" />${t(parting.value)}</p>`}
    ${invite.value && html`<p><${Icon} name="group" />${t("entrance.invited")}</p>`}
  </div>
`;
