#!/bin/sh
# Lays out the root file system of the image: Node with the libraries that it is linked to, the certificates that it was
# built with as a bundle, a passwd with one user, and our bundle. No shell, no package manager, nothing else.
#
#   image-root.sh FOLDER DIST [NODE]
#
# The Dockerfile uses it; so can a machine without a registry: tar the folder and `docker import` it.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: image-root.sh FOLDER DIST [NODE]" >&2
  exit 2
fi
folder=$1
dist=$2
node=$(readlink -f "${3:-$(command -v node)}")
source_root=$(dirname "$0")/..

mkdir -p "$folder/bin" "$folder/app/dist" "$folder/etc/ssl/certs" "$folder/tmp" "$folder/var/lib/outrider"
cp "$node" "$folder/bin/node"
# The loader and every library, at the very paths that the binary asks for.
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$folder$(dirname "$library")"
  cp -L "$library" "$folder$library"
done
"$node" -p 'require("tls").rootCertificates.join("\n")' > "$folder/etc/ssl/certs/ca-certificates.crt"
echo 'outrider:x:1337:1337::/var/lib/outrider:/none' > "$folder/etc/passwd"
echo 'outrider:x:1337:' > "$folder/etc/group"
cp -r "$dist/outrider.cjs" "$dist/parts" "$folder/app/dist/"
# The bundle reads its version from the manifest one folder up.
cp "$source_root/package.json" "$folder/app/package.json"
chmod 1777 "$folder/tmp"
# Code that is compiled already starts a sidecar in half the time. Node keeps it per user, so it is filled as the image's.
mkdir -p "$folder/app/dist/cache"
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  chown 1337:1337 "$folder/app/dist/cache"
  setpriv --reuid 1337 --regid 1337 --clear-groups "$node" "$source_root/deploy/fill-cache.ts" "$folder/app/dist" ||
    echo 'image-root.sh: the code cache stays empty; the image starts slower' >&2
fi
if [ "$(id -u)" = 0 ]; then chown 1337:1337 "$folder/var/lib/outrider"; fi
