/*
 * The HTTP/2 backend of the load generator: the same answer to every request, whatever it asks for, on connections without
 * TLS whose client knows that it is HTTP/2. As gRPC servers do, it has the client index the fields that do not change, so
 * that from the second answer on they are a byte each; a client that keeps no table of them (nginx) gets them in full.
 *
 * It honours both levels of flow control, reads no header block, and takes request bodies of less than 1 MB.
 */
#ifndef LOAD_BACKEND_HTTP2_H
#define LOAD_BACKEND_HTTP2_H

#include "load-connection.h"

#define FRAME_HEADER 9
#define FRAME_MAX 16384
#define PREFACE_LENGTH 24
#define STREAMS_MAX 1024
#define OUT_MAX 262144
/* Room that is left for answers to SETTINGS and PING while responses fill the rest. */
#define OUT_RESERVE 16384
#define REQUEST_WINDOW (1 << 20)
#define DEFAULT_WINDOW 65535

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

/*
 * A block of fields: as it is sent first, so that the client indexes it; as it is sent again, with no or one field indexed
 * since; and in full for a client that does not index.
 */
struct block {
  unsigned char first[256], again[2][16], full[256];
  size_t first_length, again_length[2], full_length;
};

struct stream {
  uint32_t id;
  int due;       /* the request is complete */
  int head_sent;
  int64_t window;
  size_t body_left;
};

struct http2 {
  size_t preface_left;
  int indexing;        /* the client keeps a table of fields */
  int head_indexed, trailers_indexed;
  int64_t window, stream_window;
  uint32_t received;   /* of request bodies, not yet given back to the connection's window */
  struct stream streams[STREAMS_MAX];
  int stream_count;
  size_t out_length;
  unsigned char out[OUT_MAX];
};

static struct block answer_head, answer_trailers;
static int with_trailers;
static unsigned char *answer_body;
static size_t answer_body_length;

/* ---- what is sent, made once ---- */

static void add(unsigned char *block, size_t *length, const void *bytes, size_t count) {
  memcpy(block + *length, bytes, count);
  *length += count;
}

/* A string of HPACK without Huffman; shorter than 127 bytes. */
static void add_string(unsigned char *block, size_t *length, const char *text) {
  unsigned char count = (unsigned char)strlen(text);
  add(block, length, &count, 1);
  add(block, length, text, count);
}

/* A literal (RFC 7541, section 6.2): its first byte says whether the client is to index it, then where the name is. */
static void add_literal(unsigned char *block, size_t *length, int indexed, int name_index, const char *name,
                        const char *value) {
  unsigned char prefix = indexed ? 0x40 : 0, mask = indexed ? 63 : 15;
  if (name_index < mask) {
    unsigned char byte = (unsigned char)(prefix | name_index);
    add(block, length, &byte, 1);
  } else {
    unsigned char bytes[2] = {(unsigned char)(prefix | mask), (unsigned char)(name_index - mask)};
    add(block, length, bytes, 2);
  }
  if (!name_index) add_string(block, length, name);
  add_string(block, length, value);
}

/* Adds a field in all forms. Names are taken from the static table where it has them; `name` is for those it has not. */
static void add_field(struct block *b, int name_index, const char *name, const char *value) {
  add_literal(b->first, &b->first_length, 1, name_index, name, value);
  add_literal(b->full, &b->full_length, 0, name_index, name, value);
}

/* References to the dynamic table, where the block's own `count` fields were put one after the other. */
static void add_references(struct block *b, int count) {
  for (int newer = 0; newer < 2; newer++) {
    for (int i = count - 1; i >= 0; i--) {
      unsigned char reference = (unsigned char)(0x80 | (62 + newer + i));
      add(b->again[newer], &b->again_length[newer], &reference, 1);
    }
  }
}

/* What grpc answers: a head, one message of `length` bytes with its prefix of five, and `grpc-status: 0`. */
static void build_grpc_answer(size_t length) {
  answer_body_length = length < 5 ? 5 : length;
  answer_body = malloc(answer_body_length);
  uint32_t message = htonl((uint32_t)(answer_body_length - 5));
  memset(answer_body, 'a', answer_body_length);
  answer_body[0] = 0;
  memcpy(answer_body + 1, &message, 4);
  add_field(&answer_head, 31, "content-type", "application/grpc");
  add_field(&answer_head, 54, "server", "bench");
  add_references(&answer_head, 2);
  add_field(&answer_trailers, 0, "grpc-status", "0");
  add_references(&answer_trailers, 1);
  with_trailers = 1;
}

/* What the HTTP/1.1 backend answers, over HTTP/2. */
static void build_plain_answer(size_t length) {
  char digits[24];
  snprintf(digits, sizeof digits, "%zu", length);
  answer_body_length = length;
  answer_body = malloc(length + 1);
  memset(answer_body, 'a', length);
  add_field(&answer_head, 54, "server", "bench");
  add_field(&answer_head, 33, "date", "Sat, 22 Nov 2025 15:48:34 GMT");
  add_field(&answer_head, 31, "content-type", "text/plain");
  add_field(&answer_head, 28, "content-length", digits);
  add_references(&answer_head, 4);
}

