// Times, days and sizes, as the reader's language writes them.

import { locale } from "./words.js";

const formats = new Map();

// The reader's country may write times in another way than others of the language do.
const region = () =>
  navigator.languages.find((tag) => tag.split("-")[0] === locale.value) ?? locale.value;

function format(options) {
  const key = locale.value + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(region(), options));
  return formats.get(key);
}

export const timeOf = (stamp) => format({ timeStyle: "short" }).format(new Date(stamp));

export const momentOf = (stamp) =>
  format({ dateStyle: "full", timeStyle: "short" }).format(new Date(stamp));

// A day of the reader's own calendar, to tell days apart.
export const dayKey = (stamp) => new Date(stamp).toDateString();

const daysAgo = (stamp) =>
  Math.round((new Date().setHours(0, 0, 0, 0) - new Date(stamp).setHours(0, 0, 0, 0)) / 86_400_000);

// "today", "yesterday", or the date.
export function dayOf(stamp) {
  const ago = daysAgo(stamp);
  if (ago < 2)
    return new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }).format(-ago, "day");
  const isThisYear = new Date(stamp).getFullYear() === new Date().getFullYear();
  return format({
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(!isThisYear && { year: "numeric" }),
  }).format(new Date(stamp));
}

// As short as a list has room for: the time of today, the weekday of this week, or the date.
export function shortOf(stamp) {
  const ago = daysAgo(stamp);
  if (ago < 1) return timeOf(stamp);
  if (ago < 7) return format({ weekday: "short" }).format(new Date(stamp));
  return format({ day: "numeric", month: "numeric", year: "2-digit" }).format(new Date(stamp));
}

// How long to wait, in words: "25 seconds", "9 minutes".
export function spanOf(seconds) {
  const isLong = seconds > 90;
  const options = { style: "unit", unit: isLong ? "minute" : "second", unitDisplay: "long" };
  return Math.ceil(isLong ? seconds / 60 : seconds).toLocaleString(locale.value, options);
}

// How long ago, in words: "5 minutes ago", "yesterday".
export function agoOf(stamp) {
  const seconds = Math.min(0, (new Date(stamp) - Date.now()) / 1000);
  const [unit, length] = STEPS.find(([, length]) => -seconds >= length) ?? ["minute", 60];
  const words = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" });
  return words.format(Math.round(seconds / length), unit);
}

const STEPS = [
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
];
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function sizeOf(bytes) {
  const step = bytes ? Math.min(3, Math.floor(Math.log10(bytes) / 3)) : 0;
  // The short word for bytes has no plural in English.
  const options = { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long" };
  return (bytes / 1000 ** step).toLocaleString(locale.value, {
    ...options,
    maximumFractionDigits: step ? 1 : 0,
  });
}
