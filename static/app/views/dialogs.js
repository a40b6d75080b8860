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
import { CorrectDialog } from "./talk/correct.js";
import { ReadersDialog } from "./talk/marks.js";
import { Viewer } from "./talk/viewer.js";

const DIALOGS = {
  account: Account,
  block: Block,
  confirm: Confirm,
  correct: CorrectDialog,
  glossary: Glossary,
  group: Group,
  help: Help,
  join: Join,
  "new-group": NewGroup,
  readers: ReadersDialog,
  search: SearchDialog,
  viewer: Viewer,
};

export function Dialogs() {
  if (!dialog.value) return null;
  const { name, ...properties } = dialog.value;
  return html`<${DIALOGS[name]} key=${name} ...${properties} />`;
}
