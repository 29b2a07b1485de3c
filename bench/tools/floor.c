/*
 * floor: the least that any proxy can cost. A blind byte pump: every client connection has an upstream connection of its
 * own, every read is written as it is. Two reads and two writes a request, no parsing, no pool, no features.
 *
 *   floor PORT UPSTREAM_PORT
 */
#define _GNU_SOURCE
#include "measure.h"

#define FILES_MAX 65536

static int peer_of[FILES_MAX];
static char bytes[65536];

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int epoll, int listener, int upstream_port) {
  for (int client; (client = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    int upstream = connect_to(upstream_port);
    if (upstream < 0 || upstream >= FILES_MAX || client >= FILES_MAX) {
      if (upstream >= 0) close(upstream);
      close(client);
      continue;
    }
    no_delay(client);
    peer_of[client] = upstream;
    peer_of[upstream] = client;
    watch(epoll, client);
    watch(epoll, upstream);
  }
}

static void close_both(int fd) {
  int other = peer_of[fd];
  peer_of[fd] = peer_of[other] = 0;
  close(fd);
  close(other);
}

/* Spins while the other side is full: this is a floor for CPU, and on loopback the reader is already running. */
static int write_all(int fd, const char *from, ssize_t length) {
  for (ssize_t written = 0; written < length;) {
    ssize_t n = send(fd, from + written, (size_t)(length - written), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n > 0) written += n;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: floor PORT UPSTREAM_PORT\n");
    return 2;
  }
  allow_many_files();
  int upstream_port = atoi(argv[2]), one = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = loopback(atoi(argv[1]));
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) {
    perror("floor: listen");
    return 1;
  }
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  for (;;) {
    struct epoll_event events[1024];
    int count = epoll_wait(epoll, events, 1024, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        accept_all(epoll, listener, upstream_port);
        continue;
      }
      if (!peer_of[fd]) continue; /* closed earlier in this batch, with its peer */
      ssize_t got = read(fd, bytes, sizeof bytes);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0 || !write_all(peer_of[fd], bytes, got)) close_both(fd);
    }
  }
}
