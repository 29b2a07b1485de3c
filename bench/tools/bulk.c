/*
 * bulk: TCP through a layer-4 proxy, with source, sink and echo backend in one epoll process.
 *
 *   bulk [--cores A,B]
 *
 * It prints {"port":P}, the port of the backend on loopback, and then obeys lines on standard input, answering each with a
 * line of JSON:
 *
 *   run mode=M port=P [seconds=2] [warm=0.5] [connections=8] [message=64] [pid=0]
 *       mode=0, bulk: the backend writes as fast as it can and the clients read; counts bytes.
 *       mode=1, echo: each client sends `message` bytes, waits for them to come back, and repeats; counts messages.
 *
 * What a connection to the backend is for is the mode of the run under way. End of input ends it.
 */
#define _GNU_SOURCE
#include "measure.h"

enum mode { BULK, ECHO };
enum kind { LISTENER, STDIN, BACKEND, CLIENT };

struct connection {
  enum kind kind;
  int fd; /* -1 once closed */
  size_t received; /* echo client: of the message under way */
  struct connection *next_dead;
};

static char bytes[1 << 18];
static int epoll_fd, core_a = 0, core_b = 1;
static enum mode mode;
static int stopping, command_waiting;
static size_t message;
static uint64_t bytes_received, messages, lost;
static struct connection *dead;

static struct connection *new_connection(enum kind kind, int fd, uint32_t events) {
  struct connection *c = calloc(1, sizeof *c);
  c->kind = kind;
  c->fd = fd;
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  return c;
}

/* Backend connections are freed with the batch; clients belong to the run, which frees them. */
static void close_connection(struct connection *c) {
  if (c->fd < 0) return;
  if (c->kind == CLIENT && !stopping) lost++;
  close(c->fd);
  c->fd = -1;
  if (c->kind == BACKEND) {
    c->next_dead = dead;
    dead = c;
  }
}

static void accept_all(struct connection *listener) {
  for (int fd; (fd = accept4(listener->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    no_delay(fd);
    new_connection(BACKEND, fd, mode == BULK ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

static void pour(struct connection *c) {
  ssize_t n = send(c->fd, bytes, 65536, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) close_connection(c);
}

static void receive(struct connection *c) {
  ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close_connection(c);
    return;
  }
  if (mode == BULK) {
    if (c->kind == CLIENT) bytes_received += (uint64_t)got;
    return;
  }
  if (c->kind == BACKEND) {
    /* One message per connection is under way, far below a socket buffer, so this is never partial. */
    send(c->fd, bytes, (size_t)got, MSG_NOSIGNAL);
    return;
  }
  c->received += (size_t)got;
  if (c->received < message) return;
  c->received = 0;
  messages++;
  if (!stopping) send(c->fd, bytes, message, MSG_NOSIGNAL);
}

static void step(int timeout_ms) {
  static struct epoll_event events[512];
  int count = epoll_wait(epoll_fd, events, 512, timeout_ms);
  for (int i = 0; i < count; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->fd < 0) continue;
    if (c->kind == LISTENER) accept_all(c);
    else if (c->kind == STDIN) command_waiting = 1;
    else {
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
      if (c->fd >= 0 && events[i].events & EPOLLOUT) pour(c);
    }
  }
  while (dead) {
    struct connection *c = dead;
    dead = c->next_dead;
    free(c);
  }
}

static void step_for(double seconds) {
  uint64_t end_ns = now_ns() + (uint64_t)(seconds * 1e9);
  while (now_ns() < end_ns) step(10);
}

static void run(const char *line) {
  int port = (int)option_number(line, "port", 0), count = (int)option_number(line, "connections", 8);
  int pid = (int)option_number(line, "pid", 0);
  double seconds = option_number(line, "seconds", 2);
  mode = option_number(line, "mode", 0) == 0 ? BULK : ECHO;
  message = (size_t)option_number(line, "message", 64);
  if (message > 16384) message = 16384;
  stopping = 0;
  struct connection **clients = calloc((size_t)count, sizeof *clients);
  int opened = 0;
  for (; opened < count; opened++) {
    int fd = connect_to(port);
    if (fd < 0) break;
    clients[opened] = new_connection(CLIENT, fd, EPOLLIN);
    step(0);
    if (mode == ECHO) send(fd, bytes, message, MSG_NOSIGNAL);
  }
  int why = errno;
  if (opened == count) {
    step_for(option_number(line, "warm", 0.5));
    bytes_received = messages = lost = 0;
    struct window window = window_open(pid, core_a, core_b);
    step_for(seconds);
    struct outcome o = window_close(&window);
    printf("{\"bytes\":%llu,\"messages\":%llu,\"lost\":%llu,\"seconds\":%.4f,\"cpuUs\":%.0f,\"userUs\":%.0f,"
           "\"systemUs\":%.0f,\"selfUs\":%.0f,\"foreignShare\":%.4f}\n",
           (unsigned long long)bytes_received, (unsigned long long)messages, (unsigned long long)lost, o.seconds,
           o.proxy.total_us, o.proxy.user_us, o.proxy.system_us, o.self_us, o.foreign_share);
  } else {
    printf("{\"error\":\"connect to 127.0.0.1:%d: %s\"}\n", port, strerror(why));
  }
  fflush(stdout);
  stopping = 1;
  for (int i = 0; i < opened; i++) close_connection(clients[i]);
  step_for(0.2); /* what is still in the proxy's buffers must not fall into the next run */
  for (int i = 0; i < opened; i++) free(clients[i]);
  free(clients);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  if (argc > 1 && (argc != 3 || strcmp(argv[1], "--cores") || sscanf(argv[2], "%d,%d", &core_a, &core_b) != 2)) {
    fprintf(stderr, "usage: bulk [--cores A,B]\n");
    return 2;
  }
  memset(bytes, 'x', sizeof bytes);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int port;
  new_connection(LISTENER, listen_anywhere(&port), EPOLLIN);
  struct connection *commands = new_connection(STDIN, STDIN_FILENO, EPOLLIN);
  printf("{\"port\":%d}\n", port);
  fflush(stdout);
  char line[4096];
  for (;;) {
    step(-1);
    if (!command_waiting) continue;
    command_waiting = 0;
    struct epoll_event none = {0};
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, &none);
    if (!read_command(line, sizeof line)) return 0;
    if (!strncmp(line, "run ", 4)) {
      run(line);
    } else {
      printf("{\"error\":\"unknown command; known is run\"}\n");
      fflush(stdout);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = commands};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  }
}
