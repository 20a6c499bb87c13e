#!/usr/bin/env bash
# Makes an authority, a client and a server certificate for development, all with openssl.
#
#   hack/make-aggregator-pki.sh [FOLDER]      what an earlier run left there is replaced (default data/grafana-aggregator)
#
#   ca.crt, ca.key           the authority, CN=test-ca
#   client.crt, client.key   CN=development, O=system:masters, for clients
#   server.crt, server.key   CN=localhost, for servers and clients; localhost and *.default.svc names
#
# Keys are readable by their owner alone. DAYS sets how long the certificates are valid (default 3650).
set -euo pipefail

folder=${1:-$(dirname "$0")/../data/grafana-aggregator}
case $folder in -*) sed -n '2,11p' "$0" >&2; exit 2 ;; esac
days=${DAYS:-3650}
command -v openssl >/dev/null || { echo "openssl is not installed" >&2; exit 1; }
# Only what this script made is deleted: never a folder that somebody named by mistake.
if [ -d "$folder" ] && [ -n "$(ls -A "$folder")" ] && [ ! -e "$folder/ca.key" ] && [ ! -e "$folder/aggregator.kubeconfig" ]; then
    echo "$folder is not empty and holds no ca.key of this script; give another folder" >&2
    exit 1
fi
umask 077
mkdir -p "$folder"
rm -f "$folder"/{ca,client,server}.{crt,key,csr} "$folder"/*.cnf "$folder/ca.srl"
cd "$folder"

subject="/C=US/ST=New Sweden/L=Stockholm/O=Grafana/OU=R&D/CN=test-ca/emailAddress=test-ca@example.com"
openssl req -x509 -newkey rsa:4096 -nodes -sha256 -days "$days" -keyout ca.key -out ca.crt -subj "$subject" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null

sign() { # name subject serial extensions
    openssl req -new -newkey rsa:4096 -nodes -sha256 -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
    printf '%s\n' "$4" >"$1.cnf"
    openssl x509 -req -sha256 -days "$days" -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "$3" \
        -extfile "$1.cnf" -out "$1.crt" 2>/dev/null
    rm -f "$1.cnf"
}
sign client "/CN=development/O=system:masters" 1 "extendedKeyUsage=clientAuth"
names="DNS:v0alpha1.example.grafana.app.default.svc,DNS:localhost,DNS:*.default.svc,DNS:*.default.svc.cluster.local"
sign server "/CN=localhost/O=aggregated" 2 "extendedKeyUsage=serverAuth,clientAuth
subjectAltName=$names,IP:127.0.0.1,IP:::1"
chmod 644 ./*.crt

echo "made in $folder; for example:"
echo "  dataplane-gateway serve --tls-cert-file $folder/server.crt --tls-private-key-file $folder/server.key --client-ca-file $folder/ca.crt"
echo "  kubectl --server https://localhost:8443 --certificate-authority $folder/ca.crt --client-certificate $folder/client.crt --client-key $folder/client.key get dataplaneservices"
