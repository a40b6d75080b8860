"""From how likely a text is in each language to the language that it is in; no I/O.

Bayes' rule: what the identifier makes of the text, times what is expected of the
people there. Languages go by their key: no region, no script, varieties joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from realchat.scripts import OTHER_THAN_LATIN

# The parts of all that is likely and expected which make a claim: the second where
# the sender's language has at most the third of the claimed one's part. These and
# the next numbers were found with the texts for tuning in tests/chat_texts.tsv;
# docs/languages.md has what comes of them with the others.
_CERTAIN, _LIKELY, _HARDLY = 0.7, 0.5, 0.1
# What is expected of a language that nobody there is known to use, where another
# member's is worth 2: of the one that most people write in letters other than Latin
# ones, of a widespread one, of any other.
_PROBABLE, _POSSIBLE, _UNLIKELY = 1.0, 0.25, 0.005
# The likelihood of a text in a language in use that cannot be looked for: one that
# the identifier does not know, or one in Latin letters that has others by rights.
_HIDDEN = 0.02
# Letters from which on the likelihood is believed in full.
_ENOUGH = 12

# The large languages of the web and of the world, which a newcomer may well bring.
_WIDESPREAD = (
    "ar bg bn ca cs da de el en es fa fi fr he hi hr hu id it ja ko lt nl no pl pt ro ru sk sr "
    "sv sw ta te th tr uk ur vi zh"
)
_CHANCES = dict.fromkeys(_WIDESPREAD.split(), _POSSIBLE)
# Other names of what the identifier knows, and varieties that it tells apart though
# their writers go by the common name.
_JOINED = {
    "ary": "ar",
    "arz": "ar",
    "fil": "tl",
    "in": "id",
    "iw": "he",
    "nb": "no",
    "nn": "no",
    "wuu": "zh",
    "yue": "zh",
}
# The identifier's class of what is in no language.
_NO_LANGUAGE = "zxx"


@lru_cache(1_000)
def key(tag: str) -> str:
    """Return what a language tag is known by here: `pt-BR` is `pt`, `nb` is `no`."""
    language = tag.replace("_", "-").split("-")[0].lower()
    return _JOINED.get(language, language)


def judge(
    text: str,
    likely: Mapping[str, float],
    expected: Mapping[str, float],
    own: str,
    written: Sequence[str],
) -> str | None:
    """Return the language of a text, where that is certain enough.

    `likely` has each known language's share in the likelihood, `expected` how much
    each language in use is to be expected, among them `own`, the sender's;
    `written` the languages of the text's letters, none for Latin ones.
    """
    trust = min(1.0, sum(map(str.isalpha, text)) / _ENOUGH)
    shares = _join(likely)
    # Who may write a language that the identifier does not know is not told another one.
    others = expected.keys() <= shares.keys()
    weights = {
        lang: share**trust * (expected.get(lang, 0.0) + others * _chance(lang, written))
        for lang, share in shares.items()
        if _is_of(lang, written)
    }
    for lang, weight in expected.items():
        if lang not in shares or not (written or _is_of(lang, written)):
            weights[lang] = weight * _HIDDEN**trust
    best = max(weights, key=weights.__getitem__, default=_NO_LANGUAGE)
    if best not in shares or best == _NO_LANGUAGE:
        return None
    needed = _needed(weights.get(own, 0.0) / (weights[best] or 1.0))
    return best if 0 < weights[best] >= needed * sum(weights.values()) else None


def _needed(own: float) -> float:
    """Return what a claim needs where the sender's language has that part of its weight.

    Less where it is hardly that one, since without a claim the text counts as
    being in it; nothing where the letters rule it out.
    """
    if own > _HARDLY:
        return _CERTAIN
    return _LIKELY if own else 0.0


def _join(likely: Mapping[str, float]) -> dict[str, float]:
    joined = {lang: share for lang, share in likely.items() if lang not in _JOINED}
    for variety, lang in _JOINED.items():
        if variety in likely:
            joined[lang] = joined.get(lang, 0.0) + likely[variety]
    return joined


def _is_of(lang: str, written: Sequence[str]) -> bool:
    return lang in written if written else lang not in OTHER_THAN_LATIN


def _chance(lang: str, written: Sequence[str]) -> float:
    if written and lang == written[0]:
        return _PROBABLE
    return _CHANCES.get(lang, _UNLIKELY)
