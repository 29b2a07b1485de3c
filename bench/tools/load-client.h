/* The clients of the load generator: requests on keep-alive connections, and a parser for what comes back. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "load-connection.h"
#include "load-latency.h"

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

#endif
