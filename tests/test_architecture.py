"""The house: which room a module is in, what each room may import, how long things get.

A module that is in no list is domain. `docs/message-path.md` walks through the rooms.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The rooms, from the top floor down.
ROOMS = {
    "server": ["server"],
    "handlers": ["handlers", "handlers.*"],
    "startup": [
        "realchat.startup",
        "realchat.folders",
        "realchat.secrets_file",
        "realchat.mongodb_uri",
        "realchat.companion",
        "realchat.mongod",
        "realchat.mongod_binary",
        "realchat.orphan",
        "realchat.leash",
        "realchat.redis_server",
        "realchat.replica_set",
        "realchat.keeping",
        "realchat.options",
        "realchat.worker",
        "realchat.workers",
    ],
    "services": [
        "realchat.services",
        "realchat.sharing",
        "realchat.outside",
        "realchat.restoring",
    ],
    "store": ["realchat.store", "realchat.store.*"],
    "adapters": [
        "realchat.apertium",
        "realchat.bucket",
        "realchat.bus",
        "realchat.disk",
        "realchat.file_types",
        "realchat.identifiers",
        "realchat.mail",
        "realchat.passwords",
        "realchat.redis_buckets",
        "realchat.redis_bus",
        "realchat.redis_client",
        "realchat.redis_link",
        "realchat.redis_roster",
        "realchat.redis_sender",
        "realchat.redis_shards",
        "realchat.redis_signs",
        "realchat.reach",
        "realchat.s3",
        "realchat.translators",
    ],
    "vocabulary": [
        "realchat",
        "realchat.breaker",
        "realchat.channels",
        "realchat.commands",
        "realchat.credentials",
        "realchat.decoding",
        "realchat.drafts",
        "realchat.envelopes",
        "realchat.errors",
        "realchat.events",
        "realchat.fields",
        "realchat.flights",
        "realchat.frames",
        "realchat.ids",
        "realchat.languages",
        "realchat.limits",
        "realchat.listeners",
        "realchat.loader",
        "realchat.logs",
        "realchat.memory",
        "realchat.meters",
        "realchat.metrics",
        "realchat.models",
        "realchat.names",
        "realchat.pairs",
        "realchat.protocol",
        "realchat.readings",
        "realchat.replies",
        "realchat.requests",
        "realchat.setting_types",
        "realchat.setting_urls",
        "realchat.settings",
        "realchat.terms",
    ],
    "domain": ["realchat.*"],
}

# What each room may import besides itself.
MAY_IMPORT = {
    "server": {"handlers", "startup", "services", "vocabulary"},
    "handlers": {"services", "domain", "vocabulary"},
    "startup": {"vocabulary"},
    "services": {"store", "adapters", "domain", "vocabulary"},
    "store": {"vocabulary"},
    "adapters": {"vocabulary"},
    "domain": {"vocabulary"},
    "vocabulary": set[str](),
}

# Libraries that have their rooms; all others are free.
LIBRARIES = {
    "tornado": {"handlers"},
    "motor": {"store"},
    "bson": {"store"},
    "pymongo": {"store", "startup"},
    "aiosmtplib": {"adapters"},
    "bcrypt": {"adapters"},
    "boto3": {"adapters"},
    "botocore": {"adapters"},
    "libretranslatepy": {"adapters"},
    "puremagic": {"adapters"},
    "py3langid": {"adapters"},
    "redis": {"adapters"},
    "uvloop": {"server"},
}

MODULE_LINES = 250
FUNCTION_LINES = 50


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {
    module_name(path): path
    for path in [
        ROOT / "server.py",
        *sorted((ROOT / "realchat").rglob("*.py")),
        *sorted((ROOT / "handlers").rglob("*.py")),
    ]
}
each_module = pytest.mark.parametrize("module", FILES)


@cache
def parse(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text())


def room_of(module: str) -> str:
    return next(
        room
        for room, patterns in ROOMS.items()
        if any(fnmatch(module, pattern) for pattern in patterns)
    )


def imported(module: str) -> Iterator[str]:
    """Yield the modules that a module imports, ours to their full names."""
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            source = node.module or ""
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield inner if inner in FILES else source


def ours(module: str) -> set[str]:
    return {name for name in imported(module) if name in FILES}


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def public(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the public classes, functions and methods of a module."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


@each_module
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    room = room_of(module)
    allowed = MAY_IMPORT[room] | {room}
    assert {name: room_of(name) for name in ours(module) if room_of(name) not in allowed} == {}


@each_module
def test_a_library_stays_in_its_rooms(module: str) -> None:
    tops = {name.partition(".")[0] for name in imported(module)}
    room = room_of(module)
    assert {top for top in tops if room not in LIBRARIES.get(top, {room})} == set()


@each_module
def test_nothing_is_imported_inside_a_function(module: str) -> None:
    inside = [
        (function.name, node.lineno)
        for function in functions(module)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_no_imports_go_in_a_circle() -> None:
    graph = {module: ours(module) - {module} for module in FILES}
    while leaves := [module for module, names in graph.items() if not names]:
        for leaf in leaves:
            del graph[leaf]
        for names in graph.values():
            names.difference_update(leaves)
    assert graph == {}, "each of these imports another of these"


@each_module
def test_a_module_is_short_enough_to_read_at_once(module: str) -> None:
    lines = FILES[module].read_text().count("\n")
    assert lines <= MODULE_LINES


@each_module
def test_no_function_is_longer_than_a_screen(module: str) -> None:
    long = [(f.name, length(f)) for f in functions(module) if length(f) > FUNCTION_LINES]
    assert long == []


@each_module
def test_what_is_public_says_what_it_is_for(module: str) -> None:
    tree = parse(module)
    assert ast.get_docstring(tree), "the module has no docstring"
    assert [node.name for node in public(tree) if not ast.get_docstring(node)] == []


def test_every_listed_module_exists() -> None:
    listed = {name for patterns in ROOMS.values() for name in patterns if "*" not in name}
    assert listed - set(FILES) == set()


@each_module
def test_the_document_names_the_module(module: str) -> None:
    document = (ROOT / "docs/architecture.md").read_text()
    name = module.rpartition(".")[2]
    assert f"`{name}`" in document or f"`{name}.py`" in document or FILES[module].stem == "__init__"


def test_most_functions_are_a_few_lines() -> None:
    lengths = sorted(length(function) for module in FILES for function in functions(module))
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 9 // 10] <= 25
