// What a text holds besides words: addresses that can be followed, and people who are named. It
// says where they are; nothing is ever taken for markup.

const ADDRESS = /(?:https?:\/\/|mailto:)[^\s<>"]+/gi;
const SAFE = ["http:", "https:", "mailto:"];
// What stands behind an address in a sentence.
const PUNCTUATION = ".,;:!?'’”»)]}…。，、؟؛";
const PAIRS = { ")": "(", "]": "[", "}": "{" };

// A list of {text}, {text, href} and {text, mention}. `people` are {id, name}; of two names that
// fit, the one that comes first counts.
export function partsOf(text, people = []) {
  return addressesIn(text).flatMap((part) => (part.href ? part : mentionsIn(part.text, people)));
}

function addressesIn(text) {
  const parts = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutPunctuation(found);
    if (!isSafe(address)) continue;
    parts.push({ text: text.slice(done, index) }, { text: address, href: address });
    done = index + address.length;
  }
  return [...parts, { text: text.slice(done) }];
}

function isSafe(address) {
  const url = URL.parse?.(address) ?? parsed(address);
  return Boolean(url && SAFE.includes(url.protocol) && (url.host || url.pathname));
}

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

// A closing bracket belongs to an address that has the opening one.
function withoutPunctuation(address) {
  let end = address.length;
  while (end && PUNCTUATION.includes(address[end - 1])) {
    const closing = address[end - 1];
    const there = address.slice(0, end);
    if (PAIRS[closing] && countOf(there, PAIRS[closing]) >= countOf(there, closing)) break;
    end--;
  }
  return address.slice(0, end);
}

const countOf = (text, sign) => text.split(sign).length - 1;

function mentionsIn(text, people) {
  const parts = [];
  let done = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const found = at >= done && people.find(({ name }) => isNamed(text, at + 1, name));
    if (!found) continue;
    const end = at + 1 + found.name.length;
    parts.push({ text: text.slice(done, at) }, { text: text.slice(at, end), mention: found.id });
    done = end;
  }
  return [...parts, { text: text.slice(done) }].filter((part) => part.text);
}

function isNamed(text, at, name) {
  const there = text.slice(at, at + name.length);
  return name && there.localeCompare(name, undefined, { sensitivity: "accent" }) === 0;
}

// Whether a text is a few emoji and nothing else.
export function isEmojiOnly(text) {
  if (!text || text.length > 40 || !Intl.Segmenter) return false;
  const signs = [...new Intl.Segmenter().segment(text.trim())].map(({ segment }) => segment);
  return signs.length > 0 && signs.length <= 6 && signs.every((sign) => EMOJI.test(sign));
}

const EMOJI = /^\p{Extended_Pictographic}|^\p{Regional_Indicator}{2}|\u20e3$/u;
