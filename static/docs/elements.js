// Makes elements. All text goes in as text, so nothing in a document can become markup.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// Text with `code` in it, as docstrings have.
export function prose(text) {
  return text
    .split("`")
    .map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

export function paragraphs(text) {
  return text
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((part) => element("p", {}, ...prose(part.replaceAll("\n", " "))));
}

// A part that opens; what is in it is made when it first does.
export function disclosure(summary, fill, properties = {}) {
  const made = element("details", properties, element("summary", {}, ...[summary].flat()));
  made.addEventListener("toggle", () => made.append(...[fill()].flat()), { once: true });
  return made;
}

export function table(headings, rows) {
  const cells = (kind, values) => values.map((value) => element(kind, {}, ...[value].flat()));
  return element(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", ariaLabel: headings.join(", ") },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...cells("th", headings))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))),
    ),
  );
}

export function code(text, label) {
  return element(
    "figure",
    {},
    element("figcaption", {}, label),
    element("pre", { tabIndex: 0 }, element("code", {}, text)),
  );
}
