// Shows JSON schemas: as a list of fields, as a few words, and as an example.
import { disclosure, element, prose } from "./elements.js";

const EXAMPLES = {
  avatar: "/uploads/6563a1f0c2d4e5f60718293a/ana.jpg",
  avatar_url: "/uploads/6563a1f0c2d4e5f60718293a/ana.jpg",
  expires_in: 900,
  files: "/uploads/6563a1f0c2d4e5f60718293a/photo.jpg",
  q: "hello",
  reads: "en",
  size: 183421,
  user_agent: "Mozilla/5.0 …",
  access_token: "eyJhbGciOiJIUzI1NiJ9…",
  client_id: "phone-41",
  code: "123456",
  content: "Hello!",
  content_lang: "en",
  conversation: "group:6563a1f0c2d4e5f60718293a",
  current_password: "correct horse battery",
  email: "ana@example.org",
  emoji: "👍",
  lang: "es",
  language: "es",
  name: "Ana",
  password: "staple gun and a half",
  ref: "7",
  snippet: "… hello …",
  refresh_token: "eyJhbGciOiJIUzI1NiJ9…",
  token: "eyJhbGciOiJIUzI1NiJ9…",
  url: "/uploads/6563a1f0c2d4e5f60718293a/photo.jpg",
};
// Optional fields without which an example says little.
const TELLING = new Set(["recipient_id", "client_id", "ref"]);
// Names mean other things in records that have these fields.
const OWN = [
  {
    mark: "size",
    values: { name: "photo.jpg", type: "image/jpeg", sha256: "9f86d081884c7d659a2feaa0c55ad015…" },
  },
  { mark: "members", values: { name: "Friends" } },
];
const ID = "6563a1f0c2d4e5f60718293a";
const TIME = "2026-11-22T14:00:00.000Z";

export class Schemas {
  constructor(components) {
    this.components = components;
  }

  resolve(schema) {
    if (!schema?.$ref) return schema ?? {};
    return this.components[schema.$ref.split("/").pop()] ?? {};
  }

  // A few words: `string`, `Message`, `array of Id`, `"dm" or "group"`.
  words(schema) {
    if (schema.$ref) return schema.$ref.split("/").pop();
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
    if ("const" in schema) return JSON.stringify(schema.const);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return choices.map((choice) => this.words(choice)).join(" or ");
    if (schema.type === "array") return `array of ${this.words(schema.items ?? {})}`;
    if (schema.type === "object" && schema.additionalProperties?.type !== undefined) {
      return `map to ${this.words(schema.additionalProperties)}`;
    }
    return schema.type ?? "anything";
  }

  // The record within a schema, if there is one to be shown in its own right.
  record(schema) {
    const whole = this.resolve(schema);
    if (whole.properties) return whole;
    const inner = [whole.items, ...(whole.anyOf ?? []), whole.additionalProperties];
    for (const part of inner) {
      if (part && typeof part === "object") {
        const found = this.record(part);
        if (found) return found;
      }
    }
    return null;
  }

  fields(schema) {
    const record = this.record(schema);
    if (!record) return element("p", {}, this.words(schema));
    const required = new Set(record.required ?? []);
    const rows = Object.entries(record.properties).map(([name, shape]) =>
      this.field(name, shape, required.has(name)),
    );
    return rows.length
      ? element("ul", { className: "fields" }, ...rows)
      : element("p", {}, "No fields.");
  }

  field(name, shape, isRequired) {
    const inner = this.record(shape);
    const choice = shape.anyOf?.find((each) => each.description);
    const about = (shape.description ?? choice?.description ?? inner?.description)?.split("\n")[0];
    return element(
      "li",
      {},
      element("code", { className: "name" }, name),
      element("span", { className: isRequired ? "required" : "optional" },
        isRequired ? "required" : "optional"),
      element("span", { className: "type" }, this.words(shape)),
      "default" in shape
        ? element("span", { className: "type" }, `default ${JSON.stringify(shape.default)}`)
        : null,
      about ? element("p", {}, ...prose(about)) : null,
      inner
        ? disclosure(`Fields of ${inner.title ?? "it"}`, () => this.fields(inner))
        : null,
    );
  }

  example(schema, name = "", depth = 0) {
    const whole = this.resolve(schema);
    if (whole.enum) return whole.enum[0];
    if ("const" in whole) return whole.const;
    const choices = whole.anyOf ?? whole.oneOf;
    if (choices) {
      return this.example(choices.find((choice) => choice.type !== "null"), name, depth);
    }
    if (whole.type === "array") {
      return depth > 3 ? [] : [this.example(whole.items ?? {}, name, depth + 1)];
    }
    if (whole.properties) return this.object(whole, depth);
    if (whole.type === "object") return {};
    return this.scalar(whole, name);
  }

  object(whole, depth) {
    const required = new Set(whole.required ?? []);
    const shown = Object.entries(whole.properties).filter(
      ([name, shape]) =>
        required.has(name) ||
        "default" in shape ||
        (depth === 0 && (required.size === 0 || TELLING.has(name))),
    );
    const own = OWN.find(({ mark }) => mark in whole.properties)?.values ?? {};
    return Object.fromEntries(
      shown.map(([name, shape]) => [name, own[name] ?? this.example(shape, name, depth + 1)]),
    );
  }

  scalar(whole, name) {
    if (whole.type === "integer" || whole.type === "number") {
      return EXAMPLES[name] ?? whole.default ?? whole.minimum ?? 1;
    }
    if (whole.type === "boolean") return whole.default ?? true;
    if (whole.type === "null") return null;
    if (name in EXAMPLES) return EXAMPLES[name];
    if (whole.pattern?.includes("0-9a-f]{24}") || /(^|_)ids?$/.test(name)) return ID;
    if (/_at$|_seen$|_time$/.test(name)) return TIME;
    return whole.default || "text";
  }
}
