/*
 * load: HTTP/1.1 load generator and backend in one epoll process, so that on a machine of two cores the proxy has the other
 * core to itself and is the one that saturates.
 *
 *   load [--backends N] [--response-bytes N] [--host NAME]... [--path PATH] [--headers FILE] [--body-bytes N]
 *        [--cores A,B] [--backend-cert FILE --backend-key FILE [--backend-client-ca FILE]] [--client-ca FILE]
 *
 *   --backends N          ports of loopback that the backend listens on (default 1)
 *   --response-bytes N    length of every response body (default 100)
 *   --host NAME           Host of the requests, repeatable: requests take the names in turn (default "bench.local")
 *   --path PATH           request target (default "/")
 *   --headers FILE        header lines added to every request; responses get a few more, too
 *   --body-bytes N        sends POST with a body of this length (default 0: GET)
 *   --cores A,B           the cores whose foreign use is judged (default 0,1)
 *   --backend-cert ...    the backend speaks TLS; with --backend-client-ca it demands a client certificate
 *   --client-ca FILE      what `tls=1` clients trust
 *
 * It prints {"ports":[...],"tls":BOOL} and then obeys lines on standard input, answering each with a line of JSON:
 *
 *   run port=P [seconds=2] [warm=0.25] [connections=64] [rate=0] [tls=0] [pid=0]
 *       rate=0 is the closed loop: each connection sends its next request when the answer is complete. rate=N is the open
 *       loop: N requests a second on a fixed schedule, latency counted from the scheduled time, so that a stall is seen by
 *       all the requests that it delays. pid: the process tree whose CPU time is charged.
 *   hold port=P [connections=4000] [tls=0]      opens idle connections, each after one answered request
 *   release                                     closes them
 *
 * End of input ends it. Between commands the backend keeps serving.
 */
#define _GNU_SOURCE
#include "measure.h"
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

#define HEAD_MAX 65536
#define HOSTS_MAX 64
#define BACKENDS_MAX 64

/* ---- latency: buckets of 0.5 us up to 50 ms, of 50 us up to 5 s, and the last one for all beyond ---- */

#define FINE_BUCKETS 100000
#define BUCKETS 200000

static uint64_t histogram[BUCKETS];
static uint64_t histogram_count;
static uint64_t latency_max_ns;

static void record_latency(uint64_t ns) {
  uint64_t bucket = ns / 500;
  if (bucket >= FINE_BUCKETS) bucket = FINE_BUCKETS + (bucket - FINE_BUCKETS) / 100;
  if (bucket >= BUCKETS) bucket = BUCKETS - 1;
  histogram[bucket]++;
  histogram_count++;
  if (ns > latency_max_ns) latency_max_ns = ns;
}

static double latency_us(double quantile) {
  uint64_t wanted = (uint64_t)(histogram_count * quantile), seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (seen > wanted) return i < FINE_BUCKETS ? i * 0.5 : FINE_BUCKETS * 0.5 + (i - FINE_BUCKETS) * 50.0;
  }
  return 0;
}

/* ---- connections ---- */

enum kind { LISTENER, STDIN, BACKEND, CLIENT };
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

/* ---- backend ---- */

/* Consumes requests; every complete one makes one response due. Heads that arrive in parts wait in `partial`. */
static int serve(struct connection *c, const char *at, size_t length) {
  while (length) {
    if (c->body_left) {
      size_t n = length < c->body_left ? length : c->body_left;
      c->body_left -= n;
      at += n;
      length -= n;
      if (!c->body_left) c->responses_due++;
      continue;
    }
    const char *end = memmem(at, length, "\r\n\r\n", 4);
    if (!end) {
      if (length > HEAD_MAX) return -1;
      char *rest = malloc(length);
      memcpy(rest, at, length);
      free(c->partial);
      c->partial = rest;
      c->partial_length = length;
      return 0;
    }
    size_t head = (size_t)(end - at) + 4;
    /* Only requests that may have a body are searched for its length. */
    if (at[0] != 'G') {
      for (const char *line = at; (line = memmem(line, (size_t)(end - line), "\r\n", 2));) {
        line += 2;
        if (!strncasecmp(line, "content-length:", 15)) c->body_left = strtoull(line + 15, NULL, 10);
      }
    }
    at += head;
    length -= head;
    if (!c->body_left) c->responses_due++;
  }
  return 0;
}