static void build_http2_answer(int grpc, size_t length) {
  /* ":status: 200" has an index of its own; a client without a table is told first that ours is of no bytes. */
  add(answer_head.first, &answer_head.first_length, "\x88", 1);
  for (int i = 0; i < 2; i++) add(answer_head.again[i], &answer_head.again_length[i], "\x88", 1);
  add(answer_head.full, &answer_head.full_length, "\x20\x88", 2);
  if (grpc) build_grpc_answer(length);
  else build_plain_answer(length);
}

/* ---- frames out ---- */

static void put_uint32(unsigned char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get_uint32(const unsigned char *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void put_frame(struct http2 *h, int type, int flags, uint32_t id, const void *payload, size_t length) {
  unsigned char *at = h->out + h->out_length;
  at[0] = (unsigned char)(length >> 16);
  at[1] = (unsigned char)(length >> 8);
  at[2] = (unsigned char)length;
  at[3] = (unsigned char)type;
  at[4] = (unsigned char)flags;
  put_uint32(at + 5, id);
  memcpy(at + FRAME_HEADER, payload, length);
  h->out_length += FRAME_HEADER + length;
}

/* `newer`: fields that were indexed after those of this block. */
static void put_block(struct http2 *h, const struct block *b, int *indexed, int newer, int flags, uint32_t id) {
  if (!h->indexing) put_frame(h, HEADERS, flags, id, b->full, b->full_length);
  else if (*indexed) put_frame(h, HEADERS, flags, id, b->again[newer], b->again_length[newer]);
  else put_frame(h, HEADERS, flags, id, b->first, b->first_length);
  *indexed = 1;
}

static int has_room(const struct http2 *h) {
  return h->out_length + 2 * FRAME_MAX < OUT_MAX - OUT_RESERVE;
}

/* Sends what the windows and the buffer allow of one answer. 1 when it is complete. */
static int answer(struct http2 *h, struct stream *s) {
  if (!has_room(h)) return 0;
  if (!s->head_sent) {
    int end = !answer_body_length && !with_trailers ? END_STREAM : 0;
    put_block(h, &answer_head, &h->head_indexed, h->trailers_indexed, END_HEADERS | end, s->id);
    s->head_sent = 1;
    s->body_left = answer_body_length;
  }
  while (s->body_left) {
    int64_t window = s->window < h->window ? s->window : h->window;
    if (window <= 0 || !has_room(h)) return 0;
    size_t length = s->body_left < FRAME_MAX ? s->body_left : FRAME_MAX;
    if ((int64_t)length > window) length = (size_t)window;
    int end = length == s->body_left && !with_trailers ? END_STREAM : 0;
    put_frame(h, DATA, end, s->id, answer_body + answer_body_length - s->body_left, length);
    s->body_left -= length;
    s->window -= (int64_t)length;
    h->window -= (int64_t)length;
  }
  if (with_trailers) put_block(h, &answer_trailers, &h->trailers_indexed, 0, END_HEADERS | END_STREAM, s->id);
  return 1;
}

/* Answers all complete requests, in the order they were opened, as far as they can be. */
static void answer_all(struct http2 *h) {
  int kept = 0;
  for (int i = 0; i < h->stream_count; i++) {
    struct stream *s = &h->streams[i];
    if (s->due && answer(h, s)) continue;
    if (kept != i) h->streams[kept] = *s;
    kept++;
  }
  h->stream_count = kept;
}

/* Writes what there is. -1 when the connection is broken. */
static int write_answers(struct connection *c) {
  struct http2 *h = c->http2;
  size_t sent = 0;
  while (sent < h->out_length) {
    ssize_t n = write_some(c, (char *)h->out + sent, h->out_length - sent);
    if (n < 0) return -1;
    if (n == 0) break;
    sent += (size_t)n;
  }
  h->out_length -= sent;
  if (sent && h->out_length) memmove(h->out, h->out + sent, h->out_length);
  int waits = h->out_length > 0;
  if (waits != c->watching_out) watch(c, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  c->watching_out = waits;
  return 0;
}

/* Answers and writes until the windows, the socket or the requests are used up. -1 when the connection is broken. */
static int flush_http2(struct connection *c) {
  int full;
  do {
    answer_all(c->http2);
    full = !has_room(c->http2);
    if (write_answers(c)) return -1;
  } while (full && !c->http2->out_length);
  return 0;
}

/* ---- frames in ---- */

static struct stream *find_stream(struct http2 *h, uint32_t id) {
  for (int i = h->stream_count - 1; i >= 0; i--)
    if (h->streams[i].id == id) return &h->streams[i];
  return NULL;
}

static int open_stream(struct http2 *h, uint32_t id, int complete) {
  struct stream *s = find_stream(h, id);
  if (s) { /* trailers */
    s->due |= complete;
    return 0;
  }
  if (h->stream_count == STREAMS_MAX) return -1;
  h->streams[h->stream_count++] = (struct stream){.id = id, .due = complete, .window = h->stream_window};
  return 0;
}

static void on_data(struct http2 *h, uint32_t id, size_t length, int complete) {
  h->received += (uint32_t)length;
  struct stream *s = find_stream(h, id);
  if (s && complete) s->due = 1;
  if (h->received < REQUEST_WINDOW / 2) return;
  unsigned char bytes[4];
  put_uint32(bytes, h->received);
  put_frame(h, WINDOW_UPDATE, 0, 0, bytes, 4);
  h->received = 0;
}

static void on_settings(struct http2 *h, const unsigned char *at, size_t length) {
  for (const unsigned char *end = at + length; at + 6 <= end; at += 6) {
    int key = at[0] << 8 | at[1];
    uint32_t value = get_uint32(at + 2);
    if (key == 1) h->indexing = value >= 4096;
    if (key != 4) continue;
    for (int i = 0; i < h->stream_count; i++) h->streams[i].window += (int64_t)value - h->stream_window;
    h->stream_window = value;
  }
  put_frame(h, SETTINGS, ACK, 0, "", 0);
}

static void on_window_update(struct http2 *h, uint32_t id, uint32_t bytes) {
  struct stream *s = id ? find_stream(h, id) : NULL;
  if (!id) h->window += bytes;
  else if (s) s->window += bytes;
}

static void on_reset(struct http2 *h, uint32_t id) {
  struct stream *s = find_stream(h, id);
  if (!s) return;
  struct stream *end = h->streams + --h->stream_count;
  memmove(s, s + 1, (size_t)((char *)end - (char *)s));
}

/* One frame. -1 when the connection cannot go on. */
static int on_frame(struct http2 *h, int type, int flags, uint32_t id, const unsigned char *payload, size_t length) {
  switch (type) {
    case DATA:
      on_data(h, id, length, flags & END_STREAM);
      return 0;
    case HEADERS:
      return open_stream(h, id, flags & END_STREAM);
    case RST_STREAM:
      on_reset(h, id);
      return 0;
    case SETTINGS:
      if (!(flags & ACK)) on_settings(h, payload, length);
      return 0;
    case PING:
      if (length != 8) return -1;
      if (!(flags & ACK)) put_frame(h, PING, ACK, 0, payload, 8);
      return 0;
    case WINDOW_UPDATE:
      if (length != 4) return -1;
      on_window_update(h, id, get_uint32(payload) & 0x7fffffff);
      return 0;
    default:
      return 0;
  }
}

/* Consumes whole frames. Returns how much was consumed, or -1. */
static ssize_t serve_http2(struct http2 *h, const unsigned char *at, size_t length) {
  size_t used = length < h->preface_left ? length : h->preface_left;
  h->preface_left -= used;
  while (length - used >= FRAME_HEADER) {
    const unsigned char *frame = at + used;
    size_t payload = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
    if (payload > FRAME_MAX) return -1;
    if (length - used < FRAME_HEADER + payload) break;
    /* What is not read by the client has filled the buffer: it asks for answers to be counted, and gets none. */
    if (h->out_length + FRAME_MAX > OUT_MAX) return -1;
    if (on_frame(h, frame[3], frame[4], get_uint32(frame + 5) & 0x7fffffff, frame + FRAME_HEADER, payload)) return -1;
    used += FRAME_HEADER + payload;
  }
  return (ssize_t)used;
}

static void begin_http2(struct connection *c) {
  struct http2 *h = calloc(1, sizeof *h);
  h->preface_left = PREFACE_LENGTH;
  h->indexing = 1;
  h->window = h->stream_window = DEFAULT_WINDOW;
  c->http2 = h;
  unsigned char settings[12] = {0, 3, 0, 0, 0, 0, 0, 4};
  put_uint32(settings + 2, STREAMS_MAX);
  put_uint32(settings + 8, REQUEST_WINDOW);
  put_frame(h, SETTINGS, 0, 0, settings, sizeof settings);
  unsigned char more[4];
  put_uint32(more, REQUEST_WINDOW - DEFAULT_WINDOW);
  put_frame(h, WINDOW_UPDATE, 0, 0, more, sizeof more);
  if (flush_http2(c)) close_connection(c);
}

static void on_http2_backend(struct connection *c) {
  unsigned char *bytes = (unsigned char *)input;
  size_t kept = c->partial_length;
  if (c->partial) memcpy(bytes, c->partial, kept);
  ssize_t got = read_some(c, input + kept, sizeof input - kept);
  if (got < 0) {
    close_connection(c);
    return;
  }
  size_t length = kept + (size_t)got;
  ssize_t used = serve_http2(c->http2, bytes, length);
  free(c->partial);
  c->partial = NULL;
  c->partial_length = 0;
  if (used >= 0 && (size_t)used < length) {
    c->partial_length = length - (size_t)used;
    c->partial = malloc(c->partial_length);
    memcpy(c->partial, bytes + used, c->partial_length);
  }
  if (used < 0 || flush_http2(c)) close_connection(c);
}

#endif
