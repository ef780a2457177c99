"""The service as a process: its port, its signals."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest


def start(port: str) -> subprocess.Popen:
    env = {**os.environ, "PORT": port}
    return subprocess.Popen([sys.executable, "-m", "app"], env=env, stderr=subprocess.PIPE, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_request_is_answered_before_the_service_is_gone(number):
    port = free_port()
    service = start(str(port))
    try:
        wait_until_ready(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            body = b'{"name": "anchor"}'
            head = f"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body[:5])
            time.sleep(0.3)
            service.send_signal(number)
            time.sleep(0.3)
            client.sendall(body[5:])
            assert client.recv(4096).startswith(b"HTTP/1.1 201")
        _, log = service.communicate(timeout=20)
        assert "Application shutdown complete" in log
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/health")
    finally:
        service.kill()
        service.wait()


def test_a_port_that_is_none_ends_the_start_in_words():
    service = start("http")
    _, log = service.communicate(timeout=20)
    assert service.returncode == 1
    assert log == "python-api: PORT is 'http'; it must be a number from 1 to 65535\n"
