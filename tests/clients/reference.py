"""MLflow's own server, which Karat is held against, and a Python that has it and its client."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import harness

STARTS = 180


def python():
    """Installs what the scripts of the guide need, and gives the Python that has it."""
    subprocess.run([pathlib.Path(__file__).with_name("run"), "--install", "guide"], check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", harness.ROOT / "target")).resolve()
    return str(target / "clients/guide/bin/python")


def environment(command, folder):
    """What MLflow's processes are given of ours."""
    kept = {name: os.environ[name] for name in ["LANG", "TMPDIR"] if name in os.environ}
    return {**kept, "PATH": f"{pathlib.Path(command).parent}:{os.environ['PATH']}", "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"}


class Server:
    """`mlflow server` with SQLite, started in a folder and not waited for."""

    def __init__(self, command, folder, *more):
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "store.db"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.api = f"http://127.0.0.1:{port}"
        asked = [command, "server", "--backend-store-uri", f"sqlite:///{self.database}", "--artifacts-destination", f"{folder}/artifacts",
                 "--host", "127.0.0.1", "--port", str(port), *more]
        with open(self.folder / "log", "a") as log:
            self.server = subprocess.Popen(asked, cwd=folder, env=environment(command, folder), stdout=log, stderr=log, start_new_session=True)

    def wait(self, every=0.1):
        """Until it answers."""
        until = time.monotonic() + STARTS
        while not healthy(self.api):
            if self.server.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"`mlflow server` does not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(every)

    def stop(self):
        """Ends it with its workers, whom it does not always take along."""
        self.server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.server.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()


@contextlib.contextmanager
def serving(command, *more):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(command, folder, *more)
        try:
            server.wait()
            yield server
        finally:
            server.stop()


def healthy(url):
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
