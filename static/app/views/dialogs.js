// Every dialog by its name; each is fetched when it is first opened.

import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { closeDialog, dialog, tellNote } from "../state/ui.js";
import { Lazy } from "./common/lazy.js";

const DIALOGS = {
  account: () => import("./account/account.js").then(({ Account }) => Account),
  block: () => import("./side/block.js").then(({ Block }) => Block),
  confirm: () => import("./common/confirm.js").then(({ Confirm }) => Confirm),
  correct: () => import("./talk/correct.js").then(({ CorrectDialog }) => CorrectDialog),
  glossary: () => import("./groups/glossary.js").then(({ Glossary }) => Glossary),
  group: () => import("./groups/group.js").then(({ Group }) => Group),
  help: () => import("./help/help.js").then(({ Help }) => Help),
  join: () => import("./groups/join.js").then(({ Join }) => Join),
  "new-group": () => import("./groups/new-group.js").then(({ NewGroup }) => NewGroup),
  readers: () => import("./talk/marks.js").then(({ ReadersDialog }) => ReadersDialog),
  search: () => import("./side/search.js").then(({ SearchDialog }) => SearchDialog),
  viewer: () => import("./talk/viewer.js").then(({ Viewer }) => Viewer),
};

export function Dialogs() {
  if (!dialog.value) return null;
  const { name, ...properties } = dialog.value;
  const whenFailed = () => {
    closeDialog();
    tellNote(t("error.offline"));
  };
  return html`
    <${Lazy} key=${name} load=${DIALOGS[name]} whenFailed=${whenFailed} ...${properties} />
  `;
}
