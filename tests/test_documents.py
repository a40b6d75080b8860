"""The served documents are valid, complete, and say what the server does."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from raw_http import Answer, exchange, request
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from handlers.application import ROUTES
from handlers.openapi import describe_routes, find_operations
from handlers.routes import Route
from realchat.asyncapi import CLOSE_CODES, describe_frames
from realchat.commands import AnyCommand
from realchat.errors import Close, Code
from realchat.frames import AnyEvent

Document = dict[str, Any]
SERVER = "https://chat.example"
ASYNCAPI_SCHEMA = Path(__file__).parent / "data" / "asyncapi-3.0.0.schema.json"
CHROMIUM = shutil.which("chromium")
SAMPLE = {
    "emoji": "%F0%9F%91%8D",
    "name": "docs.css",
    "version": "0" * 12,
    "path": "icons/icon.svg",
    "conversation": f"group:{'a' * 24}",
}
OPERATIONS = [(found.method, found.template) for found in find_operations(ROUTES)]


@pytest.fixture(scope="module")
def rest() -> Document:
    """The REST interface's document, as it goes over the wire."""
    document: Document = json.loads(json.dumps(describe_routes(ROUTES, SERVER)))
    return document


@pytest.fixture(scope="module")
def socket() -> Document:
    """The WebSocket interface's document, as it goes over the wire."""
    document: Document = json.loads(json.dumps(describe_frames(SERVER)))
    return document


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


def references(part: Any) -> Iterator[str]:
    """Yield all that a document refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolve(document: Document, reference: str) -> Any:
    """Return what a reference stands for; KeyError when there is no such thing."""
    place: Any = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def path_of(template: str) -> str:
    """Fill a route's parameters with something of the right shape."""
    names = Route(template, WebSocketHandler).parameters
    return template.format(**{name: SAMPLE.get(name, "a" * 24) for name in names})


def test_the_rest_document_is_valid_openapi(rest: Document) -> None:
    OpenAPIV31SpecValidator(rest).validate()


def test_the_socket_document_is_valid_asyncapi(socket: Document) -> None:
    jsonschema.validate(socket, json.loads(ASYNCAPI_SCHEMA.read_bytes()))


def test_every_reference_leads_somewhere(rest: Document, socket: Document) -> None:
    for document in (rest, socket):
        for reference in references(document):
            assert resolve(document, reference) is not None


def test_every_route_is_in_the_document(rest: Document) -> None:
    assert set(rest["paths"]) == {route.template for route in ROUTES}


