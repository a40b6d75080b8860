// Where the page begins: its words, and who is signed in. The chat itself is fetched while
// somebody signs in, so that the way in is there at once.

import { effect, html, render } from "./lib/html.js";
import { useWords } from "./lib/words.js";
import { account } from "./net/session.js";
import { App, loadChat } from "./views/app.js";

let language = account.value?.language;
await useWords(language);
effect(() => {
  const wanted = account.value?.language;
  if (wanted !== language) useWords((language = wanted));
});
render(html`<${App} />`, document.getElementById("app"));

// Whoever begins to type is about to need it; whoever is signed in needs it now.
const begin = () =>
  loadChat().then(
    ({ startChat }) => startChat(),
    () => {},
  );
addEventListener("input", begin, { once: true });
account.subscribe((self) => self && begin());