static void on_backend(struct connection *c) {
  do {
    ssize_t got = read_some(c, input, sizeof input - HEAD_MAX);
    if (got < 0) {
      close_connection(c);
      return;
    }
    if (got == 0) break;
    const char *at = input;
    size_t length = (size_t)got;
    if (c->partial) {
      memmove(input + c->partial_length, input, length);
      memcpy(input, c->partial, c->partial_length);
      length += c->partial_length;
      free(c->partial);
      c->partial = NULL;
    }
    if (serve(c, at, length)) {
      close_connection(c);
      return;
    }
  } while (c->tls);
  if (flush(c)) close_connection(c);
}

static void accept_all(struct connection *listener) {
  for (int fd; (fd = accept4(listener->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    no_delay(fd);
    new_connection(BACKEND, fd, tls_on_backend);
  }
}

/* ---- client ---- */

static void send_request(struct connection *c, uint64_t began_ns) {
  c->busy = 1;
  c->state = HEAD;
  c->close_after = 0;
  c->began_ns = began_ns;
  c->out = requests[next_host];
  c->out_left = request_lengths[next_host];
  if (++next_host == host_count) next_host = 0;
  flush(c); /* a broken connection is noticed by the read that follows */
}

static struct connection *open_client(int index) {
  int fd = connect_to(target_port);
  if (fd < 0) {
    snprintf(failure, sizeof failure, "connect to 127.0.0.1:%d: %s", target_port, strerror(errno));
    return NULL;
  }
  struct connection *c = new_connection(CLIENT, fd, target_tls);
  c->index = index;
  clients[index] = c;
  return c;
}

static void next_request(struct connection *c) {
  if (stopping || keep_idle) return;
  if (open_loop) {
    c->next = idle_clients;
    c->idle = 1;
    idle_clients = c;
  } else {
    send_request(c, now_ns());
  }
}

static void replace_client(struct connection *c) {
  int index = c->index;
  close_connection(c);
  if (stopping) return;
  reconnects++;
  struct connection *fresh = open_client(index);
  if (fresh) next_request(fresh);
}

static void complete(struct connection *c, uint64_t at_ns) {
  c->busy = 0;
  requests_done++;
  record_latency(at_ns - c->began_ns);
  if (c->close_after) replace_client(c);
  else next_request(c);
}

/* Length of a line with its newline, or 0 when it has not ended. */
static size_t line_length(const char *at, size_t length) {
  const char *end = memchr(at, '\n', length);
  return end ? (size_t)(end - at) + 1 : 0;
}

/* Reads a complete response head and decides how the body ends (RFC 9112, section 6.3). -1 when it is not HTTP/1. */
static int begin_response(struct connection *c, const char *head, size_t length) {
  if (length < 16 || memcmp(head, "HTTP/1.", 7) || head[8] != ' ') return -1;
  int status = atoi(head + 9);
  if (status < 100 || status > 599) return -1;
  if (status < 200) return 0; /* an interim response: the final one follows */
  status_class[status / 100]++;
  if (status / 100 != 2) request_errors++;
  int has_length = 0, chunked = 0;
  c->body_left = 0;
  const char *end = head + length - 2;
  for (const char *line = head; (line = memchr(line, '\n', (size_t)(end - line)));) {
    line++;
    /* Field names that matter begin with c or t. */
    if ((*line | 32) == 'c') {
      if (!strncasecmp(line, "content-length:", 15)) {
        has_length = 1;
        c->body_left = strtoull(line + 15, NULL, 10);
      } else if (!strncasecmp(line, "connection:", 11)) {
        const char *value = line + 11;
        while (*value == ' ') value++;
        c->close_after = !strncasecmp(value, "close", 5);
      }
    } else if ((*line | 32) == 't' && !strncasecmp(line, "transfer-encoding:", 18)) {
      chunked = 1;
    }
  }
  if (status == 204 || status == 304) c->state = BODY, c->body_left = 0;
  else if (chunked) c->state = CHUNK_SIZE;
  else if (has_length) c->state = BODY;
  else c->state = BODY_UNTIL_CLOSE, c->close_after = 1;
  return 0;
}

/*
 * Consumes response bytes. Returns how many, 0 when a head or line needs more of them, -1 on bytes that are not a response.
 * A finished response leaves `busy` at 0.
 */
static ssize_t consume(struct connection *c, const char *at, size_t length, uint64_t at_ns) {
  switch (c->state) {
    case HEAD: {
      const char *end = memmem(at, length, "\r\n\r\n", 4);
      if (!end) return length > HEAD_MAX ? -1 : 0;
      size_t head = (size_t)(end - at) + 4;
      if (begin_response(c, at, head)) return -1;
      if (c->state == BODY && c->body_left <= length - head) {
        size_t whole = head + c->body_left;
        c->body_left = 0;
        complete(c, at_ns);
        return (ssize_t)whole;
      }
      return (ssize_t)head;
    }
    case BODY:
    case CHUNK_DATA: {
      size_t n = length < c->body_left ? length : c->body_left;
      c->body_left -= n;
      if (c->body_left) return (ssize_t)n;
      if (c->state == CHUNK_DATA) c->state = CHUNK_END;
      else complete(c, at_ns);
      return (ssize_t)n;
    }
    case BODY_UNTIL_CLOSE:
      return (ssize_t)length;
    default: {
      size_t line = line_length(at, length);
      if (!line) return length > HEAD_MAX ? -1 : 0;
      if (c->state == CHUNK_SIZE) {
        c->body_left = strtoull(at, NULL, 16);
        c->state = c->body_left ? CHUNK_DATA : TRAILER;
      } else if (c->state == CHUNK_END) {
        c->state = CHUNK_SIZE;
      } else if (line <= 2) {
        complete(c, at_ns);
      }
      return (ssize_t)line;
    }
  }
}

static void client_lost(struct connection *c) {
  if (c->busy && c->state == BODY_UNTIL_CLOSE) {
    complete(c, now_ns()); /* which replaces it */
    return;
  }
  if (c->busy && !stopping) request_errors++;
  if (stopping || keep_idle) close_connection(c);
  else replace_client(c);
}

static void on_client(struct connection *c) {
  do {
    ssize_t got = read_some(c, input, sizeof input - HEAD_MAX);
    if (got < 0) {
      client_lost(c);
      return;
    }
    if (got == 0) return;
    uint64_t at_ns = now_ns();
    const char *at = input;
    size_t length = (size_t)got;
    if (c->partial) {
      memmove(input + c->partial_length, input, length);
      memcpy(input, c->partial, c->partial_length);
      length += c->partial_length;
      free(c->partial);
      c->partial = NULL;
    }
    while (length && c->fd >= 0 && c->busy) {
      ssize_t used = consume(c, at, length, at_ns);
      if (used < 0) {
        client_lost(c);
        return;
      }
      if (used == 0) {
        c->partial = malloc(length);
        memcpy(c->partial, at, length);
        c->partial_length = length;
        break;
      }
      at += used;
      length -= (size_t)used;
    }
  } while (c->fd >= 0 && c->tls);
}

/* ---- the loop ---- */

static void step(int timeout_ms) {
  static struct epoll_event events[1024];
  int count = epoll_wait(epoll_fd, events, 1024, timeout_ms);
  for (int i = 0; i < count; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->fd < 0) continue;
    if (c->kind == LISTENER) {
      accept_all(c);
      continue;
    }
    if (c->kind == STDIN) {
      command_waiting = 1;
      continue;
    }
    /* A TLS write may have waited for bytes to read. */
    if (c->out_left && flush(c)) {
      if (c->kind == CLIENT) client_lost(c);
      else close_connection(c);
      continue;
    }
    if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
    if (c->kind == BACKEND) on_backend(c);
    else on_client(c);
  }
  bury();
}

static void step_until(uint64_t end_ns) {
  while (now_ns() < end_ns && !failure[0]) step(20);
}

/* Opens the connections with the loop running in between, since the proxy may need the backend to accept more. */
static int open_clients(int count) {
  clients = calloc((size_t)count, sizeof *clients);
  client_count = count;
  for (int i = 0; i < count; i++) {
    if (!open_client(i)) return 0;
    step(0);
  }
  return 1;
}

static void close_clients(void) {
  stopping = 1;
  for (int i = 0; i < client_count; i++)
    if (clients[i]) close_connection(clients[i]);
  bury();
  free(clients);
  clients = NULL;
  client_count = 0;
  /* The proxy sees the ends and may close its own sides: that work must not fall into the next run. */
  uint64_t end_ns = now_ns() + 50 * NS_PER_MS;
  while (now_ns() < end_ns) step(10);
}

static void reset_counts(void) {
  memset(histogram, 0, sizeof histogram);
  memset(status_class, 0, sizeof status_class);
  histogram_count = latency_max_ns = 0;
  requests_done = request_errors = reconnects = 0;
}

/* Keeps to the schedule until the end and returns how many requests were due but could not be sent. */
static uint64_t run_schedule(uint64_t begin_ns, uint64_t end_ns, double interval_ns) {
  double due_ns = begin_ns;
  for (uint64_t now; (now = now_ns()) < end_ns && !failure[0];) {
    while (due_ns <= now && idle_clients) {
      struct connection *c = idle_clients;
      idle_clients = c->next;
      c->idle = 0;
      send_request(c, (uint64_t)due_ns);
      due_ns += interval_ns;
    }
    step(0); /* spinning, so that the schedule is kept to the microsecond; the core is ours */
  }
  return due_ns < end_ns ? (uint64_t)((end_ns - due_ns) / interval_ns) : 0;
}

static void print_failure(void) {
  printf("{\"error\":\"%s\"}\n", failure);
  fflush(stdout);
}

static void begin(const char *line) {
  failure[0] = 0;
  stopping = 0;
  keep_idle = 0;
  target_port = (int)option_number(line, "port", 0);
  target_tls = (int)option_number(line, "tls", 0);
#ifdef WITH_TLS
  if (target_tls && !client_context) snprintf(failure, sizeof failure, "tls=1 needs --client-ca");
#else
  if (target_tls) snprintf(failure, sizeof failure, "this build has no TLS");
#endif
}

static void run(const char *line) {
  double seconds = option_number(line, "seconds", 2), warm = option_number(line, "warm", 0.25);
  double rate = option_number(line, "rate", 0);
  int count = (int)option_number(line, "connections", 64), pid = (int)option_number(line, "pid", 0);
  begin(line);
  open_loop = rate > 0;
  if (!failure[0]) open_clients(count);
  if (failure[0]) {
    close_clients();
    print_failure();
    return;
  }
  uint64_t unsent = 0;
  uint64_t warm_end_ns = now_ns() + (uint64_t)(warm * 1e9);
  for (int i = 0; i < count; i++)
    if (clients[i]) next_request(clients[i]);
  if (open_loop) run_schedule(now_ns(), warm_end_ns, 1e9 / rate);
  else step_until(warm_end_ns);

  reset_counts();
  struct window window = window_open(pid, core_a, core_b);
  uint64_t end_ns = window.began_ns + (uint64_t)(seconds * 1e9);
  if (open_loop) unsent = run_schedule(window.began_ns, end_ns, 1e9 / rate);
  else step_until(end_ns);
  struct outcome o = window_close(&window);
  uint64_t done = requests_done, errors = request_errors, again = reconnects;
  uint64_t classes[6];
  memcpy(classes, status_class, sizeof classes);

  stopping = 1;
  uint64_t drain_end_ns = now_ns() + 100 * NS_PER_MS;
  while (now_ns() < drain_end_ns) step(10);
  close_clients();
  if (failure[0]) {
    print_failure();
    return;
  }
  printf("{\"requests\":%llu,\"errors\":%llu,\"reconnects\":%llu,\"unsent\":%llu,\"status\":[%llu,%llu,%llu,%llu],"
         "\"seconds\":%.4f,\"p50Us\":%.1f,\"p90Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f,"
         "\"cpuUs\":%.0f,\"userUs\":%.0f,\"systemUs\":%.0f,\"selfUs\":%.0f,\"foreignShare\":%.4f}\n",
         (unsigned long long)done, (unsigned long long)errors, (unsigned long long)again, (unsigned long long)unsent,
         (unsigned long long)classes[2], (unsigned long long)classes[3], (unsigned long long)classes[4],
         (unsigned long long)classes[5], o.seconds, latency_us(.5), latency_us(.9), latency_us(.99), latency_us(.999),
         latency_max_ns / 1e3, o.proxy.total_us, o.proxy.user_us, o.proxy.system_us, o.self_us, o.foreign_share);
  fflush(stdout);
}

/* Opens idle connections: each has one request answered, so that the proxy has allocated all that it will. */
static void hold(const char *line) {
  int count = (int)option_number(line, "connections", 4000);
  begin(line);
  keep_idle = 1;
  open_loop = 0;
  reset_counts();
  clients = calloc((size_t)count, sizeof *clients);
  client_count = count;
  for (int i = 0; i < count && !failure[0]; i++) {
    struct connection *c = open_client(i);
    if (c) send_request(c, now_ns());
    step(0);
  }
  uint64_t end_ns = now_ns() + 10 * NS_PER_S;
  while (requests_done + request_errors < (uint64_t)count && now_ns() < end_ns && !failure[0]) step(20);
  if (failure[0]) {
    print_failure();
    return;
  }
  int open = 0;
  for (int i = 0; i < count; i++) open += clients[i] != NULL;
  printf("{\"open\":%d,\"answered\":%llu,\"errors\":%llu}\n", open, (unsigned long long)requests_done,
         (unsigned long long)request_errors);
  fflush(stdout);
}

static void obey(const char *line) {
  if (!strncmp(line, "run ", 4)) {
    if (clients) close_clients();
    run(line);
  } else if (!strncmp(line, "hold ", 5)) {
    if (clients) close_clients();
    hold(line);
  } else if (!strcmp(line, "release")) {
    if (clients) close_clients();
    printf("{\"released\":true}\n");
    fflush(stdout);
  } else {
    printf("{\"error\":\"unknown command; known are run, hold and release\"}\n");
    fflush(stdout);
  }
}

/* ---- start ---- */

struct settings {
  int backends;
  size_t response_bytes, body_bytes;
  const char *hosts[HOSTS_MAX];
  const char *path, *headers_file;
  const char *backend_cert, *backend_key, *backend_client_ca, *client_ca;
};

/* Header lines of a file with CRLF ends, or an empty string. */
static char *read_headers(const char *name) {
  char *text = calloc(1, HEAD_MAX + 2048), line[2048];
  size_t length = 0;
  if (!name) return text;
  FILE *file = fopen(name, "r");
  if (!file) {
    fprintf(stderr, "load: cannot read %s: %s\n", name, strerror(errno));
    exit(1);
  }
  while (fgets(line, sizeof line, file) && length < HEAD_MAX) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0]) length += (size_t)sprintf(text + length, "%s\r\n", line);
  }
  fclose(file);
  return text;
}

