/* The backend of the load generator: the same response to every request, whatever it asks for. */
#ifndef LOAD_BACKEND_H
#define LOAD_BACKEND_H

#include "load-backend-http2.h"
#include "load-connection.h"

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
    if (listener->kind == HTTP2_LISTENER) begin_http2(new_connection(HTTP2_BACKEND, fd, 0));
    else new_connection(BACKEND, fd, tls_on_backend);
  }
}

#endif
