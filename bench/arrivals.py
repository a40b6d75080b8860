"""What reached whom and when: each message and each translation, once, and nothing else."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from bench.engine import translate


class Outcome(Struct):
    """What a message, or a frame of its own, says of a translation."""

    status: str = ""
    lang: str = ""
    content: str = ""


class Frame(Outcome):
    """What is looked at of a frame, whatever its type."""

    type: str = ""
    id: str = ""
    ref: str = ""
    translation: Outcome | None = None


class Sent(Struct):
    """A message that was sent, and what its ack said; times in seconds, 0 for never."""

    text: str
    lang: str
    sent_at: float
    acked_at: float = 0
    id: str = ""


class Arrival:
    """One message at all readers, each by their place; times in seconds, 0 for never."""

    __slots__ = ("came_at", "copies", "outcomes", "ready_at", "said", "told")

    def __init__(self, readers: int) -> None:
        self.copies = bytearray(readers)
        self.came_at = array("d", bytes(8 * readers))
        # How often somebody was told of a translation, and how often of one's outcome.
        self.told = bytearray(readers)
        self.outcomes = bytearray(readers)
        self.ready_at = array("d", bytes(8 * readers))
        # The different translations, by their readers' language.
        self.said: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)


class Faults(Struct, frozen=True, kw_only=True):
    """What should not be, each 0 where all is well.

    `lost` and `doubled` count messages at readers, `astray` the messages that nobody
    sent, or got no ack for. `missing` and `repeated` count outcomes of translations at
    readers who need one, `unwanted` what all others were told of one, `wrong` the
    translations that are not the engine's of that text in the reader's language.
    `errors` are frames with one, `closed` connections that the server closed.
    """

    lost: int = 0
    doubled: int = 0
    astray: int = 0
    missing: int = 0
    repeated: int = 0
    unwanted: int = 0
    wrong: int = 0
    errors: int = 0
    closed: int = 0

    def describe(self) -> str:
        """Name those that there are; nothing where there are none."""
        found = msgspec.structs.asdict(self)
        return ", ".join(f"{number:,} {name}" for name, number in found.items() if number)


class Arrivals:
    """Takes the frames of readers; of each is known what they read, their own language first."""

    def __init__(self, languages: Sequence[Sequence[str]]) -> None:
        self.frames: Counter[str] = Counter()
        # Outcomes by the frame that told them, `message` or `translation`, and status.
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.sent: dict[str, Sent] = {}
        self._languages = languages
        self._arrivals: dict[str, Arrival] = {}
        self._decode = msgspec.json.Decoder(Frame).decode

    def send(self, ref: str, text: str, lang: str, now: float) -> None:
        """Keep what is being sent; its ack is going to repeat `ref`."""
        self.sent[ref] = Sent(text, lang, now)

    def take(self, reader: int, payload: bytes, now: float) -> None:
        """Take a frame that came to a reader."""
        frame = self._decode(payload)
        self.frames[frame.type] += 1
        if frame.type == "message":
            arrival = self._arrival(frame.id)
            arrival.copies[reader] += 1
            arrival.came_at[reader] = now
            if frame.translation is not None:
                self._take_outcome(arrival, reader, frame.type, frame.translation)
        elif frame.type == "translation":
            arrival = self._arrival(frame.id)
            if frame.status == "ready":
                arrival.ready_at[reader] = now
            self._take_outcome(arrival, reader, frame.type, frame)
        elif frame.type == "ack":
            sent = self.sent[frame.ref]
            sent.acked_at, sent.id = now, frame.id

    @property
    def are_complete(self) -> bool:
        """Whether there is nothing left to wait for, by number."""
        due = sum(len(self._needing(sent.lang)) for sent in self.sent.values())
        return (
            self.frames["ack"] >= len(self.sent)
            and self.frames["message"] >= len(self.sent) * len(self._languages)
            and self.outcomes.total() >= due
        )

    @property
    def wanted(self) -> list[tuple[str, str, str]]:
        """For each message the languages that it is needed in: text, its language, the other."""
        return [
            (sent.text, sent.lang, target)
            for sent in self.sent.values()
            for target in dict.fromkeys(self._languages[one][0] for one in self._needing(sent.lang))
        ]

    def delivery_times(self) -> list[float]:
        """Return the seconds from sending a message to each of its readers."""
        return [
            came_at - sent.sent_at
            for sent, arrival in self._acked()
            for came_at in arrival.came_at
            if came_at
        ]

    def translation_times(self) -> list[float]:
        """Return the seconds from a message's ack to each translation that came after it."""
        return [
            max(0, ready_at - sent.acked_at)
            for sent, arrival in self._acked()
            for ready_at in arrival.ready_at
            if ready_at
        ]

    def judge(self) -> Faults:
        """Return what should not be."""
        found: Counter[str] = Counter(errors=self.frames["error"])
        for sent, arrival in self._acked():
            self._judge_message(sent, arrival, found)
        acked = {sent.id for sent in self.sent.values() if sent.id}
        found["astray"] = len(self._arrivals.keys() - acked)
        found["lost"] += (len(self.sent) - len(acked)) * len(self._languages)
        return Faults(**found)

    def _judge_message(self, sent: Sent, arrival: Arrival, found: Counter[str]) -> None:
        needing = set(self._needing(sent.lang))
        for reader, copies in enumerate(arrival.copies):
            found["lost"] += not copies
            found["doubled"] += max(0, copies - 1)
            if reader in needing:
                found["missing"] += not arrival.outcomes[reader]
                found["repeated"] += max(0, arrival.outcomes[reader] - 1)
            else:
                found["unwanted"] += arrival.told[reader]
        for lang, translations in arrival.said.items():
            found["wrong"] += len(translations - {(lang, translate(sent.text, lang))})

    def _take_outcome(self, arrival: Arrival, reader: int, kind: str, outcome: Outcome) -> None:
        arrival.told[reader] += 1
        if outcome.status == "pending":
            return
        arrival.outcomes[reader] += 1
        self.outcomes[kind, outcome.status] += 1
        if outcome.status == "ready":
            arrival.said[self._languages[reader][0]].add((outcome.lang, outcome.content))

    def _needing(self, lang: str) -> list[int]:
        return [reader for reader, reads in enumerate(self._languages) if lang not in reads]

    def _acked(self) -> Iterator[tuple[Sent, Arrival]]:
        for sent in self.sent.values():
            if sent.id:
                yield sent, self._arrival(sent.id)

    def _arrival(self, message_id: str) -> Arrival:
        arrival = self._arrivals.get(message_id)
        if arrival is None:
            arrival = self._arrivals[message_id] = Arrival(len(self._languages))
        return arrival