def test_every_declared_method_is_in_the_document(rest: Document) -> None:
    documented = {(method, path) for path, methods in rest["paths"].items() for method in methods}
    assert documented >= set(OPERATIONS)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(rest: Document) -> None:
    operations = [each for methods in rest["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each["summary"].endswith(".") for each in operations)


def test_every_room_says_what_it_is(rest: Document) -> None:
    told = {tag["name"] for tag in rest["tags"] if tag["description"]}
    used = {
        tag
        for methods in rest["paths"].values()
        for each in methods.values()
        for tag in each["tags"]
    }
    assert used == told


def test_every_record_says_what_it_is(rest: Document, socket: Document) -> None:
    for document in (rest, socket):
        for name, shape in document["components"]["schemas"].items():
            assert shape.get("description"), name


def test_private_operations_ask_for_a_token_and_public_ones_do_not(rest: Document) -> None:
    for found in find_operations(ROUTES):
        described = rest["paths"][found.template][found.method]
        assert described["security"] == ([] if found.operation.public else [{"bearer": []}])
        assert found.operation.public or "401" in described["responses"]


def test_declared_errors_are_documented_under_their_status(rest: Document) -> None:
    for found in find_operations(ROUTES):
        responses = rest["paths"][found.template][found.method]["responses"]
        for code in found.operation.raises:
            assert f"`{code.code}`" in responses[str(code.status)]["description"]


def test_all_error_codes_are_listed_in_both_documents(rest: Document, socket: Document) -> None:
    assert set(rest["x-error-codes"]) == set(socket["x-error-codes"]) == {c.code for c in Code}


def test_all_close_codes_are_listed(socket: Document) -> None:
    assert set(CLOSE_CODES) >= set(Close)
    assert {str(int(code)) for code in Close} <= set(socket["x-close-codes"])


@pytest.mark.parametrize(("union", "action"), [(AnyCommand, "receive"), (AnyEvent, "send")])
def test_every_frame_is_in_an_operation_of_its_direction(
    socket: Document, union: Any, action: str
) -> None:
    operations = [each for each in socket["operations"].values() if each["action"] == action]
    listed = [
        resolve(socket, resolve(socket, reference["$ref"])["$ref"])["name"]
        for each in operations
        for reference in each["messages"]
    ]
    assert sorted(listed) == sorted(kind.__struct_config__.tag for kind in get_args(union))


def test_every_command_is_answered_with_an_error_when_it_fails(socket: Document) -> None:
    for operation in socket["operations"].values():
        if operation["action"] == "receive":
            answers = [reference["$ref"] for reference in operation["reply"]["messages"]]
            assert "#/channels/chat/messages/error_event" in answers


def test_operations_and_commands_do_not_share_a_name_with_their_events(socket: Document) -> None:
    messages = socket["components"]["messages"]
    assert messages["read"]["payload"] != messages["read_event"]["payload"]


@pytest.mark.gen_test
async def test_both_documents_are_served(port: int, rest: Document, socket: Document) -> None:
    served = (await exchange(port, request("GET /openapi.json"))).json()
    assert served["paths"] == rest["paths"]
    served = (await exchange(port, request("GET /asyncapi.json"))).json()
    assert served["components"] == socket["components"]


async def probe(port: int, method: str, template: str, *headers: str, body: bytes = b"") -> Answer:
    line = f"{method.upper()} {path_of(template)}"
    return await exchange(port, request(line, *headers, body=body))


@pytest.mark.gen_test
async def test_every_documented_operation_is_served(port: int) -> None:
    for method, template in OPERATIONS:
        answer = await probe(port, method, template)
        assert answer.status not in (405, 500), (method, template, answer)
        assert b"There is no such address" not in answer.body, (method, template)


@pytest.mark.gen_test
async def test_the_socket_s_address_asks_for_a_handshake(port: int, rest: Document) -> None:
    answer = await exchange(port, request("GET /ws"))
    assert (answer.status, answer.code) == (426, "upgrade_required")
    assert {"101", "426"} <= set(rest["paths"]["/ws"]["get"]["responses"])


@pytest.mark.gen_test
async def test_what_the_server_answers_without_a_token_is_documented(
    port: int, rest: Document
) -> None:
    for method, template in OPERATIONS:
        described = rest["paths"][template][method]
        answer = await probe(port, method, template)
        assert str(answer.status) in described["responses"], (method, template, answer)
        if described["security"]:
            assert (answer.status, answer.code) == (401, "not_authenticated")


@pytest.mark.gen_test
async def test_a_body_of_the_wrong_type_is_refused_wherever_one_is_documented(
    port: int, rest: Document
) -> None:
    for method, template in OPERATIONS:
        described = rest["paths"][template][method]
        if "requestBody" in described and not described["security"]:
            answer = await probe(port, method, template, "Content-Type: text/csv", body=b"{}")
            assert (answer.status, answer.code) == (415, "unsupported_media_type")
            assert "415" in described["responses"]


@pytest.mark.gen_test
async def test_methods_that_are_not_documented_are_refused(port: int, rest: Document) -> None:
    for template, methods in rest["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} - set(methods):
            answer = await probe(port, method, template)
            assert answer.status == 405, (method, template)


@pytest.mark.gen_test
async def test_the_page_loads_nothing_from_elsewhere(port: int) -> None:
    page = await exchange(port, request("GET /docs"))
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for name in re.findall(r'(?:src|href)="([^"#]+)"', page.body.decode()):
        assert re.fullmatch(r"data:,|[\w/.]+", name)


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("name", "kind"), [("docs.css", "text/css"), ("docs.js", "text/javascript")]
)
async def test_the_page_s_files_have_their_types(port: int, name: str, kind: str) -> None:
    answer = await exchange(port, request(f"GET /docs/{name}"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, f"{kind}; charset=UTF-8")


@pytest.mark.gen_test
@pytest.mark.parametrize("name", ["nope.js", "..%2fdocs.html", "%2e%2e%2f%2e%2e%2fserver.py"])
async def test_no_other_file_is_served(port: int, name: str) -> None:
    answer = await exchange(port, request(f"GET /docs/{name}"))
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
@pytest.mark.gen_test(timeout=120)
async def test_a_browser_shows_every_operation_and_frame(
    port: int, app: Application, rest: Document, socket: Document, tmp_path: Path
) -> None:
    shown, complaints = await browse(f"http://127.0.0.1:{port}/docs", tmp_path)
    operations = [each for methods in rest["paths"].values() for each in methods.values()]
    for each in operations:
        assert f'id="{each["operationId"]}"' in shown
    for title in socket["components"]["messages"]:
        assert f'id="frame-{title}"' in shown
    assert "CONSOLE" not in complaints


async def browse(url: str, profile: Path) -> tuple[str, str]:
    """Open a page in a real browser; return its elements and the browser's log."""
    browser = await asyncio.create_subprocess_exec(
        str(CHROMIUM),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", f"--user-data-dir={profile}"),
        *("--virtual-time-budget=10000", "--dump-dom", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, log = await browser.communicate()
    return shown.decode(), log.decode(errors="replace")
