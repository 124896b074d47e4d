"""The part of Kubeflow's API that submitting needs, over HTTP; it keeps what it was sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

EXPERIMENT = {"experiment_id": "e1", "display_name": "dermaflow"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path.removeprefix("/apis/v2beta1/")
        if path == "healthz":
            self._answer({"multi_user": False})
        elif path == "experiments":
            self._answer({"experiments": [EXPERIMENT]})
        elif path == "experiments/e1":
            self._answer(EXPERIMENT)
        elif path == "runs":
            self._answer({"runs": [self._run("r2"), self._run("r1")]})
        elif path == "runs/gone":
            self._answer({"error": "no run gone"}, 404)
        elif path.startswith("runs/"):
            self._answer(self._run(path.removeprefix("runs/")))
        else:
            self._answer({"error": f"nothing at {path}"}, 404)

    def do_POST(self):
        path = urlsplit(self.path).path.removeprefix("/apis/v2beta1/")
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.sent[path] = sent
        if path == "experiments":
            self._answer(EXPERIMENT)
        elif path == "runs":
            self._answer({"run_id": "r1"})
        elif path == "recurringruns":
            self._answer({"recurring_run_id": "s1", "display_name": sent["display_name"]})
        else:
            self._answer({"error": f"nothing at {path}"}, 404)

    def _run(self, run_id):
        states = self.server.states
        state = states.pop(0) if len(states) > 1 else states[0]
        tasks = [{"display_name": "ingest", "state": "SUCCEEDED"}]
        details = {"task_details": tasks}
        return {"run_id": run_id, "display_name": "a run", "state": state, "run_details": details}

    def _answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ApiServer(ThreadingHTTPServer):
    """Listens as a context; ``states`` are those that runs have, one a look, the last for good."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.sent, self.states = {}, ["PENDING"]
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
