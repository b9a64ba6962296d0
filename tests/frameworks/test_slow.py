"""Senders that do not send their bodies, where a framework would wait for ever."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from callback_verifier import Verified, Verifier
from callback_verifier.aiohttp import verified_callback
from callback_verifier.testing import signed_callback, signing_key


def test_aiohttp_does_not_wait_for_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callback_verifier.aiohttp.BODY_TIMEOUT", 0.05)
    callback = signed_callback("http://hooks.example.com/hook", fields={"name": "Mike"})
    head = "".join([f"POST {callback.target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in callback.headers), "\r\n"])

    @verified_callback(Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem))
    async def hook(request: web.Request, verified: Verified) -> web.Response:
        return web.Response(text=verified.callback.action)

    async def ask(body: bytes) -> bytes:
        app = web.Application()
        app.router.add_post("/hook", hook)
        async with TestServer(app) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n")
            writer.close()
            return answer

    assert asyncio.run(asyncio.wait_for(ask(callback.body[:-1]), 30)) == b"HTTP/1.1 408 Request Timeout\r\n"
    assert asyncio.run(asyncio.wait_for(ask(callback.body), 30)) == b"HTTP/1.1 200 OK\r\n"
