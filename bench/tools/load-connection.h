/*
 * Connections of the load generator, of clients and of the backend alike: plain or TLS, never waiting, and closed in a way
 * that later events of the same batch can still be looked at.
 */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include "measure.h"
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

#define HEAD_MAX 65536
#define HOSTS_MAX 64

enum kind { LISTENER, HTTP2_LISTENER, STDIN, BACKEND, HTTP2_BACKEND, CLIENT };
enum state { HEAD, BODY, BODY_UNTIL_CLOSE, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER };

struct connection {
  enum kind kind;
  int fd; /* -1 once closed: later events of the same batch must not touch it */
  SSL *tls;
  int index; /* client: its place in `clients` */

  /* what is not written yet */
  const char *out;
  size_t out_left;
  int watching_out;
  int responses_due; /* backend: further whole responses after the current one */
  struct http2 *http2; /* HTTP/2 backend: all of its state (load-backend-http2.h) */

  /* what is being read */
  enum state state;
  uint64_t body_left;
  char *partial; /* a head, chunk size or trailer line that has not ended yet */
  size_t partial_length;

  /* client: the request that is under way */
  int busy;
  int idle; /* waits in `idle_clients` for its turn on the schedule */
  int close_after;
  uint64_t began_ns;
  struct connection *next; /* idle clients of the open loop, or the dead ones of this batch */
};

static int epoll_fd;
static int tls_on_backend;
static char input[262144];
static char *response;
static size_t response_length;
static char *requests[HOSTS_MAX];
static size_t request_lengths[HOSTS_MAX];
static int host_count, next_host;
static int core_a = 0, core_b = 1;
static struct connection *dead;
static int command_waiting;

/* The run under way. */
static struct connection **clients;
static int client_count;
static struct connection *idle_clients;
static int target_port, target_tls, open_loop, stopping, keep_idle;
static uint64_t requests_done, request_errors, reconnects, status_class[6];
static char failure[200];

#ifdef WITH_TLS
static SSL_CTX *client_context, *backend_context;
#endif

static void watch(struct connection *c, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll_fd, operation, c->fd, &event);
}

static struct connection *new_connection(enum kind kind, int fd, int use_tls) {
  struct connection *c = calloc(1, sizeof *c);
  c->kind = kind;
  c->fd = fd;
#ifdef WITH_TLS
  if (use_tls) {
    c->tls = SSL_new(kind == CLIENT ? client_context : backend_context);
    SSL_set_fd(c->tls, fd);
    if (kind == CLIENT) SSL_set_connect_state(c->tls);
    else SSL_set_accept_state(c->tls);
  }
#else
  (void)use_tls;
#endif
  watch(c, EPOLLIN, EPOLL_CTL_ADD);
  return c;
}

static void leave_idle_list(struct connection *c) {
  struct connection **at = &idle_clients;
  while (*at && *at != c) at = &(*at)->next;
  if (*at) *at = c->next;
  c->idle = 0;
}

static void close_connection(struct connection *c) {
  if (c->fd < 0) return;
  if (c->idle) leave_idle_list(c);
#ifdef WITH_TLS
  if (c->tls) SSL_free(c->tls);
#endif
  close(c->fd);
  c->fd = -1;
  free(c->partial);
  c->partial = NULL;
  free(c->http2);
  c->http2 = NULL;
  if (c->kind == CLIENT && clients && clients[c->index] == c) clients[c->index] = NULL;
  c->next = dead;
  dead = c;
}

static void bury(void) {
  while (dead) {
    struct connection *c = dead;
    dead = c->next;
    free(c);
  }
}

/* Bytes read, 0 when there is nothing now, -1 when the connection is over. */
static ssize_t read_some(struct connection *c, char *into, size_t size) {
#ifdef WITH_TLS
  if (c->tls) {
    ERR_clear_error();
    int n = SSL_read(c->tls, into, (int)size);
    if (n > 0) return n;
    int why = SSL_get_error(c->tls, n);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
#endif
  ssize_t n = recv(c->fd, into, size, 0);
  if (n > 0) return n;
  return n < 0 && errno == EAGAIN ? 0 : -1;
}

static ssize_t write_some(struct connection *c, const char *from, size_t size) {
#ifdef WITH_TLS
  if (c->tls) {
    ERR_clear_error();
    int n = SSL_write(c->tls, from, (int)size);
    if (n > 0) return n;
    int why = SSL_get_error(c->tls, n);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
#endif
  ssize_t n = send(c->fd, from, size, MSG_NOSIGNAL);
  if (n >= 0) return n;
  return errno == EAGAIN ? 0 : -1;
}

/* Writes what is due, as far as the socket takes it. Never waits: the reader may be this very process. */
static int flush(struct connection *c) {
  for (;;) {
    while (c->out_left) {
      ssize_t n = write_some(c, c->out, c->out_left);
      if (n < 0) return -1;
      if (n == 0) {
        if (!c->watching_out) watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        c->watching_out = 1;
        return 0;
      }
      c->out += n;
      c->out_left -= (size_t)n;
    }
    if (!c->responses_due) break;
    c->responses_due--;
    c->out = response;
    c->out_left = response_length;
  }
  if (c->watching_out) watch(c, EPOLLIN, EPOLL_CTL_MOD);
  c->watching_out = 0;
  return 0;
}

#endif
