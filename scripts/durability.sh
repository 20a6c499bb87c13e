#!/usr/bin/env bash
# Kills the gateway with SIGKILL while clients write to it, again and again on one data folder, and checks after every
# restart that each acknowledged write is there and nothing is half written.
# A killed process loses nothing that the kernel has, so strace shows besides that the disk has a write before its
# client hears of it.
# Usage: scripts/durability.sh [ROUNDS]; 100 rounds by default. GATEWAY_BIN names another binary, SEED repeats a run.
set -euo pipefail
cd "$(dirname "$0")/.."
gateway="${GATEWAY_BIN:-.build/release/dataplane-gateway}"
[ -x "$gateway" ] || { echo "$gateway is not built: make build, or set GATEWAY_BIN" >&2; exit 1; }
exec python3 - "$gateway" "${1:-100}" "${SEED:-$RANDOM}" <<'PY'
import atexit, http.client, itertools, json, os, random, re, shutil, signal, sqlite3, subprocess, sys, tempfile, threading, time

binary, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
folder = tempfile.mkdtemp(prefix="gateway-durability.")
objects = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"
own_groups = {"aggregation.grafana.app"}
numbers = itertools.count(1)
WRITERS, NAMES = 6, 4
expected = {f"w{w}n{n}.example.com": [None] for w in range(WRITERS) for n in range(NAMES)}
newest = 0
acknowledged = unanswered = starts_killed = 0


def fail(why):
    sys.exit(f"durability: FAILED (SEED={seed}): {why}; the files are kept in {folder}")


