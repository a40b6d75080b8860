// One's conversations as the list shows them: by what was said last, or is on its way.

import { computed } from "../lib/html.js";
import { activity, ordered } from "./conversations.js";
import { lastUnsaidIn } from "./outbox.js";

export const listed = computed(() =>
  ordered.value
    .map((one) => [one, momentOf(one)])
    .sort(([, moment], [, other]) => other - moment)
    .map(([one]) => one),
);

// Milliseconds; where nothing was said ever, the beginning of time.
const momentOf = (one) =>
  Math.max(Date.parse(activity(one)) || 0, lastUnsaidIn(one.id)?.created_at ?? 0);
