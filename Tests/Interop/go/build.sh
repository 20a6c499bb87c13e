#!/usr/bin/env bash
# Builds the Go plugin from Debian's Go packages. Usage: build.sh FOLDER; the program is FOLDER/plugin.
# Ends with 3 where something it needs is not installed (deps.sh test installs it).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
go=/usr/bin/go
library=/usr/share/gocode
for needed in "$go" "$library/src/github.com/hashicorp/go-plugin" "$library/src/google.golang.org/grpc" \
    "$(command -v protoc || echo protoc)" "$(command -v protoc-gen-go || echo protoc-gen-go)"; do
    [ -e "$needed" ] || { echo "no Go plugin: $needed is missing" >&2; exit 3; }
done

mkdir -p "$1/src/pluginv2"
out=$(cd "$1" && pwd)
protoc --proto_path="$here/../../../Sources/CGRPC/proto" --go_out=import_path=pluginv2:"$out/src/pluginv2" pluginv2.proto
export GO111MODULE=off GOPATH="$here:$out:$library" GOCACHE="$out/cache" GOFLAGS=
"$go" build -o "$out/plugin" interop
