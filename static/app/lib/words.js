// The words of the page, in the reader's language: one file a language in `static/strings/`.

import { signal } from "./html.js";

export const LANGUAGES = ["en", "es", "fr", "de", "pt", "hi", "ar", "zh"];
const RIGHT_TO_LEFT = ["ar"];
const CHOICE = "realchat.words";

const words = signal({});
// The language that the page is in now, as a BCP 47 tag.
export const locale = signal("en");

// What somebody chose for this browser; empty where it follows the profile, or else the browser.
export const chosenWords = () => localStorage.getItem(CHOICE) ?? "";

export async function chooseWords(language, profile) {
  localStorage.setItem(CHOICE, language);
  await useWords(profile);
}

// Reads the words that fit: chosen here, the profile's language, or what the browser asks for.
export async function useWords(profile) {
  const wanted = [chosenWords(), profile, ...navigator.languages].filter(Boolean);
  const known = wanted.map((tag) => tag.split("-")[0]).find((tag) => LANGUAGES.includes(tag));
  await load(known ?? "en");
}

async function load(language) {
  const reply = await fetch(new URL(`../../strings/${language}.json`, import.meta.url));
  words.value = await reply.json();
  locale.value = language;
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}

// The words for a key, with `{name}` filled in. Those that depend on a `count` have one form for
// each of the language's plural categories (Unicode CLDR).
export function t(key, values = {}) {
  return pattern(key, values).replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? written(values[name]) : whole,
  );
}

// The same as a list, where what is filled in may be elements.
export const parts = (key, values) =>
  pattern(key, values)
    .split(/\{(\w+)\}/)
    .map((part, at) => (at % 2 ? (values[part] ?? "") : part));

export const hasWords = (key) => key in words.value;

function pattern(key, { count }) {
  const found = words.value[key] ?? key;
  if (typeof found === "string") return found;
  return found[new Intl.PluralRules(locale.value).select(count)] ?? found.other;
}

const written = (value) =>
  typeof value === "number" ? value.toLocaleString(locale.value) : String(value);
