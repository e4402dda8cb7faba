"""Who may ask, what every answer carries, and how the command starts and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import etabli.examples
from etabli.faces.explore.app import application
from etabli.faces.explore.opened import Held
from tests.browser import served
from tests.faces.explore.conftest import Client

PENGUINS = str(etabli.examples.path("penguins.csv"))


def test_every_answer_forbids_what_it_can(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    for address in ("/", "/rows", "/rows.csv", "/nothing", "/assets/explore.css", "/assets/explore.js", "/busy", "/rows?x__=1"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert client.get("/assets/../server.py").status_code == 404 and client.get("/assets/server.py").status_code == 404


def test_only_our_own_name_only_get_and_no_embedding(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    assert client.get("/", host="evil.example").status_code == 421
    assert client.get("/", host="testserver.evil.example").status_code == 421
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert client.get("/rows", method).status_code == 405
    assert client.get("/rows", sec_fetch_site="cross-site", sec_fetch_mode="no-cors").status_code == 403
    assert client.get("/rows", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status_code == 200


def test_a_token_where_others_can_ask(look: Any) -> None:
    client = Client(application(Held(look(PENGUINS)), [], "secret"))
    assert (
        client.get("/").status_code
        == client.get("/?token=wrong").status_code
        == client.get("/", cookie="etabli-token=x").status_code
        == 403
    )
    entered = client.get("/rows?year__gt=2007&token=secret")
    assert (entered.status_code, entered.headers["location"]) == (303, "/rows?year__gt=2007")
    assert "httponly" in entered.headers["set-cookie"].lower() and "samesite=strict" in entered.headers["set-cookie"].lower()
    assert client.get("/", cookie=entered.headers["set-cookie"].split(";")[0]).status_code == 200


def test_a_fault_of_ours_is_a_page_too(look: Any, ask: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("etabli.faces.explore.opened.Opened.connect", lambda self: 1 / 0)
    answer = ask(look(PENGUINS)).get("/rows")
    assert answer.status_code == 500 and "Traceback" not in answer.text and "ZeroDivisionError" in capsys.readouterr().err


def test_more_is_shown_when_it_is_known(look: Any, ask: Any) -> None:
    held = Held(look(PENGUINS))
    held.busy = True
    assert "data-busy" in Client(application(held, [])).get("/").text and Client(application(held, [])).get("/busy").json()["busy"]
    held.busy, held.trouble = False, "line 7 has 3 cells"
    assert "line 7 has 3 cells" in Client(application(held, [])).get("/").text


def command(*words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "etabli", "explore", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def test_the_command_prints_its_address_serves_and_ends_at_ctrl_c() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with command(PENGUINS, env=environment) as process:
        address = process.stdout.readline().strip()  # type: ignore[union-attr]
        assert address.startswith("http://127.0.0.1:")
        assert b"344 rows" in urllib.request.urlopen(address).read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode in (0, 130), out, err) == (True, "", "")


def test_a_port_in_use_a_wrong_host_and_a_wrong_file_teach(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for words, said in (
            ((PENGUINS, "--port", port), "in use"),
            ((PENGUINS, "--host", "203.0.113.1"), "--host"),
            ((str(tmp_path / "no.csv"),), "not there"),
        ):
            with command(*words) as process:
                out, err = process.communicate(timeout=30)
            assert process.returncode == 2 and out == "" and said in err and "Traceback" not in err


def test_in_a_real_browser(tab: Any, tmp_path: Path) -> None:
    name = '<img src=x onerror="alert(1)">'
    file = tmp_path / "hostile.csv"
    file.write_text(
        f'age,"{name.replace(chr(34), chr(34) * 2)}","{"long " * 30}"\n'
        + "".join(
            f'{i},"{name}{i % 4}".,"{"wide " * 40}"\n'.replace('".,', '",').replace('onerror="alert(1)"', 'onerror=""alert(1)""')
            for i in range(200)
        )
    )
    with served("explore", str(file), "--no-open") as address:
        for width, dark in ((1100, False), (390, True)):
            seen = tab(width=width, dark=dark).open(address)
            for place in ("", "rows", "rows?age__gt=100&_facet=age&_desc=age"):
                seen.open(address + place)
                seen.fine()
                seen.fits()
                seen.accessible()
            seen.kept(f"explore-hostile-{width}")
        seen = tab().open(address + "rows")
        seen.page.select_option("[name=_column]", "age")
        seen.page.select_option("[name=_op]", "lt")
        seen.page.fill("[name=_value]", "10")
        seen.page.click("form.filter button")
        assert seen.page.url.endswith("/rows?age__lt=10") and "10 of 200 rows" in seen.page.inner_text("main")
        seen.page.click("tbody td:nth-child(3) a >> nth=0")
        assert "3 of 200 rows" in seen.page.inner_text("main")
        seen.page.click(".chip a >> nth=0")
        assert "50 of 200 rows" in seen.page.inner_text("main")
        seen.fine()
