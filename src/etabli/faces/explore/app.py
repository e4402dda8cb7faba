"""The pages as a web application: addresses, what may ask, what browsers are told to forbid, and errors as pages that teach.

The server reads and never writes, so it answers GET alone. A foreign site that points its own name at this machine (DNS rebinding) is
refused by its Host; one that embeds a page here is refused by what the browser says of the request. Where others than this machine
can reach it, a token is asked for, once, and kept in a cookie.
"""

from __future__ import annotations

import hmac
import sys
from collections.abc import Sequence
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, urlencode

from etabli.errors import EtabliError
from etabli.faces.explore import formats
from etabli.faces.explore.look import chosen, look
from etabli.faces.explore.opened import Held, Opened
from etabli.faces.explore.page import FORMATS, NotThere, Page, Shown, State, pages, render

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
COOKIE = "etabli-token"
ASSETS = {"explore.css": "text/css", "explore.js": "text/javascript", "map.js": "text/javascript"}


def application(held: Held, hosts: Sequence[str] = (), token: str = "") -> Any:
    """The ASGI application. hosts: what the Host header may say, with its port (empty: anything). token: "" for none."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    routes = [Route("/assets/{name}", _asset), Route("/report", partial(_report, held)), Route("/busy", partial(_busy, held))]
    for page in pages():
        if "{" not in page.path:
            routes += [Route(f"{page.path.rstrip('/') or '/index'}.{form}", partial(_answer, held, page, form)) for form in FORMATS]
        routes.append(Route(page.path, partial(_answer, held, page, "")))
    routes.append(Route("/{rest:path}", partial(_nowhere, held)))
    return _Guard(Starlette(routes=routes), held, frozenset(host.casefold() for host in hosts), token)


def _answer(held: Held, page: Page, form: str, request: Any) -> Any:
    """A page or one of its sheets; whatever goes wrong is a page too."""
    from starlette.responses import JSONResponse, RedirectResponse

    opened = held.now
    raw = page.path if form else request.scope["raw_path"].decode("ascii", "replace")
    pairs = tuple(parse_qsl(request.url.query, keep_blank_values=True, errors="replace"))
    state = State(raw, pairs, dict(request.path_params))
    state = state.but(_format=form) if form else state
    try:
        opened = chosen(opened, state)
        shown = page.answer(opened, state)
        if shown.to:
            return RedirectResponse(shown.to, 303)
        if state.get("_format"):
            return _sheet(opened, state, shown, state.get("_format"))
    except EtabliError as error:
        status = 404 if isinstance(error, NotThere) else 400
        if state.get("_format") == "json":
            return JSONResponse({"rule": error.rule, "got": error.got, "hint": error.hint}, status)
        shown = told(opened, error, status)
    except Exception as error:
        if opened.changed:
            gone = EtabliError(
                "A page shows the file as it was opened.", f"{opened.name} was changed, moved or deleted", "start `etabli explore` again"
            )
            return (
                JSONResponse({"rule": gone.rule, "got": gone.got, "hint": gone.hint}, 409)
                if state.get("_format") == "json"
                else _html(framed(held, told(opened, gone, 409), state, page, opened))
            )
        print(f"error: {state.path}: {type(error).__name__}: {error}", file=sys.stderr)
        shown = told(opened, EtabliError("This is a fault of ours, not yours.", type(error).__name__), 500)
    return _html(framed(held, shown, state, page, opened))


def _html(page: tuple[str, int]) -> Any:
    from starlette.responses import HTMLResponse

    return HTMLResponse(page[0].encode("utf-8", "replace"), page[1])


def _sheet(opened: Opened, state: State, shown: Shown, form: str) -> Any:
    from starlette.responses import StreamingResponse

    name = state.get("_sheet") or next(iter(shown.sheets), "")
    if form not in FORMATS or name not in shown.sheets:
        raise NotThere(
            "A page gives its tables as json, csv or parquet.", f"{name or 'no table'}.{form}", "tables here: " + ", ".join(shown.sheets)
        )
    pieces = formats.written(shown.sheets[name], opened, form)
    head = {} if form == "json" else {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingResponse(pieces, headers=head, media_type=formats.TYPES[form])


def told(opened: Opened, error: EtabliError, status: int) -> Shown:
    """An error as a page: the rule, what came, and what to do."""
    return Shown(error.rule, render("teach.html", opened, error=error, status=status), {}, status)


def framed(held: Held, shown: Shown, state: State, page: Page | None = None, opened: Opened | None = None) -> tuple[str, int]:
    """(the whole HTML, its status): navigation around what a page shows. opened: the file as the address chose it (default: as it is held)."""
    places = [(one.path, one.word, one is page) for one in pages() if one.word]
    opened = opened or held.now
    values = {
        "title": shown.title,
        "body": shown.body,
        "places": places,
        "sheets": list(shown.sheets),
        "state": state,
        "held": held,
        "look": look(opened, state),
    }
    return render("base.html", opened, **values), shown.status


def _nowhere(held: Held, request: Any) -> Any:
    from etabli.errors import did_you_mean

    path, known = request.url.path, [page.path for page in pages() if "{" not in page.path]
    error = NotThere("There is no such page.", path, did_you_mean(path, known) or "pages: " + ", ".join(known))
    return _html(framed(held, told(held.now, error, 404), State("/")))


def _asset(request: Any) -> Any:
    from starlette.responses import Response

    name = request.path_params["name"]
    text = asset(name)
    return Response(text, 404 if text is None else 200, media_type=ASSETS.get(name, "text/plain"))


def _report(held: Held, request: Any) -> Any:
    """The report of the run that was opened; it brings its own policy."""
    from starlette.responses import FileResponse

    place = None if held.now.run is None else held.now.run / "report.html"
    if place is None or not place.is_file():
        return _nowhere(held, request)
    return FileResponse(place, headers={"content-security-policy": "base-uri 'none'; frame-ancestors 'none'"})


def _busy(held: Held, request: Any) -> Any:
    """Whether more of the file is being looked at: what the script asks while the banner says so."""
    from starlette.responses import JSONResponse

    return JSONResponse({"busy": held.busy, "rows": held.now.rows})


def asset(name: str) -> str | None:
    """A style sheet or script of the pages; the style is the report's with what is special here."""
    if name not in ASSETS:
        return None
    place = resources.files(__package__).joinpath(name)
    if not place.is_file():
        return None
    text = place.read_text(encoding="utf-8")
    if name.endswith(".css"):
        from etabli.faces import figures

        report = resources.files("etabli.faces.report").joinpath("style.css").read_text(encoding="utf-8")
        return f"{figures.STYLE}\n{report}\n{text}"
    return text


