// Shows the REST interface: rooms of operations, each with its input, answers and an example.
import { code, disclosure, element, paragraphs, prose, table } from "./elements.js";
import { Schemas } from "./schema.js";

export function showOperations(rest) {
  const schemas = new Schemas(rest.components.schemas);
  const rooms = rest.tags.map((tag) => showRoom(tag, operationsOf(rest, tag.name), schemas, rest));
  return [
    element("section", { id: "rest" },
      element("h2", {}, "REST"), ...paragraphs(rest.info.description)),
    ...rooms,
    showErrors(rest["x-error-codes"]),
  ];
}

function operationsOf(rest, tag) {
  return Object.entries(rest.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => ({ path, method, ...operation })),
  );
}

function showRoom(tag, operations, schemas, rest) {
  return element("section", { id: `room-${tag.name}`, className: "room" },
    element("h3", {}, tag.name),
    element("p", {}, ...prose(tag.description)),
    ...operations.map((operation) => showOperation(operation, schemas, rest.servers[0].url)));
}

function showOperation(operation, schemas, server) {
  const summary = [
    element("span", { className: `method ${operation.method}` }, operation.method.toUpperCase()),
    element("code", { className: "path" }, operation.path),
    element("span", { className: "summary" }, ...prose(operation.summary)),
  ];
  const made = disclosure(summary, () => fillOperation(operation, schemas, server), {
    id: operation.operationId,
    className: "entry",
  });
  made.dataset.words =
    `${operation.method} ${operation.path} ${operation.summary}`.toLowerCase();
  return made;
}

function fillOperation(operation, schemas, server) {
  return element("div", { className: "body" },
    element("div", {},
      ...paragraphs(operation.description ?? ""),
      element("p", { className: "note" },
        operation.security.length ? "Needs an access token." : "Needs no token."),
      ...showParameters(operation.parameters, schemas),
      ...showBody(operation.requestBody, schemas),
      ...showAnswers(operation.responses, schemas)),
    element("div", { className: "examples" }, ...showExamples(operation, schemas, server)));
}

function showParameters(parameters, schemas) {
  if (!parameters.length) return [];
  const rows = parameters.map((parameter) =>
    schemas.field(parameter.name, parameter.schema, parameter.required));
  return [element("h4", {}, "Parameters"), element("ul", { className: "fields" }, ...rows)];
}

function showBody(body, schemas) {
  if (!body) return [];
  const [[type, { schema }]] = Object.entries(body.content);
  return [element("h4", {}, `Body (${type})`), schemas.fields(schema)];
}

function showAnswers(responses, schemas) {
  return [
    element("h4", {}, "Answers"),
    ...Object.entries(responses).map(([status, answer]) =>
      Number(status) < 400 ? showSuccess(status, answer, schemas) : showFailure(status, answer)),
  ];
}

function showSuccess(status, answer, schemas) {
  const [type, media] = Object.entries(answer.content ?? {})[0] ?? [];
  const line = [element("b", { className: "status good" }, status), ` ${answer.description}`];
  const schema = media?.schema;
  const headers = Object.keys(answer.headers ?? {}).filter((name) => name !== "X-Request-Id");
  if (headers.length) line.push(` with ${headers.join(", ")}`);
  if (!schema || !schemas.record(schema)) {
    return element("p", { className: "answer" }, ...line, type ? ` (${type})` : "");
  }
  return disclosure([...line, ": ", element("code", {}, schemas.words(schema))],
    () => schemas.fields(schema), { className: "answer" });
}

function showFailure(status, answer) {
  const codes = answer.content["application/json"].schema.allOf[1].properties.error;
  const names = codes.properties.code.enum.flatMap((name) => [
    element("a", { href: "#errors" }, element("code", {}, name)), " "]);
  return element("p", { className: "answer" },
    element("b", { className: "status bad" }, status), " ", ...names);
}

function showExamples(operation, schemas, server) {
  const shown = [code(curl(operation, schemas, server), "Call")];
  for (const [status, answer] of Object.entries(operation.responses)) {
    const schema = answer.content?.["application/json"]?.schema;
    if (Number(status) < 300 && schema && schemas.record(schema)) {
      shown.push(code(JSON.stringify(schemas.example(schema), null, 2), `Answer ${status}`));
    }
  }
  return shown;
}

function curl(operation, schemas, server) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const parameter = operation.parameters.find((each) => each.name === name);
    return encodeURI(schemas.example(parameter.schema, name));
  });
  const query = operation.parameters
    .filter((each) => each.in === "query" && each.required)
    .map((each) => `${each.name}=${encodeURIComponent(schemas.example(each.schema, each.name))}`);
  const parts = [`curl '${server}${path}${query.length ? `?${query.join("&")}` : ""}'`];
  if (operation.method !== "get") parts.push(`-X ${operation.method.toUpperCase()}`);
  if (operation.security.length) parts.push('-H "Authorization: Bearer $TOKEN"');
  return [...parts, ...curlBody(operation.requestBody, schemas)].join(" \\\n  ");
}

function curlBody(body, schemas) {
  if (!body) return [];
  const [[type, { schema }]] = Object.entries(body.content);
  if (type.startsWith("multipart/")) return ["-F file=@photo.jpg"];
  if (type !== "application/json") return [`-H 'Content-Type: ${type}'`, "--data-binary @file"];
  const text = JSON.stringify(schemas.example(schema), null, 2).replaceAll("'", "'\\''");
  return ["-H 'Content-Type: application/json'", `-d '${text}'`];
}

function showErrors(codes) {
  const rows = Object.entries(codes).map(([name, { status, message }]) => [
    String(status), element("code", {}, name), message]);
  return element("section", { id: "errors" },
    element("h2", {}, "Errors"),
    element("p", {}, "What an error's code says, in answers and in frames alike."),
    table(["Status", "Code", "Meaning"], rows));
}
