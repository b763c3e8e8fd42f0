"""MLflow's own server, beside which ours is held."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

STARTS = 180


@contextlib.contextmanager
def serving(command, **settings):
    """Starts it with MLflow's command, a database that is thrown away, and what else is to be in its environment."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        asked = [command, "server", "--backend-store-uri", f"sqlite:///{folder}/store.db", "--artifacts-destination", f"{folder}/artifacts",
                 "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        kept = {"PATH": f"{pathlib.Path(command).parent}:{os.environ['PATH']}", "HOME": folder, "MLFLOW_DISABLE_TELEMETRY": "true", **settings}
        with open(f"{folder}/log", "w") as log:
            server = subprocess.Popen(asked, cwd=folder, env=kept, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + STARTS
            while not healthy(url):
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"`mlflow server` does not start:\n{pathlib.Path(folder, 'log').read_text()}")
                time.sleep(0.5)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def healthy(url):
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