class _Guard:
    """What every request passes: GET alone, our own Host, the token where one is needed, not embedded by another site; and the headers
    that every answer carries."""

    def __init__(self, app: Any, held: Held, hosts: frozenset[str], token: str) -> None:
        self.app, self.held, self.hosts, self.token = app, held, hosts, token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        ours = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in dict(message["headers"]))]
            await send(message)

        refused = self._refused(scope, headers)
        await (refused or self.app)(scope, receive, sent)

    def _refused(self, scope: Any, headers: dict[str, str]) -> Any:
        from starlette.responses import PlainTextResponse, RedirectResponse

        if self.hosts and headers.get("host", "").casefold() not in self.hosts:
            return PlainTextResponse("This server answers to its own address only.\n", 421)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("This server is read, never written to: GET only.\n", 405, {"allow": "GET, HEAD"})
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return PlainTextResponse("Other sites may link here, not embed.\n", 403)
        if not self.token:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(pairs).get("token", "")
        if hmac.compare_digest(given.encode(), self.token.encode()):
            rest = [pair for pair in pairs if pair[0] != "token"]
            to = scope["raw_path"].decode("latin-1") + (f"?{urlencode(rest)}" if rest else "")
            answer = RedirectResponse(to, 303)
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
            return answer
        cookies = dict(part.strip().partition("=")[::2] for part in headers.get("cookie", "").split(";"))
        if hmac.compare_digest(cookies.get(COOKIE, "").encode(), self.token.encode()):
            return None
        return PlainTextResponse("The address that was printed holds a token; it is needed once.\n", 403)
