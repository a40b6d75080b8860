// Which translation of a message counts, in whatever order they come.

// How many are kept for messages that are not here yet.
const MOST = 200;

const early = new Map(); // message id → { rev, translation }

// Whether a translation is of this text, into the language that is awaited, and news.
export const fits = (message, rev, { lang, reviewed_by: reviewed }) =>
  message?.translation?.lang === lang &&
  message.rev === rev &&
  (message.translation.status !== "ready" || Boolean(reviewed));

// The translations of a page of history may come before the page itself.
export function keepEarly(id, rev, translation) {
  early.set(id, { rev, translation });
  if (early.size > MOST) early.delete(early.keys().next().value);
}

export function comeEarly(message) {
  const come = early.get(message.id);
  return come && fits(message, come.rev, come.translation) ? come.translation : undefined;
}

// A reaction does not undo a translation that is there already; another language does.
export function best(known, fresh) {
  const [before, now] = [known?.translation, fresh.translation];
  const isSame = known?.content === fresh.content && before?.lang === now?.lang;
  const isWorse = before?.status === "ready" && now?.status === "pending";
  return isSame && isWorse ? before : now;
}
