// Telling of what one is not looking at: by notifications, by a sound, and by the title.

import { effect, signal, untracked } from "../lib/html.js";
import { pause, settled } from "../lib/timing.js";
import { t } from "../lib/words.js";
import { conversationOf, conversations, peerOf, titleOf, unreadTotal } from "./conversations.js";
import { account } from "../net/session.js";
import { isMe, person } from "./people.js";
import { open } from "./route.js";
import { settings } from "./settings.js";
import { playTone } from "./sound.js";
import { connection, onNews, onTranslation } from "./sync.js";

const NAME = "RealChat";
const ICON = new URL("../../icons/icon-192.png", import.meta.url).href;
// Milliseconds in which a tab or a device that shows a message may say so, and in which a
// translation may come.
const GRACE = 300;
const TRANSLATED = 2_000;
// Milliseconds of quiet after which what was missed is all there.
const QUIET = 500;
// Milliseconds in which another tab may hear of the same news.
const LATE = 30_000;

const seen = new Set(); // ids of messages that are looked at in another tab
const shown = signal(new Map()); // conversation → its notification, if the page has it
let missed = [];
const awaited = new Map(); // message id → what to do with its translation
const tabs = new BroadcastChannel("realchat-seen");

export function startNotifications() {
  onNews(take);
  onTranslation(({ id, ...translation }) => awaited.get(id)?.(translation));
  tabs.onmessage = ({ data }) => seen.add(data);
  effect(() => count(account.value ? unreadTotal.value : 0));
  effect(() => {
    for (const id of shown.value.keys())
      if (!conversations.value.get(id)?.unread) untracked(() => withdraw(id));
  });
}

function count(unread) {
  document.title = unread ? `(${unread}) ${NAME}` : NAME;
  const badge = unread ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.();
  badge?.catch(() => {});
}

function take(message) {
  if (isMe(message.sender_id) || !concernsMe(message)) return;
  if (isLookedAt(message)) return tabs.postMessage(message.id);
  const { notifications, sound } = settings.peek();
  if (!notifications && !sound) return;
  if (connection.peek().state === "open") return tell(message);
  missed.push(message);
  tellMissed();
}

// Whoever is named is told, also in a group that is muted.
const concernsMe = ({ conversation, mentions }) =>
  !conversationOf(conversation)?.muted || Boolean(mentions?.some(isMe));

const isLookedAt = ({ conversation }) =>
  document.visibilityState === "visible" && open.peek() === conversation;

const isNew = ({ id, conversation, seq }) =>
  !seen.has(id) && seq > (conversationOf(conversation)?.read_seq ?? 0);

async function tell(message) {
  const [readable] = await Promise.all([translated(message), pause(GRACE)]);
  if (!isNew(message)) return;
  await once(message.id, () => present(message.conversation, headline(message), readable));
}

// After a sleep: one notification, however much there was.
const tellMissed = settled(QUIET, async () => {
  await pause(GRACE);
  const fresh = missed.filter(isNew);
  missed = [];
  if (fresh.length < 2) return fresh.forEach(tell);
  const ids = [...new Set(fresh.map(({ conversation }) => conversation))];
  const body = ids.map(titleOf).join(", ");
  const title = t("notify.missed", { count: fresh.length });
  await once(fresh.at(-1).id, () => present(ids.length > 1 ? "" : ids[0], title, { body }));
});

// One tab tells it, whichever comes first.
async function once(key, run) {
  if (!navigator.locks) return run();
  return new Promise((done) => {
    navigator.locks.request(`realchat.told.${key}`, { ifAvailable: true }, async (lock) => {
      if (lock) await run();
      done();
      if (lock) await pause(LATE);
    });
  });
}

async function present(conversation, title, { body, lang }) {
  const { notifications, sound } = settings.peek();
  const isHeard = sound && playTone();
  if (!notifications || globalThis.Notification?.permission !== "granted") return;
  const url = `/#${conversation}`;
  const tag = conversation || "realchat";
  // A system's own sound would be a second one, or one that nobody asked for.
  const silent = isHeard || !sound;
  const options = {
    body,
    lang,
    tag,
    icon: ICON,
    dir: "auto",
    renotify: true,
    silent,
    data: { url },
  };
  const notification = await display(title, options).catch(() => {});
  if (conversation) shown.value = new Map(shown.peek()).set(conversation, notification);
}

async function display(title, options) {
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration?.active) return registration.showNotification(title, options);
  const notification = new Notification(title, options);
  notification.onclick = () => {
    focus();
    location.assign(options.data.url);
    notification.close();
  };
  return notification;
}

// What was read meanwhile, here or on another device, is no news.
async function withdraw(conversation) {
  const left = new Map(shown.peek());
  left.get(conversation)?.close();
  left.delete(conversation);
  shown.value = left;
  const registration = await navigator.serviceWorker?.getRegistration();
  const found = (await registration?.getNotifications({ tag: conversation })) ?? [];
  for (const notification of found) notification.close();
}

function headline({ conversation, sender_id }) {
  const name = person(sender_id).name;
  const { unread } = conversationOf(conversation) ?? {};
  const title = peerOf(conversation)
    ? name
    : t("notify.in-group", { name, group: titleOf(conversation) });
  return unread > 1 ? `${title} (${unread.toLocaleString()})` : title;
}

// In the reader's language, if that comes soon.
async function translated(message) {
  const translation =
    message.translation?.status === "pending" ? await soon(message) : message.translation;
  const isReady = translation?.status === "ready";
  const { content, content_lang, attachments = [] } = message;
  if (isReady) return { body: translation.content, lang: translation.lang };
  return { body: content || attachments.map(({ name }) => name).join(", "), lang: content_lang };
}

function soon({ id }) {
  return new Promise((done) => {
    const end = (translation) => {
      awaited.delete(id);
      done(translation);
    };
    awaited.set(id, end);
    setTimeout(end, TRANSLATED);
  });
}
