/*
 * What load.c and bulk.c share: a clock, the CPU time of a process tree, how idle the two measured cores were, sockets on
 * loopback, and the one-line commands they are driven with. Linux only. Everything is static: each tool is one file to compile.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- CPU time ---- */

struct cpu {
  double total_us;  /* utime + stime of all threads, dead ones included */
  double user_us;   /* of these, to the tick of 10 ms */
  double system_us;
};

/*
 * Adds the CPU time of a process and of its living descendants. The process clock has the sum of /proc/PID/stat's utime and
 * stime in nanoseconds instead of ticks, which matters for short windows; the split is only there in ticks.
 */
static void add_cpu_of_tree(int pid, struct cpu *cpu) {
  char path[300], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  /* The second field is the command in parentheses and may hold anything, so counting starts at the last one. */
  char *rest = strrchr(text, ')');
  unsigned long user = 0, system = 0;
  if (rest) sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  double tick_us = 1e6 / sysconf(_SC_CLK_TCK);
  cpu->user_us += user * tick_us;
  cpu->system_us += system * tick_us;
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
    cpu->total_us += t.tv_sec * 1e6 + t.tv_nsec / 1e3;
  else
    cpu->total_us += (user + system) * tick_us;

  /* A child is listed under the thread that forked it. */
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (!threads) return;
  for (struct dirent *thread; (thread = readdir(threads));) {
    if (thread->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pid, thread->d_name);
    file = fopen(path, "r");
    if (!file) continue;
    for (int child; fscanf(file, "%d", &child) == 1;) add_cpu_of_tree(child, cpu);
    fclose(file);
  }
  closedir(threads);
}

static struct cpu cpu_of_tree(int pid) {
  struct cpu cpu = {0, 0, 0};
  if (pid > 0) add_cpu_of_tree(pid, &cpu);
  return cpu;
}

/* Time that two cores spent idle (or waiting for a disk) since boot, in microseconds. */
static double idle_us_of_cores(int a, int b) {
  FILE *file = fopen("/proc/stat", "r");
  if (!file) return 0;
  char line[512];
  double ticks = 0;
  while (fgets(line, sizeof line, file)) {
    int core;
    unsigned long idle, iowait;
    if (sscanf(line, "cpu%d %*u %*u %*u %lu %lu", &core, &idle, &iowait) == 3 && (core == a || core == b))
      ticks += (double)(idle + iowait);
  }
  fclose(file);
  return ticks * 1e6 / sysconf(_SC_CLK_TCK);
}

/*
 * A measured window. Foreign is the share of the two cores' time that was neither idle nor spent by the proxy or by this
 * process: somebody else's work, or time that the hypervisor took.
 */
struct window {
  int pid, core_a, core_b;
  uint64_t began_ns;
  double idle_us;
  struct cpu proxy, self;
};

struct outcome {
  double seconds, foreign_share;
  struct cpu proxy;
  double self_us;
};

static struct window window_open(int pid, int core_a, int core_b) {
  struct window w = {.pid = pid, .core_a = core_a, .core_b = core_b};
  w.proxy = cpu_of_tree(pid);
  w.self = cpu_of_tree(getpid());
  w.idle_us = idle_us_of_cores(core_a, core_b);
  w.began_ns = now_ns();
  return w;
}

static struct outcome window_close(const struct window *w) {
  uint64_t elapsed_ns = now_ns() - w->began_ns;
  double idle_us = idle_us_of_cores(w->core_a, w->core_b) - w->idle_us;
  struct cpu proxy = cpu_of_tree(w->pid), self = cpu_of_tree(getpid());
  struct outcome o;
  o.seconds = elapsed_ns / 1e9;
  o.proxy.total_us = proxy.total_us - w->proxy.total_us;
  o.proxy.user_us = proxy.user_us - w->proxy.user_us;
  o.proxy.system_us = proxy.system_us - w->proxy.system_us;
  o.self_us = self.total_us - w->self.total_us;
  double all_us = elapsed_ns / 1e3 * (w->core_a == w->core_b ? 1 : 2);
  o.foreign_share = 1 - (idle_us + o.proxy.total_us + o.self_us) / all_us;
  return o;
}

/* ---- sockets on loopback ---- */

static void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/* Listens on a port of the kernel's choice, which is returned through `port`. */
static int listen_anywhere(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (void *)&address, sizeof address) || listen(fd, 4096) ||
      getsockname(fd, (void *)&address, &length)) {
    perror("listen on loopback");
    exit(1);
  }
  *port = ntohs(address.sin_port);
  return fd;
}

/* A connected, non-blocking socket, or -1 with errno. Waits at most three seconds. */
static int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct timeval limit = {.tv_sec = 3};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (void *)&address, sizeof address)) {
    int why = errno == EINPROGRESS ? ETIMEDOUT : errno;
    close(fd);
    errno = why;
    return -1;
  }
  no_delay(fd);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/* ---- commands: one line `verb key=value key=value`, answered by one line of JSON ---- */

static double option_number(const char *line, const char *key, double fallback) {
  size_t length = strlen(key);
  for (const char *at = line; (at = strstr(at, key)); at += length)
    if (at > line && at[-1] == ' ' && at[length] == '=') return atof(at + length + 1);
  return fallback;
}

/* Reads one line of standard input without its newline. 0 at the end of input. Commands come one at a time. */
static int read_command(char *line, size_t size) {
  size_t length = 0;
  while (length + 1 < size) {
    ssize_t got = read(STDIN_FILENO, line + length, 1);
    if (got <= 0) return 0;
    if (line[length] == '\n') break;
    length++;
  }
  line[length] = 0;
  return 1;
}

#endif
