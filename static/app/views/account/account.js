// Settings: oneself, one's languages, this browser, and who is signed in where.

import { html } from "../../lib/html.js";
import { t } from "../../lib/words.js";
import { account } from "../../net/session.js";
import { Dialog } from "../common/dialog.js";
import { Tabs } from "../common/tabs.js";
import { Browser } from "./browser.js";
import { Languages } from "./languages.js";
import { Profile } from "./profile.js";
import { Security } from "./security.js";

export function Account({ tab }) {
  // Signing out takes the dialog away a moment after the account.
  if (!account.value) return null;
  const tabs = [
    { name: "profile", label: t("account.profile"), icon: "person", view: Profile },
    { name: "languages", label: t("account.languages"), icon: "globe", view: Languages },
    { name: "browser", label: t("account.browser"), icon: "screen", view: Browser },
    { name: "security", label: t("account.security"), icon: "lock", view: Security },
  ];
  return html`
    <${Dialog} title=${t("account.title")} className="account">
      <${Tabs} label=${t("account.title")} tabs=${tabs} first=${tab} />
    <//>
  `;
}
