#!/usr/bin/env python3
"""The scripts beside this file on MLflow's own server and on Karat, and in what the two answer differently.

    PYTHON tests/clients/guide/compare.py [--karat FILE] [--mlflow FILE] [TOPIC...]

PYTHON is one that has what `requirements.txt` and `requirements-alone.txt` name: `tests/clients/run --install guide` puts it
into `target/clients/guide/bin`. Every request goes through a proxy that writes down what is asked and answered. Ids and times
are masked, requests are paired by what they ask, and answers are compared field by field. Fails where something differs that
has no reason in `reasons.py`.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "bench")]

import check
import harness
import karat
import model
import reference
import reasons
from differences import differences, masked, short

Call = collections.namedtuple("Call", "topic method path query asked status answer")
HOPS = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        target = http.client.HTTPConnection(self.server.target, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOPS}
        target.request(self.command, self.path, body, headers)
        answer = target.getresponse()
        told = answer.read()
        target.close()
        path = urllib.parse.urlsplit(self.path)
        self.server.calls.append(Call(self.server.topic, self.command, path.path, urllib.parse.parse_qs(path.query),
                                      parsed(body), answer.status, parsed(told)))
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOPS:
                self.send_header(name, value)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *_):
        pass


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return f"{len(body)} bytes" if len(body) > 100 or not body.isascii() else body.decode()


@contextlib.contextmanager
def recording(url):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    server.target, server.calls, server.topic = urllib.parse.urlsplit(url).netloc, [], ""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def ran(url, model_url, topics, name):
    """What was asked and answered while each script ran."""
    with recording(url) as proxy:
        for topic in topics:
            proxy.topic = topic
            environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "KARAT_API": f"http://127.0.0.1:{proxy.server_port}",
                           "MODEL": model_url, "PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
            done = subprocess.run([sys.executable, HERE / f"{topic}.py"], env=environment, capture_output=True, text=True)
            print(f"{'ok   ' if done.returncode == 0 else 'FAIL '} {name}: {topic}", flush=True)
            if done.returncode != 0:
                print(done.stderr.strip()[-3000:], flush=True)
        return proxy.calls


def endpoint(call):
    path = re.sub(r"/(artifacts|traces)/\d+/.*", r"/\1/…", masked(call.path))
    return f"{call.method} {path}"


def request(call):
    return json.dumps([masked(call.query), masked(call.asked)], sort_keys=True)


def pairs(ours, theirs):
    """Calls of one script that ask the same; of several the ones whose answers are most alike, for threads have no order. What
    then is left is paired by its endpoint."""
    for same in [lambda call: (call.topic, endpoint(call), request(call)), lambda call: (call.topic, endpoint(call))]:
        groups = collections.defaultdict(lambda: ([], []))
        for side, calls in enumerate([ours, theirs]):
            for call in calls:
                groups[same(call)][side].append(call)
        ours, theirs = [], []
        for mine, his in groups.values():
            nearest = sorted((distance(one, other), place, where) for place, one in enumerate(mine) for where, other in enumerate(his))
            taken, given = set(), set()
            for _, place, where in nearest:
                if place not in taken and where not in given:
                    taken.add(place)
                    given.add(where)
                    yield mine[place], his[where]
            ours += [call for place, call in enumerate(mine) if place not in taken]
            theirs += [call for where, call in enumerate(his) if where not in given]
    yield from ((call, None) for call in ours)
    yield from ((None, call) for call in theirs)


def distance(one, other):
    """First by what is asked, then by what is answered."""
    asked = differences(masked(one.asked), masked(other.asked))
    answered = differences(masked(one.answer), masked(other.answer))
    return 1000 * (one.status != other.status) + 10 * len(list(asked)) + len(list(answered))


def compare(ours, theirs):
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    alone = collections.Counter()
    paired = 0
    for one, other in pairs(ours, theirs):
        if one is None or other is None:
            alone[endpoint(one or other), "Karat" if one else "MLflow", (one or other).status] += 1
            continue
        paired += 1
        group = found[endpoint(one)]
        if one.status != other.status:
            group["status"].append((one, one.status, f"{other.status} {short(other.answer)}"))
        elif isinstance(one.answer, str) and isinstance(other.answer, str):
            if masked(one.answer) != masked(other.answer):
                group["body"].append((one, one.answer, other.answer))
        else:
            for place, mine, his in differences(masked(one.answer), masked(other.answer)):
                group[place].append((one, mine, his))
    without = 0
    for name, group in sorted(found.items()):
        if group:
            print(f"\n{name}")
        for place, cases in sorted(group.items()):
            why = {reasons.reason(name, place, mine, his) for _, mine, his in cases}
            without += None in why
            # One that has none is shown before others.
            call, mine, his = next((case for case in cases if None in why and not reasons.reason(name, place, *case[1:])), cases[0])
            print(f"  {place}  ({len(cases)}, {call.topic})\n    Karat   {short(mine)}\n    MLflow  {short(his)}")
            print("".join(f"    because {reason}\n" if reason else "    NO REASON\n" for reason in why), end="")
    print("\nAsked of one alone")
    for (name, of, status), count in sorted(alone.items()):
        why = reasons.alone(of, name)
        without += why is None
        print(f"  {of}: {count} x {name} -> {status}: {why or 'NO REASON'}")
    places = sum(map(len, found.values()))
    print(f"\n{paired} pairs of requests of {len(found)} endpoints; {places} places differ, {without} differences are without a reason")
    return without


def main():
    # MLflow has no scorers of Karat's.
    aside = {"check", "compare", "guide", "interface", "karat_scorers", "reasons", "send"}
    all_topics = sorted(script.stem for script in HERE.glob("*.py") if script.stem not in aside)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--karat", metavar="FILE", help="this binary; default: the release build")
    parser.add_argument("--mlflow", metavar="FILE", default=str(pathlib.Path(sys.executable).parent / "mlflow"),
                        help="MLflow's command; default: the one beside PYTHON")
    parser.add_argument("topics", metavar="TOPIC", nargs="*", help=", ".join(all_topics))
    asked = parser.parse_args()
    unknown = [topic for topic in asked.topics if topic not in all_topics]
    if unknown:
        parser.error(f"there is no script `{unknown[0]}`; there are {', '.join(all_topics)}")
    topics = asked.topics or all_topics
    binary = os.path.abspath(asked.karat) if asked.karat else harness.binary()
    with model.serving() as model_url:
        with karat.serving(binary, lambda folder: check.arguments(model_url, folder)) as server:
            ours = ran(server.api, model_url, topics, "Karat")
        with reference.serving(asked.mlflow, "--workers", "1") as server:
            theirs = ran(server.api, model_url, topics, "MLflow")
    return 1 if compare(ours, theirs) else 0


if __name__ == "__main__":
    sys.exit(main())
