#!/bin/sh
# Makes the root of the init image out of that of the image (image-root.sh): with nftables and iptables, which set the rules of
# interception, and busybox for what is smaller than a program (init.sh). All of them are this machine's own.
#
#   init-root.sh FOLDER
#
# Debian: apt-get install busybox-static nftables iptables
set -eu

if [ $# -ne 1 ]; then
  echo "usage: init-root.sh FOLDER" >&2
  exit 2
fi
folder=$1
PATH=$PATH:/usr/sbin:/sbin

with_libraries() {
  { ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$folder$(dirname "$library")"
    cp -L "$library" "$folder$library"
  done
}

mkdir -p "$folder/bin" "$folder/run"
for name in busybox nft; do
  program=$(command -v $name) || { echo "init-root.sh: there is no $name here" >&2; exit 1; }
  cp -L "$program" "$folder/bin/$name"
  with_libraries "$program"
done
if ldd "$folder/bin/busybox" > /dev/null 2>&1; then
  echo 'init-root.sh: busybox must be the static one (busybox-static)' >&2
  exit 1
fi
# For kernels that have no nftables.
iptables=$(command -v xtables-legacy-multi) || { echo 'init-root.sh: there is no iptables here' >&2; exit 1; }
cp -L "$iptables" "$folder/bin/xtables-legacy-multi"
with_libraries "$iptables"
for name in iptables iptables-restore ip6tables ip6tables-restore; do
  ln -sf xtables-legacy-multi "$folder/bin/$name"
done
for extensions in /usr/lib/*/xtables /usr/lib/xtables; do
  if [ -d "$extensions" ]; then
    mkdir -p "$folder$extensions"
    for name in libxt_owner libxt_standard libxt_tcp libxt_udp libipt_REDIRECT libxt_REDIRECT libip6t_REDIRECT; do
      if [ -e "$extensions/$name.so" ]; then cp -L "$extensions/$name.so" "$folder$extensions/"; with_libraries "$extensions/$name.so"; fi
    done
  fi
done
cp "$(dirname "$0")/init.sh" "$folder/bin/outrider-init"
chmod 755 "$folder/bin/outrider-init"
