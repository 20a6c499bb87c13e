#!/usr/bin/env bash
# All tests: unit tests beside the code and end-to-end tests with the built binary.
set -euo pipefail
cd "$(dirname "$0")/.."

# The independent plugin is Python; it gets an environment of its own, kept between runs.
venv=.run/venv
if [ ! -x "$venv/bin/python" ]; then
    mkdir -p .run
    python3 -m venv "$venv" && "$venv/bin/pip" install -q grpcio pyarrow || echo "skipping the Python plugin: no grpcio"
fi
[ -x "$venv/bin/python" ] && export PLUGIN_PYTHON="$PWD/$venv/bin/python"
# The independent plugin on go-plugin, of Debian's Go packages.
status=0
Tests/Interop/go/build.sh .run/go || status=$?
case $status in
0) export PLUGIN_GO="$PWD/.run/go/plugin" ;;
3) echo "skipping the Go plugin (scripts/deps.sh test installs what it needs)" ;;
*) exit $status ;;
esac
# The oldest kubectl that is tried, beside those that are installed.
old=.run/kubectl-debian
if [ ! -x "$old/usr/bin/kubectl" ] && command -v apt-get dpkg >/dev/null; then
    mkdir -p "$old"
    (cd "$old" && apt-get download -q kubernetes-client && dpkg -x kubernetes-client_*.deb . && rm -f ./*.deb) >&2 ||
        echo "skipping Debian's kubectl: it can't be downloaded"
fi
export TESTABLE=1
test=(swift test -c release --skip-build)
[ $# = 0 ] || exec "${test[@]}" "$@"
# Apart: end-to-end tests wait for processes and would keep the threads that the others run on. A few at a time, so that
# the time limit of a test is not spent waiting for its turn.
events=.run/events
mkdir -p "$events"
rm -f "$events"/*
show() { scripts/slowest.py "$events"/* || true; }
trap show EXIT
record() { echo "--event-stream-version 0 --event-stream-output-path $events/$1.jsonl"; }
# shellcheck disable=SC2046
"${test[@]}" $(record unit) --skip '^EndToEnd\.'
# shellcheck disable=SC2046
"${test[@]}" $(record end-to-end) --experimental-maximum-parallelization-width 4 --filter '^EndToEnd\.'
