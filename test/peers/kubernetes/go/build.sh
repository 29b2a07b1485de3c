#!/usr/bin/env bash
# A real Kubernetes for the tests of this folder: API server, controllers, scheduler, etcd and kwok (nodes and pods that are
# not there), in the versions of go.mod, by Go alone. Prints where they are:
#
#   test/peers/kubernetes/go/build.sh             builds them, unless they are there: 15 minutes of one CPU the first time
#   test/peers/kubernetes/go/build.sh --cached    builds nothing; fails when they are not there
#
# They are kept in the user's cache folder. What the compiler keeps, 4 GB, is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CGO_ENABLED=0 GOTOOLCHAIN=local

readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/outrider/kubernetes
readonly SOURCES=$(cat go.mod go.sum | sha256sum | cut -c1-16)
# Built by any Go, they are the same to a test.
for built in "$CACHE/$SOURCES"-*; do
  [[ -x $built/kwok && $built != *.part ]] && echo "$built" && exit
done
[[ ${1:-} == --cached ]] && exit 1

readonly OUT=$CACHE/$SOURCES-$(go env GOVERSION)
readonly WORK=$OUT.part
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK"
export GOCACHE=$WORK/go-build
version=$(go list -mod=readonly -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
p=k8s.io/component-base/version
go build -mod=readonly -trimpath -o "$WORK/" \
  -ldflags "-s -w -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=${minor%%.*} -X $p.gitTreeState=clean" \
  k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler}
go build -mod=readonly -trimpath -ldflags '-s -w' -o "$WORK/etcd" go.etcd.io/etcd/server/v3
# What becomes of nodes and pods, quickly: files of the module, which is not there yet on a new machine.
go mod download sigs.k8s.io/kwok
stages=$(go list -mod=readonly -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
for file in "$stages"/node/fast/node-initialize.yaml "$stages"/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml \
  "$stages"/pod/fast/pod-*.yaml; do
  echo ---
  cat "$file"
done >"$WORK/stages.yaml"
# Last: it says that all is there.
go build -mod=readonly -trimpath -ldflags '-s -w' -o "$WORK/kwok" sigs.k8s.io/kwok/cmd/kwok
chmod -R u+w "$WORK/go-build" && rm -rf "$WORK/go-build"
mv "$WORK" "$OUT"
echo "$OUT"