class Gateway:
    def __init__(self):
        os.makedirs(f"{folder}/plugins", exist_ok=True)
        os.makedirs(f"{folder}/provisioning/datasources", exist_ok=True)
        self.log = open(f"{folder}/gateway.log", "ab")
        self.process = subprocess.Popen(
            [binary, "serve", "--http-port", "any", "--secure-port", "any", "--admin-address", "127.0.0.1:0", "--plugins-dir",
             f"{folder}/plugins", "--provisioning", f"{folder}/provisioning", "--data-dir", f"{folder}/data"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        atexit.register(self.process.kill)

    def wait(self):
        for line in self.process.stdout:
            found = re.match(r"ready .*http=http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                return self
        fail(f"the gateway did not start again: {open(f'{folder}/gateway.log').read()[-2000:]}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)


def ask(connection, method, path, body=None, kind="application/json"):
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind} if body else {})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def content(name, number):
    """An object that says its number in several places, far apart: a mixture of two writes would show."""
    filling = f"{number}-" * (number * 37 % 4000 + 1)
    return {
        "apiVersion": "aggregation.grafana.app/v0alpha1", "kind": "DataPlaneService",
        "metadata": {"name": name, "labels": {"number": str(number)}, "annotations": {"example.com/filling": filling}},
        "spec": {"pluginID": f"plugin-{number}", "pluginType": "datasource", "group": name, "version": "v1",
                 "services": [{"type": "query"}]}}


def number_of(item):
    """The number of the write that an object shows, checked in every place."""
    name, labels = item["metadata"]["name"], item["metadata"].get("labels", {})
    number = int(labels.get("number", "0"))
    whole = content(name, number)
    seen = (item["metadata"].get("annotations"), item["spec"])
    if seen != (whole["metadata"]["annotations"], whole["spec"]):
        fail(f"{name} is half written: label {number}, {item['spec']}, {str(seen[0])[:80]}")
    return number


def write(gateway, writer, dice, lock):
    """Writes until the connection breaks; the last write without an answer may or may not be there later."""
    global acknowledged, unanswered, newest
    connection = gateway.connect()
    while True:
        name = f"w{writer}n{dice.randrange(NAMES)}.example.com"
        now, number, roll = expected[name][0], next(numbers), dice.random()
        body, path, kind, after = content(name, number), f"{objects}/{name}", "application/json", number
        if now is None:
            method, path = "POST", objects
        elif roll < 0.2:
            method, body, after = "DELETE", None, None
        elif roll < 0.5:
            method, kind = "PATCH", "application/merge-patch+json"
        else:
            method = "PUT"
        try:
            if method == "PUT":
                version = ask(connection, "GET", path)[1]["metadata"]["resourceVersion"]
                body["metadata"]["resourceVersion"] = version
            expected[name] = [now, after]
            status, answer = ask(connection, method, path, body, kind)
        except (OSError, http.client.HTTPException, ValueError):
            with lock:
                unanswered += 1
            return
        if status == 409 and method == "PUT":
            # The gateway wrote its conditions in between.
            expected[name] = [now]
            continue
        if status != (201 if method == "POST" else 200):
            problems.append(f"{method} {path}: {status} {answer.get('message')}")
            return
        expected[name] = [after]
        with lock:
            acknowledged += 1
            if method != "DELETE":
                newest = max(newest, int(answer["metadata"]["resourceVersion"]))


def check_file():
    """SQLite's own check, of a copy: opening the file itself would repair what the gateway has to repair."""
    for name in ("gateway.db", "gateway.db-wal"):
        if os.path.exists(f"{folder}/data/{name}"):
            shutil.copy(f"{folder}/data/{name}", f"{folder}/copy{name[7:]}")
    database = sqlite3.connect(f"{folder}/copy.db")
    verdict = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    for name in ("copy.db", "copy.db-wal", "copy.db-shm"):
        if os.path.exists(f"{folder}/{name}"):
            os.remove(f"{folder}/{name}")
    if verdict != [("ok",)]:
        fail(f"the database is damaged: {verdict}")


def check(gateway):
    connection = gateway.connect()
    status, page = ask(connection, "GET", objects)
    if status != 200:
        fail(f"the list failed: {status} {page}")
    if int(page["metadata"]["resourceVersion"]) < newest:
        fail(f"resourceVersion went back from {newest} to {page['metadata']['resourceVersion']}")
    found = {item["metadata"]["name"]: number_of(item) for item in page["items"]}
    if set(found) - set(expected):
        fail(f"objects that nobody made: {set(found) - set(expected)}")
    for name, allowed in expected.items():
        if found.get(name) not in allowed:
            fail(f"{name} is at write {found.get(name)}, allowed are {allowed}")
        expected[name] = [found.get(name)]
    groups = {group["name"] for group in ask(connection, "GET", "/apis")[1]["groups"]} - own_groups
    if groups != set(found):
        fail(f"the routes are not those of the objects: {groups ^ set(found)}")
    connection.close()


def show_order(gateway):
    """Whether the database was synchronised before the 201 went out, as the kernel saw it."""
    trace = f"{folder}/trace"
    if not shutil.which("strace"):
        return print("durability: order of sync and answer skipped: strace is not installed")
    calls = "trace=read,recvfrom,recvmsg,pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
    tracer = subprocess.Popen(["strace", "-f", "-y", "-tt", "-s", "48", "-e", calls, "-o", trace, "-p",
                               str(gateway.process.pid)], stderr=subprocess.PIPE, text=True)
    first = tracer.stderr.readline()
    if "attached" not in first:
        return print(f"durability: order of sync and answer skipped: {first.strip()}")
    status, answer = ask(gateway.connect(), "POST", objects, content("traced.example.com", next(numbers)))
    # strace ends with the process; a signal to itself may be blocked by whoever started this script.
    gateway.kill()
    tracer.communicate()
    if status != 201:
        fail(f"the traced write was refused: {answer}")
    steps = [(r'(read|recv\w+)\(.*"POST /apis/', False), (r"pwrite64\(\d+<.*gateway\.db", False),
             (r"f(data)?sync\(\d+<.*gateway\.db", True), (r'(write|writev|sendto|sendmsg)\(.*"HTTP/1\.1 201', False)]
    lines, place, shown = open(trace).read().splitlines(), 0, []
    for pattern, has_to_end in steps:
        at = next((i for i in range(place, len(lines)) if re.search(pattern, lines[i])), None)
        if at is not None and has_to_end and "<unfinished" in lines[at]:
            # The call counts when it has come back, not when it was made.
            resumed = re.compile(lines[at].split()[0] + r" .*<\.\.\. f(data)?sync resumed>")
            at = next((i for i in range(at, len(lines)) if resumed.match(lines[i])), None)
        if at is None or has_to_end and not lines[at].rstrip().endswith("= 0"):
            fail(f"no call like {pattern} after {shown}")
        shown.append(lines[at].replace(folder, ""))
        place = at + 1
    if any(re.search(steps[3][0], line) for line in lines[:place - 1]):
        fail("an answer went out before the database was synchronised")
    print("durability: the database is on disk before the answer goes out:")
    print("\n".join("    " + line[:150] for line in shown))
    expected["traced.example.com"] = [int(answer["metadata"]["labels"]["number"])]


problems, lock, slowest = [], threading.Lock(), 0
for turn in range(rounds):
    gateway = Gateway().wait()
    check(gateway)
    writers = [threading.Thread(target=write, args=(gateway, w, random.Random(chance.random()), lock))
               for w in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(chance.uniform(0.01, 0.4))
    gateway.kill()
    for writer in writers:
        writer.join()
    if problems:
        fail(f"refused: {problems}")
    check_file()
    if chance.random() < 0.3:
        # Recovery has to stand a kill as well.
        starting = Gateway()
        time.sleep(chance.uniform(0, 0.15))
        starting.kill()
        starts_killed += 1
began = time.monotonic()
gateway = Gateway().wait()
print(f"durability: the last start took {time.monotonic() - began:.2f} s")
check(gateway)
show_order(gateway)
gateway.kill()
gateway = Gateway().wait()
check(gateway)
gateway.kill()
shutil.rmtree(folder)
print(f"durability: {rounds} kills while writing and {starts_killed} while starting, {acknowledged} acknowledged writes "
      f"all there, {unanswered} without an answer each whole or absent (SEED={seed})")
PY