static void build_messages(const struct settings *s) {
  char *extra = read_headers(s->headers_file);
  for (int i = 0; i < host_count; i++) {
    size_t size = strlen(extra) + strlen(s->hosts[i]) + strlen(s->path) + s->body_bytes + 256;
    char *request = malloc(size);
    int length = snprintf(request, size, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", s->body_bytes ? "POST" : "GET", s->path,
                          s->hosts[i], extra);
    if (s->body_bytes)
      length += snprintf(request + length, size - (size_t)length, "Content-Length: %zu\r\n", s->body_bytes);
    length += snprintf(request + length, size - (size_t)length, "\r\n");
    memset(request + length, 'x', s->body_bytes);
    requests[i] = request;
    request_lengths[i] = (size_t)length + s->body_bytes;
  }
  free(extra);
  const char *more = s->headers_file ? "Cache-Control: no-store\r\nVary: Accept-Encoding\r\n"
                                       "ETag: \"5f3a-17c2\"\r\nX-Content-Type-Options: nosniff\r\n" : "";
  response = malloc(s->response_bytes + 1024);
  int length = sprintf(response,
                       "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sat, 22 Nov 2025 15:48:34 GMT\r\n"
                       "Content-Type: text/plain\r\n%sContent-Length: %zu\r\n\r\n", more, s->response_bytes);
  memset(response + length, 'a', s->response_bytes);
  response_length = (size_t)length + s->response_bytes;
}

