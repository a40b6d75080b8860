// Times, days and sizes, as the reader's language writes them.

import { locale } from "./words.js";

const formats = new Map();

function format(options) {
  const key = locale.value + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale.value, options));
  return formats.get(key);
}

export const timeOf = (stamp) =>
  format({ hour: "2-digit", minute: "2-digit" }).format(new Date(stamp));

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

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function sizeOf(bytes) {
  const step = bytes ? Math.min(3, Math.floor(Math.log10(bytes) / 3)) : 0;
  const options = { style: "unit", unit: UNITS[step], unitDisplay: "short" };
  return (bytes / 1000 ** step).toLocaleString(locale.value, {
    ...options,
    maximumFractionDigits: step ? 1 : 0,
  });
}
