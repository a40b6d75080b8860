// What all parts of the page make elements and words with. Text only ever goes in as text.

export { element } from "/docs/elements.js";

export const $ = (id) => document.getElementById(id);

const CODES =
  "ar bg bn ca cs da de el en es et eu fa fi fr gl he hi hu id it ja ko lt lv ms nb nl pl pt ro " +
  "ru sk sl sq sr sv sw ta th tr uk ur vi zh-Hans zh-Hant";

// A language's own name for itself, which is what its readers look for.
export function languageName(code) {
  try {
    return new Intl.DisplayNames([code], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

export function fillLanguages(select, chosen) {
  const codes = CODES.split(" ");
  if (!codes.includes(chosen)) codes.unshift(chosen);
  select.replaceChildren(...codes.map((code) => new Option(languageName(code), code)));
  select.value = chosen;
}

export function timeOf(stamp) {
  const time = new Date(stamp);
  const today = time.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return time.toLocaleString([], { hour: "2-digit", minute: "2-digit", ...day });
}

export function sizeOf(bytes) {
  const step = bytes ? Math.min(3, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${["B", "KiB", "MiB", "GiB"][step]}`;
}

export const preview = (message) =>
  message.deleted
    ? "Message deleted"
    : message.content || message.attachments.map((one) => one.name).join(", ");

// What went wrong, in one sentence for people.
export const explain = (error) =>
  Object.entries(error.fields ?? {})
    .map(([field, why]) => `${field} ${why}.`)
    .join(" ") || error.message;

// Runs a function once things have been quiet for a while.
export function settled(milliseconds, run) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds, ...given);
  };
}

// Runs what may fail, and has it told in words when it does.
export async function attempt(report, run) {
  report("");
  try {
    await run();
  } catch (error) {
    report(explain(error));
  }
}

// Puts elements in the place of those that differ; what is unchanged keeps focus and clicks.
export function renew(parent, made) {
  made.forEach((node, at) => {
    const old = parent.children[at];
    if (!old) parent.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (parent.children.length > made.length) parent.lastChild.remove();
}
