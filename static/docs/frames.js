// Shows the WebSocket interface: how to connect, the commands, the events, the close codes.
import { code, disclosure, element, paragraphs, prose, table } from "./elements.js";
import { Schemas } from "./schema.js";

export function showFrames(socket) {
  const schemas = new Schemas(socket.components.schemas);
  const operations = Object.values(socket.operations);
  const commands = operations.filter((operation) => operation.action === "receive");
  const events = operations.find((operation) => operation.action === "send");
  const [server] = Object.values(socket.servers);
  const [channel] = Object.values(socket.channels);
  const address = `${server.protocol}://${server.host}${channel.address}`;
  return [
    element("section", { id: "websocket" },
      element("h2", {}, "WebSocket"),
      ...paragraphs(socket.info.description),
      code(address, "Address")),
    showRoom("commands", "Commands", "What a client sends.",
      commands.map((command) => showCommand(command, socket, schemas))),
    showRoom("events", "Events", events.summary,
      events.messages.map((reference) => showMessage(find(socket, reference), [], schemas))),
    element("section", { id: "close-codes" },
      element("h2", {}, "Close codes"),
      table(["Code", "Meaning"],
        Object.entries(socket["x-close-codes"]).map(([number, text]) => [number, prose(text)]))),
  ];
}

function showRoom(id, title, text, entries) {
  return element("section", { id, className: "room" },
    element("h3", {}, title), element("p", {}, ...prose(text)), ...entries);
}

function showCommand(command, socket, schemas) {
  const answers = command.reply.messages.map((reference) => find(socket, reference).name);
  return showMessage(find(socket, command.messages[0]), answers, schemas);
}

function showMessage(message, answers, schemas) {
  const isCommand = answers.length > 0;
  const summary = [
    element("span", { className: `method ${isCommand ? "post" : "get"}` },
      isCommand ? "to server" : "to client"),
    element("code", { className: "path" }, message.name),
    element("span", { className: "summary" }, ...prose(message.summary)),
  ];
  const made = disclosure(summary, () => fillMessage(message, answers, schemas), {
    id: `frame-${message.title}`,
    className: "entry",
  });
  made.dataset.words = `${message.name} ${message.summary} websocket frame`.toLowerCase();
  return made;
}

function fillMessage(message, answers, schemas) {
  const answered = answers.flatMap((name) => [
    element("a", { href: `#frame-${name}_event` }, element("code", {}, name)), " "]);
  const example = schemas.example(message.payload);
  return element("div", { className: "body" },
    element("div", {},
      ...paragraphs(message.description ?? ""),
      answers.length ? element("p", { className: "note" }, "Answered with ", ...answered) : null,
      element("h4", {}, "Fields"),
      schemas.fields(message.payload)),
    element("div", { className: "examples" },
      code(JSON.stringify({ type: message.name, ...example }, null, 2), "Frame")));
}

// A message that something in the document refers to, by way of the channel.
function find(socket, reference) {
  const key = reference.$ref.split("/").pop();
  return socket.components.messages[key];
}
