"""`etabli explore` from its options to a page in the browser, and back out cleanly at Ctrl-C."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import sys
import threading

from etabli.errors import UsageError
from etabli.faces.explore.app import application
from etabli.faces.explore.opened import Held
from etabli.faces.explore.opening import Wish, begun
from etabli.records import quiet

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(file: str, wish: Wish, host: str = "127.0.0.1", port: int = 0, browser: bool = True) -> None:
    """Serves until Ctrl-C (KeyboardInterrupt). Prints the address, alone, on standard output. port 0: any that is free."""
    listening = _listen(host, port)
    _without_pandas()
    first, later = begun(file, wish)
    held = Held(first)
    if later is not None:
        held.refine(lambda: later(quiet))
    port = listening.getsockname()[1]
    near = host in LOOPBACK
    token = "" if near else secrets.token_urlsafe(16)
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")] if near else []
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/" + (f"?token={token}" if token else "")
    app = application(held, hosts, token)
    print(address, flush=True)
    if browser and _has_browser():
        threading.Thread(target=_open, args=(address,), daemon=True).start()
    _run(app, listening)


class _NoPandas:
    """A finder that knows of no pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _without_pandas() -> None:
    """Lets pyarrow, which imports pandas (0.3 s on a busy core) at its first array, look for it once and find none: no frame is made here."""
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError("The port must be free.", f"--port {port} is in use", "leave --port out: a free one is taken") from None
        if error.errno == errno.EACCES:
            raise UsageError("Ports below 1024 belong to the system.", f"--port {port}", "--port 8001, or leave it out") from None
        raise UsageError("--host is an address of this machine.", f"{host}: {error.strerror or error}", "leave it out: 127.0.0.1") from None
    except OverflowError:
        listening.close()
        raise UsageError("A port is a number from 0 to 65535.", f"--port {port}") from None
    listening.listen(128)
    return listening


def _has_browser() -> bool:
    """Whether there is a screen to open a browser on."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)


def _run(app: object, listening: socket.socket) -> None:
    import uvicorn

    settings = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        loop="asyncio",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(settings).run(sockets=[listening])
