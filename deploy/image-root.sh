#!/bin/sh
# Lays out the root file system of the image: Node with the libraries that it is linked to, the certificates that it was
# built with as a bundle, a passwd with one user, and our bundle. No shell, no package manager, nothing else.
#
#   image-root.sh FOLDER BUNDLE [NODE]
#
# The Dockerfile uses it; so can a machine without a registry: tar the folder and `docker import` it.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: image-root.sh FOLDER BUNDLE [NODE]" >&2
  exit 2
fi
folder=$1
bundle=$2
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
cp "$bundle" "$folder/app/dist/outrider.cjs"
# The bundle reads its version from the manifest one folder up.
cp "$source_root/package.json" "$folder/app/package.json"
chmod 1777 "$folder/tmp"
if [ "$(id -u)" = 0 ]; then chown 1337:1337 "$folder/var/lib/outrider"; fi
