"""`karat serve` with a store of its own, and what it took in, as a user reads it: with `karat traces`, and over HTTP."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request


class Karat:
    def __init__(self, binary, folder, more):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        kept = {name: os.environ[name] for name in ["PATH", "XDG_CACHE_HOME"] if name in os.environ}
        self.environment = {"HOME": str(folder), **kept}
        command = [self.binary, "serve", "--json", "--port", "0", "--otlp-port", "0", "--grpc-port", "0", *self.store(), *more]
        self.server = subprocess.Popen(command, cwd=folder, env=self.environment, stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        assert line, f"`karat serve` has ended with {self.server.wait()}"
        addresses = json.loads(line)
        self.api, self.http, self.grpc = addresses["api"], addresses["otlp_http"], addresses["otlp_grpc"]
        self.gateway, self.token = addresses.get("gateway", ""), addresses.get("gateway_token", "")

    def store(self):
        return ["--store", str(self.folder / "store")]

    def run(self, *arguments):
        command = [self.binary, *arguments, *self.store(), "--json"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def get(self, path, **query):
        asked = f"{self.api}/api/karat/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def search(self, filter):
        """The headers of traces of which a filter holds."""
        return self.run("traces", "search", filter, "--limit", "1000")["traces"]

    def trace(self, filter):
        """The one trace of which a filter holds."""
        found = self.search(filter)
        assert len(found) == 1, f"`{filter}` finds {len(found)} traces: {[one['name'] for one in found]}"
        return Trace(self.run("traces", "show", found[0]["id"], "--spans", "100000"))

    def spans(self, trace):
        """The spans of a trace as they came, over HTTP."""
        return self.get(f"traces/{trace.info['id']}/spans", limit=1000)["spans"]

    def called(self, trace, calls):
        """Whether a scorer finds these calls of tools in a trace, in this order, and no others."""
        expected = [{"name": name, "arguments": arguments} for name, arguments in calls]
        return self.score(trace, "tool_calls_match", {"expected_tool_calls": expected}) == 1

    def retrieved(self, trace, ids):
        """Whether a scorer finds that these documents, and all of them, were retrieved."""
        expected = {"expected_retrieved_context": [{"id": id} for id in ids]}
        return [self.score(trace, scorer, expected) for scorer in ["retrieval_precision", "retrieval_recall"]] == [1, 1]

    def score(self, trace, scorer, expectations):
        row = {"id": "r", "inputs": {}, "outputs": "", "expectations": expectations,
               "trace": {"trace_id": trace.info["id"], "spans": self.spans(trace)}}
        (self.folder / "rows.jsonl").write_text(json.dumps(row))
        (self.folder / "karat.yaml").write_text(f"name: t\ndata: {{ path: rows.jsonl }}\nscorers: [{scorer}]\n")
        return self.run("eval")["scorers"][scorer]["value"]

    def stop(self):
        """Asks it to stop, and says how it ended."""
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(30)


@contextlib.contextmanager
def serving(binary, arguments=lambda folder: []):
    """`arguments` says what it is told beside, once its folder is there."""
    with tempfile.TemporaryDirectory() as folder:
        karat = Karat(binary, folder, arguments(pathlib.Path(folder)))
        try:
            yield karat
        finally:
            karat.server.kill()
            karat.server.wait()


class Trace:
    def __init__(self, shown):
        self.spans = [Span(self, span) for span in shown.pop("shown")]
        self.info = shown

    @property
    def root(self):
        return next(span for span in self.spans if span.id == self.info["root"])

    def named(self, name):
        """The spans of a name, in the order of their start."""
        return [span for span in self.spans if span.name == name]

    def span(self, name):
        found = self.named(name)
        assert len(found) == 1, f"{len(found)} spans are named `{name}`: {[span.name for span in self.spans]}"
        return found[0]

    def tree(self):
        """Every span as `parent > name`, in order."""
        return [f"{span.parent.name} > {span.name}" if span.parent else span.name for span in self.spans]


class Span:
    def __init__(self, trace, shown):
        self.trace = trace
        self.id, self.name, self.kind, self.model = (shown[key] for key in ["id", "name", "kind", "model"])
        self.error, self.tokens, self.cost = (shown[key] for key in ["error", "tokens", "cost"])
        self.inputs, self.outputs, self.attributes = (shown[key] for key in ["inputs", "outputs", "attributes"])
        self.above = shown["parent"]

    @property
    def parent(self):
        return next((span for span in self.trace.spans if span.id == self.above), None)

    def counts(self):
        """Tokens: input, output, total, of the cache, of reasoning."""
        return self.tokens and tuple(self.tokens[key] for key in ["input", "output", "total", "cache_read", "reasoning"])
