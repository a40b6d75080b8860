// Who is signed in here. The access token is kept in memory only; the refresh token is in a
// cookie that no script can read.

import { signal } from "../lib/html.js";
import { ApiError, send } from "./wire.js";

// What is known of oneself outlasts a reload; it opens nothing.
const KEY = "realchat.account";
const LOCK = "realchat.refresh";
// The part of an access token's life after which it is replaced.
const RIPE = 0.75;
// Milliseconds after which refreshing begins again, on another line: what a machine that slept
// had open may be dead, and the server takes the same cookie again for a while.
const SOON = 4_000;
const IN_COOKIE = { headers: { "X-Session": "cookie" } };
const SIGNED_OUT = { code: "signed_out", message: "Your session has ended. Sign in again." };

// Oneself, or null where nobody is signed in.
export const account = signal(JSON.parse(localStorage.getItem(KEY)));
// Why one is asked to sign in again: a key of the words, or nothing.
export const parting = signal("");

let access = null; // { token, ripe: when to replace it }
const tabs = new BroadcastChannel("realchat");

// Signs in by one of the calls of `/auth` that do. Some end the session before: whoever notices
// that meanwhile waits for the new one.
export const enter = (path, body) =>
  exclusively(async () => {
    const { value } = await send("POST", path, body, IN_COOKIE);
    keep(value);
    tabs.postMessage({ account: account.value });
    return account.value;
  });

export async function signOut(everywhere = false) {
  const token = await accessToken();
  await send("POST", "/auth/logout", { everywhere }, { token });
  forget("");
}

// An access token that is still good; `stale` is one that the server no longer takes.
export async function accessToken(stale) {
  if (access && access.token !== stale && Date.now() < access.ripe) return access.token;
  return exclusively(() => refresh(stale));
}

export function changeSelf(user) {
  remember(user);
  tabs.postMessage({ account: user });
}

// Ends what this browser knows of a session that is over.
export function forget(why = "parting.ended") {
  tabs.postMessage({ account: null });
  leave(why);
}

async function refresh(stale) {
  // Another call was faster.
  if (access && access.token !== stale && Date.now() < access.ripe) return access.token;
  const asker = account.value?.id;
  // Another tab may sign out meanwhile, and somebody else in.
  const isGone = () => !asker || account.value?.id !== asker;
  if (isGone()) throw new ApiError(401, SIGNED_OUT);
  try {
    const { value } = await send("POST", "/auth/refresh", {}, { ...IN_COOKIE, patience: SOON });
    if (!isGone()) keep(value);
  } catch (error) {
    if (error.status !== 401) throw error;
    if (!isGone()) forget();
  }
  if (isGone()) throw new ApiError(401, SIGNED_OUT);
  return access.token;
}

function keep({ access_token: token, expires_in, user }) {
  access = { token, ripe: Date.now() + expires_in * 1000 * RIPE };
  parting.value = "";
  remember(user);
}

function remember(user) {
  localStorage.setItem(KEY, JSON.stringify(user));
  account.value = user;
}

function leave(why) {
  access = null;
  localStorage.removeItem(KEY);
  if (account.value) parting.value = why;
  account.value = null;
}

// Another tab signed in or out, or changed the account.
tabs.onmessage = ({ data }) => {
  if (!data.account) return leave("parting.elsewhere");
  if (data.account.id !== account.value?.id) access = null;
  account.value = data.account;
};

// One tab at a time where the browser can tell, which it cannot on plain HTTP from another
// machine; there the server takes the token that was spent last for a while.
let last = Promise.resolve();
function exclusively(run) {
  if (navigator.locks) return navigator.locks.request(LOCK, run);
  const next = last.then(run);
  last = next.catch(() => {});
  return next;
}
