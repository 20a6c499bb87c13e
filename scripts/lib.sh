# Functions of the scripts that start something; to be sourced.

say() { printf '%s\n' "$*" >&2; }

# The end of a plugin executable's name on this machine.
platform=linux_$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')

# Ends the script where somebody listens already: what answers there would not be ours.
require_free() { # port what variable
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
    say "Port $1, where $2 would listen, is taken; end what listens there, or choose another port: $3=PORT"
    exit 1
}

# Waits until a URL answers, as long as the process that should answer is there.
wait_for() { # what pid url log
    for _ in $(seq 300); do
        kill -0 "$2" 2>/dev/null || break
        curl -fsS -o /dev/null "$3" 2>/dev/null && return 0
        sleep 0.1
    done
    say "$1 does not answer at $3:"
    [ -z "${4:-}" ] || tail -n 20 "$4" >&2
    exit 1
}