#ifdef WITH_TLS
static void need(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "load: TLS: %s failed\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static SSL_CTX *new_context(const SSL_METHOD *method) {
  SSL_CTX *context = SSL_CTX_new(method);
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

static void prepare_tls(const struct settings *s) {
  if (s->backend_cert) {
    backend_context = new_context(TLS_server_method());
    need(SSL_CTX_use_certificate_chain_file(backend_context, s->backend_cert) == 1, s->backend_cert);
    need(s->backend_key && SSL_CTX_use_PrivateKey_file(backend_context, s->backend_key, SSL_FILETYPE_PEM) == 1, "--backend-key");
    if (s->backend_client_ca) {
      need(SSL_CTX_load_verify_locations(backend_context, s->backend_client_ca, NULL) == 1, s->backend_client_ca);
      SSL_CTX_set_verify(backend_context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
      /* Without a name for its sessions OpenSSL refuses to resume those that came with a client certificate. */
      SSL_CTX_set_session_id_context(backend_context, (const unsigned char *)"load", 4);
    }
    tls_on_backend = 1;
  }
  if (s->client_ca) {
    client_context = new_context(TLS_client_method());
    need(SSL_CTX_load_verify_locations(client_context, s->client_ca, NULL) == 1, s->client_ca);
    SSL_CTX_set_verify(client_context, SSL_VERIFY_PEER, NULL);
  }
}
#endif

static struct settings parse_arguments(int argc, char **argv) {
  struct settings s = {.backends = 1, .response_bytes = 100, .path = "/"};
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (i + 1 >= argc) value = NULL;
    if (!value) goto bad;
    if (!strcmp(name, "--backends")) s.backends = atoi(value);
    else if (!strcmp(name, "--response-bytes")) s.response_bytes = (size_t)atol(value);
    else if (!strcmp(name, "--body-bytes")) s.body_bytes = (size_t)atol(value);
    else if (!strcmp(name, "--host") && host_count < HOSTS_MAX) s.hosts[host_count++] = value;
    else if (!strcmp(name, "--path")) s.path = value;
    else if (!strcmp(name, "--headers")) s.headers_file = value;
    else if (!strcmp(name, "--cores") && sscanf(value, "%d,%d", &core_a, &core_b) == 2) continue;
    else if (!strcmp(name, "--backend-cert")) s.backend_cert = value;
    else if (!strcmp(name, "--backend-key")) s.backend_key = value;
    else if (!strcmp(name, "--backend-client-ca")) s.backend_client_ca = value;
    else if (!strcmp(name, "--client-ca")) s.client_ca = value;
    else {
    bad:
      fprintf(stderr, "load: cannot use %s %s; the options are listed at the top of load.c\n", name, value ? value : "");
      exit(2);
    }
  }
  if (!host_count) s.hosts[host_count++] = "bench.local";
  if (s.backends < 1 || s.backends > BACKENDS_MAX) {
    fprintf(stderr, "load: --backends must be 1 to %d\n", BACKENDS_MAX);
    exit(2);
  }
  return s;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  struct settings s = parse_arguments(argc, argv);
  build_messages(&s);
  const char *tls_built = "false";
#ifdef WITH_TLS
  tls_built = "true";
  prepare_tls(&s);
#else
  if (s.backend_cert || s.client_ca) {
    fprintf(stderr, "load: built without TLS; install the OpenSSL headers and run the setup again\n");
    return 1;
  }
#endif
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  printf("{\"ports\":[");
  for (int i = 0; i < s.backends; i++) {
    int port, fd = listen_anywhere(&port);
    new_connection(LISTENER, fd, 0);
    printf("%s%d", i ? "," : "", port);
  }
  printf("],\"tls\":%s}\n", tls_built);
  fflush(stdout);

  struct connection *commands = new_connection(STDIN, STDIN_FILENO, 0);
  char line[4096];
  for (;;) {
    step(-1);
    if (!command_waiting) continue;
    /* Out of the set while a command runs, or its successor would wake the loop all the time. */
    watch(commands, 0, EPOLL_CTL_DEL);
    command_waiting = 0;
    if (!read_command(line, sizeof line)) return 0;
    obey(line);
    watch(commands, EPOLLIN, EPOLL_CTL_ADD);
  }
}
