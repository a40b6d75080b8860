// The languages that messages may be in, by their names.

import { locale } from "./words.js";

const CODES =
  "ar bg bn ca cs da de el en es et eu fa fi fr gl he hi hu id it ja ko lt lv ms nb nl pl pt ro " +
  "ru sk sl sq sr sv sw ta th tr uk ur vi zh-Hans zh-Hant";

// By the Unicode CLDR, for browsers that lack them.
const OWN_NAMES = { eu: "euskara", gl: "galego", sq: "shqip" };

// As the reader calls it: "Spanish".
export const languageName = (code) => nameIn(locale.value, code);

// As its speakers call it: "español". Some browsers do not know all of them so.
export const ownName = (code) => (isSpoken(code) ? nameIn(code, code) : (OWN_NAMES[code] ?? code));

const names = new Map(); // language → how it names languages

function nameIn(language, code) {
  try {
    if (!names.has(language))
      names.set(language, new Intl.DisplayNames([language], { type: "language" }));
    return names.get(language).of(code);
  } catch {
    return code;
  }
}

function isSpoken(code) {
  try {
    return !(code in OWN_NAMES) || Intl.DisplayNames.supportedLocalesOf([code]).length > 0;
  } catch {
    return false;
  }
}

// Those to choose from, by their own names, and those that are already chosen.
export function choices(...chosen) {
  const codes = new Set([...CODES.split(" "), ...chosen.filter(Boolean)]);
  return [...codes]
    .map((code) => ({ code, name: ownName(code) }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

// What the browser asks for, as one of them.
export function browserLanguage() {
  const [tag] = navigator.languages;
  if (/^zh/i.test(tag)) return /tw|hk|mo|hant/i.test(tag) ? "zh-Hant" : "zh-Hans";
  return tag.split("-")[0];
}
