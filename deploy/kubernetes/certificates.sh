#!/usr/bin/env bash
# The certificate of control plane and webhook, for who has no other way to make one:
#
#   deploy/kubernetes/certificates.sh DIR [NAMESPACE]
#
# makes DIR/ca.pem and ca.key, unless they are there, and a new DIR/server.pem and server.key of that authority, for a year.
# The key of the authority is needed for the next certificate only: keep it where you keep such things.
set -euo pipefail
readonly DIR=${1:?where to} NAMESPACE=${2:-outrider-system}
umask 077
mkdir -p "$DIR"
cd "$DIR"
readonly KEY=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
[[ -f ca.key ]] || openssl req -x509 "${KEY[@]}" -keyout ca.key -out ca.pem -days 3650 -subj '/CN=outrider' \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
openssl req "${KEY[@]}" -keyout server.key -out server.csr -subj '/CN=outrider' 2>/dev/null
names=
for service in outrider-control-plane outrider-webhook; do
  names+="DNS:$service.$NAMESPACE.svc,DNS:$service.$NAMESPACE.svc.cluster.local,"
done
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 365 \
  -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names}DNS:localhost") 2>/dev/null
rm server.csr
