"""HTTP/1.1 over loopback for an application in this process: what comes in reaches it as it was sent.

It is for tests: one request a connection, and no more than a receiver under test needs. Whatever is not of the grammar is answered
with 400 (RFC 9112), as real servers do.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: How long a head may be, in bytes.
MOST_HEAD = 4 << 20
#: How long a connection may be silent, in seconds.
SILENCE = 30.0
PART = 64 * 1024

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)")


class BadRequest(Exception):
    """What came is no request of HTTP/1.1."""


class Body(RawIOBase):
    """The body of a request, read as it comes."""

    def __init__(self, stream: BufferedIOBase, headers: list[tuple[bytes, bytes]]) -> None:
        lengths = {value for name, value in headers if name.lower() == b"content-length"}
        codings = [value.lower() for name, value in headers if name.lower() == b"transfer-encoding"]
        if len(lengths) > 1 or (codings and (lengths or codings != [b"chunked"])):
            raise BadRequest("no one knows how long the body is")
        if not all(re.fullmatch(rb"[0-9]{1,18}", length) for length in lengths):
            raise BadRequest("malformed `Content-Length`")
        super().__init__()
        self._stream = stream
        self._in_chunks = bool(codings)
        self._left = 0 if codings else int(next(iter(lengths), b"0"))
        self._has_ended = not codings and not lengths

    def readable(self) -> bool:
        return True

    def readinto(self, room: WriteableBuffer) -> int:
        """What has come, as far as there is room; nothing at the end."""
        with memoryview(room).cast("B") as view:
            part = self._part(len(view))
            view[: len(part)] = part
        return len(part)

    def _part(self, size: int) -> bytes:
        if self._left == 0 and self._in_chunks and not self._has_ended:
            self._next_chunk()
        part = self._stream.read1(min(size, self._left)) if self._left else b""
        if self._left and not part and size:
            raise BadRequest("the body broke off")
        self._left -= len(part)
        if self._in_chunks and part and self._left == 0 and self._stream.read(2) != b"\r\n":
            raise BadRequest("a chunk has no end")
        return part

    def _next_chunk(self) -> None:
        size = re.fullmatch(rb"([0-9A-Fa-f]{1,15})(?:;[^\r\n]*)?\r\n", self._stream.readline(PART))
        if size is None:
            raise BadRequest("a chunk has no size")
        self._left = int(size[1], 16)
        if self._left == 0:
            self._has_ended = True
            while (line := self._stream.readline(PART)) != b"\r\n":
                if not line:
                    raise BadRequest("the trailer broke off")


class Request:
    """A request whose head was read."""

    def __init__(self, stream: BufferedIOBase) -> None:
        lines = self._head(stream).split(b"\r\n")
        request_line = _REQUEST_LINE.fullmatch(lines[0])
        headers = [_HEADER.fullmatch(line) for line in lines[1:]]
        if request_line is None:
            raise BadRequest("malformed request line")
        self.method, self.target, minor = request_line.groups()
        self.version = f"1.{minor.decode()}"
        self.headers: list[tuple[bytes, bytes]] = []
        for header in headers:
            if header is None:
                raise BadRequest("malformed header line")
            self.headers.append((header[1], header[2].strip(b" \t")))
        if sum(name.lower() == b"host" for name, _ in self.headers) != 1:
            raise BadRequest("not one `Host`")
        self.body = Body(stream, self.headers)

    @staticmethod
    def _head(stream: BufferedIOBase) -> bytes:
        head = bytearray()
        while line := stream.readline(MOST_HEAD):
            head += line
            if not line.endswith(b"\r\n"):
                break
            if line == b"\r\n" and len(head) > 2:
                return bytes(head[:-4])
            if len(head) >= MOST_HEAD:
                break
        raise BadRequest("the head does not end, or its lines do not end with CRLF")

    @property
    def path(self) -> bytes:
        return self.target.split(b"?", 1)[0]

    @property
    def query(self) -> bytes:
        return self.target.partition(b"?")[2]


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
App = Callable[..., Any]


def is_asgi(app: App) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))


class Served:
    """Serves an application, ASGI or WSGI, on a free port of loopback, for as long as the `with` block lasts."""

    def __init__(self, app: App) -> None:
        if not callable(app):
            raise TypeError(f"`app` must be an ASGI or a WSGI application, or a URL, got {type(app).__name__}")
        self._server = _Server(_Asgi(app) if is_asgi(app) else _Wsgi(app))

    @property
    def address(self) -> str:
        """`host:port`"""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Served:
        try:
            self._server.app.start(int(self._server.server_address[1]))
        except BaseException:
            self._server.server_close()
            raise
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.app.stop()


class _Connection(socketserver.StreamRequestHandler):
    timeout = SILENCE

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        _answer(self.server.app, self.rfile, self.wfile)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, app: _Asgi | _Wsgi) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.app = app

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that hangs up is no failure of ours."""


