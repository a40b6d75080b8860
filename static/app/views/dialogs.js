// Every dialog by its name.

import { html } from "../lib/html.js";
import { dialog } from "../state/ui.js";
import { Account } from "./account/account.js";
import { Confirm } from "./common/confirm.js";
import { Glossary } from "./groups/glossary.js";
import { Group } from "./groups/group.js";
import { Join } from "./groups/join.js";
import { NewGroup } from "./groups/new-group.js";
import { Help } from "./help/help.js";
import { Block } from "./side/block.js";
import { SearchDialog } from "./side/search.js";

const DIALOGS = {
  account: Account,
  block: Block,
  confirm: Confirm,
  glossary: Glossary,
  group: Group,
  help: Help,
  join: Join,
  "new-group": NewGroup,
  search: SearchDialog,
};

export function Dialogs() {
  if (!dialog.value) return null;
  const { name, ...properties } = dialog.value;
  return html`<${DIALOGS[name]} key=${name} ...${properties} />`;
}
