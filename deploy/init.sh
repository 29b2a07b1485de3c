#!/bin/busybox sh
# What stands around a sidecar in containers (docs/inject.md). It has no more than it needs, and nothing in
# it listens.
#
#   pause          owns the network namespace, until it is told to end
#   ready [S]      ends when the sidecar is ready, and with 1 after so many seconds, saying what it waits for (default 120)
#   drain          does nothing; told to end, has the sidecar leave the mesh first
#   anything else  is a command of outrider
set -u

# ask METHOD PATH: the sidecar's answer, head and all. busybox's wget looks for libraries that are not here, and a pipe into
# nc ends before the answer comes.
ask() {
  busybox nc -w 5 127.0.0.1 15000 -e /bin/outrider-init exchange "$1" "$2" 3>&1 2>/dev/null
}

body() {
  busybox sed '1,/^.$/d' | busybox tr '\n' ' '
}

until_told() {
  # A shell that waits hears signals; one that sleeps does not.
  while :; do
    busybox sleep 3600 &
    wait $!
  done
}

case ${1:-} in
  pause)
    trap 'exit 0' TERM INT
    until_told
    ;;
  ready)
    left=$((${2:-120} * 10))
    while ! ask GET /ready | busybox grep -q '^HTTP/1.. 200'; do
      left=$((left - 1))
      if [ $left -le 0 ]; then
        echo "the sidecar is not ready after ${2:-120} s: $(ask GET /ready | body)" >&2
        exit 1
      fi
      busybox usleep 100000
    done
    ;;
  drain)
    trap 'ask POST /leave | body; exit 0' TERM INT
    until_told
    ;;
  exchange)
    # What ask does with its connection.
    printf '%s %s HTTP/1.0\r\nContent-Length: 0\r\n\r\n' "$2" "$3"
    busybox cat >&3
    ;;
  *)
    exec /bin/node /app/dist/outrider.cjs "$@"
    ;;
esac