def _answer(app: _Asgi | _Wsgi, stream: BufferedIOBase, out: Any) -> None:
    try:
        status, headers, body = app.answer(Request(stream))
    except BadRequest as error:
        status, headers, body = 400, [], f"{error}\n".encode()
    except Exception:
        # pytest shows it beside the test that it broke.
        traceback.print_exc(file=sys.stderr)
        status, headers, body = 500, [], b"the application failed\n"
    dropped = (b"content-length", b"transfer-encoding", b"connection")
    lines = [name + b": " + value for name, value in headers if name.lower() not in dropped]
    lines += [b"Content-Length: %d" % len(body), b"Connection: close"]
    out.write(b"HTTP/1.1 %d -\r\n" % status + b"\r\n".join(lines) + b"\r\n\r\n" + body)


class _Wsgi:
    """Calls a WSGI application (PEP 3333) on the thread of the connection."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._port = 0

    def start(self, port: int) -> None:
        self._port = port

    def stop(self) -> None:
        pass

    def answer(self, request: Request) -> Answer:
        told: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
            told.append((status, headers))
            return written.append

        parts: Iterable[bytes] = self._app(self._environ(request), start_response)
        try:
            returned = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = told[-1]
        return int(status.split(" ", 1)[0]), [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers], b"".join([*written, returned])

    def _environ(self, request: Request) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method.decode(),
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
            "QUERY_STRING": request.query.decode(),
            "REQUEST_URI": request.target.decode(),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self._port),
            "SERVER_PROTOCOL": f"HTTP/{request.version}",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BufferedReader(request.body, PART),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers:
            # One with an underscore would pass for another one.
            if b"_" in name:
                continue
            key = name.decode().upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
        return environ


class _Asgi:
    """Calls an ASGI application (version 3) in an event loop of its own, which lasts as long as the server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._begins: asyncio.Queue[str] = asyncio.Queue()
        self._state: dict[str, Any] = {}
        self._life: Any = None

    def start(self, port: int) -> None:
        self._port = port
        self._thread.start()
        try:
            self._run(self._start_up())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        try:
            self._run(self._shut_down())
        finally:
            self._end()

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._clear())
            self._loop.close()

    async def _clear(self) -> None:
        """Ends what the application has left behind."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        answer: Answer = self._run(self._called(request))
        return answer

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _start_up(self) -> None:
        """The lifespan protocol; an application that has none fails at once, which is how one tells."""
        started = self._loop.create_future()

        async def receive() -> dict[str, Any]:
            return {"type": await self._begins.get()}

        async def send(message: dict[str, Any]) -> None:
            if not started.done():
                started.set_result(message)

        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        self._life = asyncio.ensure_future(self._app(scope, receive, send))
        await self._begins.put("lifespan.startup")
        await asyncio.wait([started, self._life], return_when=asyncio.FIRST_COMPLETED)
        if started.done() and started.result()["type"] == "lifespan.startup.failed":
            raise RuntimeError(f"the application did not start: {started.result().get('message', '')}")

    async def _shut_down(self) -> None:
        await self._begins.put("lifespan.shutdown")
        await asyncio.wait([self._life], timeout=SILENCE)
        if self._life.done() and not self._life.cancelled():
            self._life.exception()

    async def _called(self, request: Request) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.version,
            "method": request.method.decode(),
            "scheme": "http",
            "path": unquote_to_bytes(request.path).decode(errors="replace"),
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", self._port),
            "state": dict(self._state),
        }
        head: dict[str, Any] = {}
        parts: list[bytes] = []
        has_ended = False

        async def receive() -> dict[str, Any]:
            nonlocal has_ended
            if has_ended:
                return {"type": "http.disconnect"}
            try:
                part = await asyncio.to_thread(request.body.read, PART)
            except (BadRequest, OSError):
                has_ended = True
                return {"type": "http.disconnect"}
            has_ended = not part
            return {"type": "http.request", "body": part, "more_body": not has_ended}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            else:
                parts.append(bytes(message.get("body", b"")))

        await self._app(scope, receive, send)
        return head["status"], [(bytes(name), bytes(value)) for name, value in head.get("headers", [])], b"".join(parts)
