"""Fills a store with traces of three spans, every tenth a failure, every hundredth a run's. Prints its experiment and run as JSON.

    PYTHON fill.py COUNT [DATABASE]

MLflow's client writes one trace of each kind. Karat then is sent the client's own requests again, with other ids and times;
MLflow's server would take an hour for that, so the rows that it has made are copied within its database.
"""

import base64
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import time
import urllib.parse
import warnings
from concurrent.futures import ThreadPoolExecutor

warnings.filterwarnings("ignore")
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

import mlflow
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

STEP = 10_000_000
AT_ONCE, BATCH = 32, 250
TOPIC = "topic-xxxx"
TABLES = {"trace_info": "request_id", "trace_tags": "request_id", "trace_request_metadata": "request_id", "trace_metrics": "request_id",
          "spans": "trace_id", "span_metrics": "trace_id"}


class Kind:
    """A trace of a kind as the client has written it, and the requests that it made for it."""

    def __init__(self, fails=False):
        self.requests = []
        send = requests.Session.send

        def noted(session, request, **more):
            self.requests.append(request)
            return send(session, request, **more)

        requests.Session.send = noted
        try:
            answer(fails)
        except TimeoutError:
            pass
        requests.Session.send = send
        self.id = mlflow.get_last_active_trace_id().removeprefix("tr-")

    def replaced(self, n):
        """The id of a copy, and what stands in its texts instead of what."""
        id = f"{random.getrandbits(128):032x}"
        encoded = [base64.b64encode(bytes.fromhex(one)).decode() for one in [self.id, id]]
        return id, [(self.id, id), tuple(encoded), (TOPIC, f"topic-{n % 1000:04}")]


@mlflow.trace(span_type="AGENT")
def answer(fails):
    mlflow.update_current_trace(tags={"topic": TOPIC}, metadata={"mlflow.trace.session": "a session", "mlflow.trace.user": "alice"})
    for name in ["search", "model"]:
        with mlflow.start_span(name) as span:
            span.set_inputs({"text": "How is the weather?"})
            span.set_outputs({"text": "It is 7 degrees, and it will rain in the evening."})
    if fails:
        raise TimeoutError("the sensor is off")
    return "It is 7 degrees."


def instead(text, pairs):
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def chosen(kinds, count):
    """Kind and number of every copy, and by how many nanoseconds it is later."""
    for n in range(count):
        kind = "failed" if n % 10 == 0 else "of a run" if n % 100 == 55 else "good"
        yield kinds[kind], n, (n - count) * STEP


def copy_rows(database, kinds, count):
    connection = sqlite3.connect(database, timeout=60)
    # Generated columns make themselves.
    names = {table: [column[1] for column in connection.execute(f"PRAGMA table_xinfo({table})") if column[6] == 0] for table in TABLES}
    templates = {id(kind): {table: connection.execute(f"SELECT {', '.join(names[table])} FROM {table} WHERE {key} = ?", [f"tr-{kind.id}"]).fetchall()
                            for table, key in TABLES.items()} for kind in kinds.values()}
    copies = {table: [] for table in TABLES}
    for kind, n, later in chosen(kinds, count):
        _, pairs = kind.replaced(n)
        for table, rows in templates[id(kind)].items():
            for row in rows:
                times = [str(value) for name, value in zip(names[table], row) if name.endswith("_unix_nano")]
                all_pairs = pairs + [(time, str(int(time) + later)) for time in times]
                copies[table].append([
                    value + later if name.endswith("_unix_nano") else value + later // 1_000_000 if name == "timestamp_ms"
                    else instead(value, all_pairs) if isinstance(value, str) else value for name, value in zip(names[table], row)])
        if n % 5000 == 4999 or n == count - 1:
            with connection:
                for table, rows in copies.items():
                    connection.executemany(f"INSERT INTO {table} ({', '.join(names[table])}) VALUES ({', '.join('?' * len(names[table]))})", rows)
                    rows.clear()


def send_copies(api, kinds, count):
    """Batches of spans, and what is said of each of their traces."""
    address, own, now = urllib.parse.urlsplit(api).netloc, threading.local(), time.time_ns()

    def post(path, headers, body):
        own.connection = getattr(own, "connection", None) or http.client.HTTPConnection(address, timeout=60)
        own.connection.request("POST", path, body, headers)
        answer = own.connection.getresponse()
        told = answer.read()
        assert answer.status == 200, told

    def send(batch):
        spans, said = ExportTraceServiceRequest(), []
        for kind, n, later in batch:
            id, pairs = kind.replaced(n)
            for request in kind.requests:
                if request.path_url.endswith("/v1/traces"):
                    one = ExportTraceServiceRequest.FromString(request.body)
                    for span in (span for resource in one.resource_spans for scope in resource.scope_spans for span in scope.spans):
                        span.trace_id = bytes.fromhex(id)
                        span.start_time_unix_nano += later
                        span.end_time_unix_nano += later
                        for attribute in span.attributes:
                            attribute.value.string_value = instead(attribute.value.string_value, pairs)
                    spans.resource_spans.extend(one.resource_spans)
                    of_spans = request
                elif request.path_url.endswith("/mlflow/traces"):
                    body = json.loads(instead(as_text(request.body), pairs))
                    info = body["trace"]["trace_info"]
                    at = now + later
                    info["request_time"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 10**9)) + f".{at // 10**6 % 1000:03}Z"
                    said.append((request, json.dumps(body)))
        post(of_spans.path_url, headers(of_spans), spans.SerializeToString())
        for request, body in said:
            post(request.path_url, headers(request), body)

    every = list(chosen(kinds, count))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(send, [every[n:n + BATCH] for n in range(0, count, BATCH)]):
            pass


def as_text(body):
    return body if isinstance(body, str) else body.decode()


def headers(request):
    return {name: value for name, value in request.headers.items() if name.lower().startswith(("content-type", "x-"))}


def main():
    count, *database = sys.argv[1:]
    experiment = mlflow.set_experiment("filled")
    kinds = {"good": Kind(), "failed": Kind(fails=True)}
    with mlflow.start_run() as run:
        kinds["of a run"] = Kind()
    if database:
        copy_rows(database[0], kinds, int(count))
    else:
        send_copies(os.environ["MLFLOW_TRACKING_URI"], kinds, int(count))
    print(json.dumps({"experiment": experiment.experiment_id, "run": run.info.run_id}))


main()
