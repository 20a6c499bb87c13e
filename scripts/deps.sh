#!/usr/bin/env bash
# Installs what is missing from Debian. Usage: deps.sh build|demo|test|bench
set -euo pipefail

case "${1:-build}" in
build) wanted="libgrpc-dev libprotobuf-c-dev libssl-dev libsqlite3-dev zlib1g-dev" ;;
demo) wanted="prometheus curl kubernetes-client" ;;
test)
    wanted="prometheus curl openssl kubernetes-client python3-venv"
    # The plugin on go-plugin that is not built on our code.
    wanted="$wanted golang-go golang-github-hashicorp-go-plugin-dev golang-google-grpc-dev golang-goprotobuf-dev protobuf-compiler"
    ;;
bench) wanted="openssl nginx-light haproxy caddy wrk protobuf-compiler python3-venv" ;;
*) echo "usage: $0 build|demo|test|bench" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
    dpkg -s "$package" >/dev/null 2>&1 && continue
    case $package in
    # A program that came from elsewhere will do as well.
    curl) command -v curl >/dev/null && continue ;;
    prometheus) command -v prometheus >/dev/null && continue ;;
    kubernetes-client) command -v kubectl >/dev/null && continue ;;
    python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null && continue ;;
    esac
    missing="$missing $package"
done
[ -z "$missing" ] && exit 0

echo "installing:$missing"
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# Debian starts services on installation; these are only to be run by us.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod +x "$policy"
    made=1
fi
status=0
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null || status=$?
[ -z "$made" ] || $sudo rm -f "$policy"
exit $status
