"""Language codes (BCP 47): one spelling of each, and which of them a reader shares."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from langcodes import standardize_tag

# Chinese is written in two scripts that readers of one cannot take for granted
# in the other, so for it the script counts (RFC 5646, section 4.1).
_CHINESE_SCRIPTS = {
    "zh": "zh-Hans",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-MO": "zh-Hant",
}


@lru_cache(1_000)
def canonical(tag: str) -> str:
    """Spell a language tag as RFC 5646 recommends: `pt-br` becomes `pt-BR`, `spa` `es`."""
    language, *rest = tag.lower().replace("_", "-").split("-")
    if len(language) == 3:
        # The registry has only the shorter code of a language that has two (section 2.2.1).
        language = standardize_tag(language).split("-")[0]
    return "-".join([language, *map(_spell_subtag, rest)])


@lru_cache(1_000)
def base(tag: str) -> str:
    """Return the part of a tag that decides who can read it: `en-GB` is read as `en`."""
    spelled = canonical(tag)
    if spelled.split("-")[0] != "zh":
        return spelled.split("-")[0]
    if "Hant" in spelled or "Hans" in spelled:
        return "zh-Hant" if "Hant" in spelled else "zh-Hans"
    return _CHINESE_SCRIPTS.get(spelled, "zh-Hans")


def pattern_of(tag: str) -> str:
    """Return the regular expression of the tags of those who read what `tag` names.

    `zh` names both scripts.
    """
    spelled = canonical(tag)
    if not spelled.startswith("zh"):
        return f"^{base(tag)}(-|$)"
    if spelled == "zh":
        return "^zh(-|$)"
    script = base(tag)
    alike = [one for one in _CHINESE_SCRIPTS if _CHINESE_SCRIPTS[one] == script]
    return f"^({'|'.join([*alike, script])})$|^zh-.*{script.removeprefix('zh-')}"


def can_read(content_lang: str, read: Iterable[str]) -> bool:
    """Tell whether someone who reads these languages reads a text in `content_lang`."""
    wanted = base(content_lang)
    return any(base(tag) == wanted for tag in read)


@lru_cache(10_000)
def intern_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the one tuple of these tags that there is, so that comparing it costs nothing."""
    return tags


def _spell_subtag(subtag: str) -> str:
    if len(subtag) == 4:
        return subtag.title()
    return subtag.upper() if len(subtag) == 2 else subtag.lower()
