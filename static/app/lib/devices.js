// What a browser calls itself, in the names that people know.

// In this order: later ones call themselves by the earlier ones' names, too.
const BROWSERS = [
  ["Edge", /\bEdgi?A?(?:OS)?\//],
  ["Opera", /\b(?:OPR|Opera)\//],
  ["Samsung Internet", /\bSamsungBrowser\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:(?:Headless)?Chrome|Chromium|CriOS)\//],
  ["Safari", /\bVersion\/.*\bSafari\//],
];
const SYSTEMS = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b|\bMacintosh\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b|\bX11\b/],
];
const PHONES = ["iPhone", "iPad", "Android"];

const nameIn = (list, text) => list.find(([, pattern]) => pattern.test(text))?.[0] ?? "";

// {browser, system, isPhone}, with empty names for what is not known.
export function deviceOf(userAgent) {
  const system = nameIn(SYSTEMS, userAgent);
  return { browser: nameIn(BROWSERS, userAgent), system, isPhone: PHONES.includes(system) };
}
