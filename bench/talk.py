"""What is said where everyone writes in their own language: phrases that come again, and the rest.

The rest is made-up words, since nothing that is measured looks at their meaning.
"""

from __future__ import annotations

import random

# What people say again and again.
_PHRASES = {
    "en": (
        "ok, thank you",
        "yes",
        "good morning",
        "I agree",
        "see you later",
        "just a moment",
    ),
    "es": ("vale, gracias", "sí", "buenos días", "estoy de acuerdo", "hasta luego", "un momento"),
    "de": ("ok, danke dir", "ja", "guten Morgen", "einverstanden", "bis später", "Moment, bitte"),
    "fr": ("ok, merci", "oui", "bonjour à tous", "d'accord", "à plus tard", "un instant"),
    "it": ("va bene, grazie", "sì", "buongiorno", "sono d'accordo", "a dopo", "un attimo"),
}
LANGUAGES = tuple(_PHRASES)
_SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo")
# A sentence of so many words has some sixty letters.
_WORDS = 9


class Talk:
    """Texts by language, the same ones each time for the same seed.

    Those who are spoken to have a name that comes from the seed, so that the
    phrases of one talk are not known from another.
    """

    def __init__(self, seed: str, repeats: float) -> None:
        """Take the share of texts, from 0 to 1, that are one of a few phrases."""
        self._random = random.Random(seed)
        self._repeats = repeats
        self._name = self._word(5).capitalize()

    def text(self, lang: str) -> str:
        """Return what is said next."""
        if self._random.random() < self._repeats:
            return f"{self._random.choice(_PHRASES[lang])}, {self._name}"
        words = (self._word(self._random.randint(2, 4)) for _ in range(_WORDS))
        return " ".join(words) + "."

    def _word(self, syllables: int) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=syllables))
