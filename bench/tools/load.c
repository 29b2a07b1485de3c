/*
 * load: HTTP/1.1 load generator and backend in one epoll process, so that on a machine of two cores the proxy has the other
 * core to itself and is the one that saturates. The backend speaks HTTP/2, too.
 *
 *   load [--backends N] [--http2 grpc|plain] [--response-bytes N] [--host NAME]... [--path PATH] [--headers FILE] [--body-bytes N]
 *        [--cores A,B] [--backend-cert FILE --backend-key FILE [--backend-client-ca FILE]] [--client-ca FILE]
 *
 *   --backends N          ports of loopback that the backend listens on (default 1)
 *   --http2 grpc|plain    as many ports more that speak HTTP/2: answers with trailers, as gRPC has them, or without
 *   --response-bytes N    length of every response body (default 100)
 *   --host NAME           Host of the requests, repeatable: requests take the names in turn (default "bench.local")
 *   --path PATH           request target (default "/")
 *   --headers FILE        header lines added to every request; responses get a few more, too
 *   --body-bytes N        sends POST with a body of this length (default 0: GET)
 *   --cores A,B           the cores whose foreign use is judged (default 0,1)
 *   --backend-cert ...    the backend speaks TLS; with --backend-client-ca it demands a client certificate
 *   --client-ca FILE      what `tls=1` clients trust
 *
 * It prints {"ports":[...],"http2Ports":[...],"tls":BOOL} and then obeys lines on standard input, answering each with a line of JSON:
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
#include "load-backend.h"
#include "load-client.h"
#include "load-latency.h"
#include "measure.h"

#define BACKENDS_MAX 64

/* ---- the loop ---- */

static void step(int timeout_ms) {
  static struct epoll_event events[1024];
  int count = epoll_wait(epoll_fd, events, 1024, timeout_ms);
  for (int i = 0; i < count; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->fd < 0) continue;
    if (c->kind == LISTENER || c->kind == HTTP2_LISTENER) {
      accept_all(c);
      continue;
    }
    if (c->kind == STDIN) {
      command_waiting = 1;
      continue;
    }
    if (c->kind == HTTP2_BACKEND) {
      on_http2_backend(c);
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
  const char *path, *headers_file, *http2;
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
    else if (!strcmp(name, "--http2") && (!strcmp(value, "grpc") || !strcmp(value, "plain"))) s.http2 = value;
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

/* Listens on ports of the kernel's choice and prints them. */
static void listen_on(enum kind kind, int count) {
  for (int i = 0; i < count; i++) {
    int port, fd = listen_anywhere(&port);
    new_connection(kind, fd, 0);
    printf("%s%d", i ? "," : "", port);
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  struct settings s = parse_arguments(argc, argv);
  build_messages(&s);
  if (s.http2) build_http2_answer(!strcmp(s.http2, "grpc"), s.response_bytes);
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
  listen_on(LISTENER, s.backends);
  printf("],\"http2Ports\":[");
  if (s.http2) listen_on(HTTP2_LISTENER, s.backends);
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
