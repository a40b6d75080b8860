// Where the page begins: joins session, connection and the parts that are seen.

import { onSignedOut, session, signOut } from "./api.js";
import { $, explain } from "./dom.js";
import { showEntrance, wireEntrance } from "./entrance.js";
import { wireGroups } from "./groups.js";
import { postpone, useConnection } from "./outbox.js";
import { showSide, wireSide } from "./side.js";
import { Connection } from "./socket.js";
import * as state from "./state.js";
import * as talk from "./talk.js";

const CONVERSATION = /^(dm:[0-9a-f]{24}:[0-9a-f]{24}|group:[0-9a-f]{24})$/;
let connection = null;

function start() {
  state.become(session().user);
  $("entrance").hidden = true;
  $("chat").hidden = false;
  connection = new Connection(
    take,
    (open) => ($("banner").textContent = open ? "" : "Not connected. Trying again …"),
  );
  useConnection(connection);
  follow();
}

function stop(note) {
  connection?.end();
  connection = null;
  history.replaceState(null, "", location.pathname);
  talk.reset();
  state.clear();
  showEntrance(note);
}

function take(frame) {
  if (!postpone(frame)) state.apply(frame);
  if (frame.type === "hello") {
    state.loadList().catch((error) => ($("side-note").textContent = explain(error)));
    talk.resume();
  }
  if (frame.type === "group_left" && talk.opened() === `group:${frame.group_id}`)
    location.hash = "";
}

function draw() {
  if (!connection) return;
  showSide(talk.opened());
  talk.showTalk();
}

// The address says which conversation is open, so that a reload and the back button keep it.
function follow() {
  if (!connection) return;
  const id = location.hash.slice(1);
  talk.openTalk(CONVERSATION.test(id) ? id : null);
  draw();
}

const open = (id) => {
  if (location.hash.slice(1) === id) follow();
  else location.hash = id;
};

async function leave() {
  $("sign-out").disabled = true;
  await signOut();
  $("sign-out").disabled = false;
}

wireEntrance(start);
wireSide(open, talk.reread);
wireGroups(open);
talk.wireTalk();
state.watch(draw);
onSignedOut(() => stop("You are signed out."));
$("sign-out").onclick = leave;
addEventListener("hashchange", follow);
// Another tab signed out, or signed somebody else in.
addEventListener("storage", () => {
  if (connection && session()?.user_id !== state.me().id)
    session() ? location.reload() : stop("You are signed out.");
});

if (session()) start();
else showEntrance();
