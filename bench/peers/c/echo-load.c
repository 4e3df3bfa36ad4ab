// The load of the echo benchmark: echo-load PORT PID CONNECTIONS SPIN WARMUP SECONDS SIZE…
//
// Each connection has one message on its way, each time other bytes, and every byte of every reply is compared. For each size it
// prints one line: size, round trips, seconds, CPU nanoseconds of the server PID, its user and system ticks, p50, p99 and the
// maximum of the latency in nanoseconds, the share of the time in which there was nothing to do here, and all round trips of this
// process so far. A wrong byte, a lost message or a lost connection ends it with exit code 1 and the reason. SPIN 1: asks for events
// without waiting, so that the server's time does not hold the waking of this process. WARMUP: seconds of the server's work before
// each measurement.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define LARGEST (64 * 1024)
#define PATTERN (256 * 1024) // a power of two
#define EVENTS 128
#define LEAST_CYCLES 3 // in a window
#define WAVE 100          // connections made at once: no backlog is so short
#define PER_ADDRESS 10000 // connections from one loopback address
#define PATIENCE 10e9     // nanoseconds without any reply, after which messages count as lost

struct connection {
  int fd;
  uint32_t number, message;
  size_t sent, received; // of the message that is on its way
  uint64_t since;        // 0: none is
};

static char pattern[PATTERN + LARGEST];
static char buffer[LARGEST + 1];
static struct connection *all;
static int count, opened, events, spin, on_way, going;
static size_t size;
static uint64_t replies, total, idle, last_reply;

// Latencies: 32 steps for each power of two, so 3 % at most beside the truth.
static uint64_t histogram[64 * 32], slowest;

static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  exit(1);
}

static uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) fail("the clock of the server can't be read: %s", strerror(errno));
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t now(void) { return clock_ns(CLOCK_MONOTONIC); }

static void record(uint64_t nanos) {
  int power = 63 - __builtin_clzll(nanos | 32);
  histogram[power * 32 + ((nanos >> (power - 5)) & 31)]++;
  if (nanos > slowest) slowest = nanos;
}

static uint64_t quantile(double share) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < 64 * 32; i++) total += histogram[i];
  for (int i = 0; i < 64 * 32; i++) {
    seen += histogram[i];
    if (seen && seen >= share * total) {
      uint64_t top = (32ull + i % 32 + 1) << (i / 32 - 5);
      return top < slowest ? top : slowest;
    }
  }
  return slowest;
}

// Other bytes for each message of each connection.
static const char *content(const struct connection *c) {
  uint32_t mixed = (c->number * 40503u + c->message) * 2654435761u;
  return pattern + (mixed >> 14) % PATTERN;
}

static void send_more(struct connection *c) {
  while (c->sent < size) {
    ssize_t taken = send(c->fd, content(c) + c->sent, size - c->sent, MSG_NOSIGNAL);
    if (taken < 0 && errno == EAGAIN) return; // the event comes
    if (taken < 0) fail("connection %u was lost at message %u: %s", c->number, c->message, strerror(errno));
    c->sent += taken;
  }
}

static void begin_message(struct connection *c) {
  c->message++;
  c->sent = c->received = 0;
  c->since = now();
  on_way++;
  send_more(c);
}

static void receive(struct connection *c) {
  for (;;) {
    size_t wanted = size - c->received + 1; // one more, which must not come
    ssize_t came = recv(c->fd, buffer, wanted, 0);
    if (came < 0 && errno == EAGAIN) return;
    if (came < 0) fail("connection %u was lost at message %u: %s", c->number, c->message, strerror(errno));
    if (came == 0) fail("the server closed connection %u after %zu of %zu bytes of message %u", c->number, c->received, size, c->message);
    if (!c->since) fail("connection %u got %zd bytes more than it sent, after message %u", c->number, came, c->message);
    if (c->received + came > c->sent) fail("connection %u got more bytes than it sent, at message %u", c->number, c->message);
    if (memcmp(buffer, content(c) + c->received, came)) {
      size_t i = 0;
      while (buffer[i] == content(c)[c->received + i]) i++;
      fail("connection %u: byte %zu of %zu of message %u is wrong", c->number, c->received + i, size, c->message);
    }
    c->received += came;
    if (c->received == size) break;
    if ((size_t)came < wanted) return;
  }
  uint64_t at = now();
  record(at - c->since);
  c->since = 0;
  last_reply = at;
  replies++;
  total++;
  on_way--;
  if (going) begin_message(c);
}

// Deals with what has happened; returns the time.
static uint64_t turn(uint64_t before) {
  struct epoll_event ready[EVENTS];
  int found = epoll_wait(events, ready, EVENTS, spin ? 0 : 1000);
  if (found < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  for (int i = 0; i < found; i++) {
    struct connection *c = ready[i].data.ptr;
    if (ready[i].events & EPOLLOUT && c->since) send_more(c);
    if (ready[i].events & ~EPOLLOUT) receive(c);
  }
  uint64_t at = now();
  if (found <= 0) {
    idle += at - before;
    if (on_way && at - last_reply > PATIENCE && at > last_reply)
      fail("lost: %d of %d connections had no whole reply after %.0f s", on_way, opened, PATIENCE / 1e9);
  }
  return at;
}

static uint64_t until(uint64_t end) {
  uint64_t at = now();
  while (at < end) at = turn(at);
  return at;
}

// On to as many replies as make whole cycles, a reply of each connection on average. Many a server takes all messages, then answers
// them all: a window that ends anywhere in between would hold the reading without the writing.
static uint64_t to_full_cycle(uint64_t at, uint64_t least) {
  uint64_t end = replies < least ? least : (replies + count - 1) / count * count;
  while (replies < end) at = turn(at);
  return at;
}

static void let_end(void) {
  going = 0;
  last_reply = now();
  for (uint64_t at = last_reply; on_way;) at = turn(at);
}

static void connect_one(int port, int number) {
  struct connection *c = &all[number];
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0) fail("no socket for connection %d: %s", number, strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number / PER_ADDRESS)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  if (bind(fd, (struct sockaddr *)&from, sizeof from)) fail("bind of connection %d: %s", number, strerror(errno));
  if (connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connection %d was refused: %s", number, strerror(errno));
  if (fcntl(fd, F_SETFL, O_NONBLOCK)) fail("connection %d: %s", number, strerror(errno));
  *c = (struct connection){.fd = fd, .number = number};
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl: %s", strerror(errno));
}

// User and system time of the server, in ticks, from its line in /proc.
static void ticks(const char *pid, uint64_t *user, uint64_t *system) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, sizeof line, file)) fail("the server %s has gone", pid);
  fclose(file);
  char *rest = strrchr(line, ')'); // its name may hold anything
  if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", user, system) != 2)
    fail("%s can't be read", path);
}

// Until the server has worked so long: on a machine that others use as well, that takes longer, but not for ever.
static uint64_t warm(clockid_t server, uint64_t nanos) {
  uint64_t begin = now(), at = begin, enough = clock_ns(server) + nanos;
  while (at < begin + 4 * nanos && clock_ns(server) < enough) at = until(at + 5e6);
  return at;
}

static void measure(const char *pid, clockid_t server, double warm_up, double seconds) {
  uint64_t user[2], system[2];
  going = 1;
  replies = 0;
  last_reply = now();
  for (int i = 0; i < count; i++) begin_message(&all[i]);
  uint64_t begin = to_full_cycle(warm(server, warm_up * 1e9), count);
  memset(histogram, 0, sizeof histogram);
  slowest = 0;
  replies = idle = 0;
  ticks(pid, &user[0], &system[0]);
  uint64_t cpu = clock_ns(server);
  uint64_t end = to_full_cycle(until(begin + seconds * 1e9), LEAST_CYCLES * count);
  cpu = clock_ns(server) - cpu;
  uint64_t done = replies, p50 = quantile(.5), p99 = quantile(.99), most = slowest, nothing = idle;
  ticks(pid, &user[1], &system[1]);
  let_end();
  printf("%zu %lu %.6f %lu %lu %lu %lu %lu %lu %.3f %lu\n", size, done, (end - begin) / 1e9, cpu, user[1] - user[0],
         system[1] - system[0], p50, p99, most, (double)nothing / (end - begin), total);
}

int main(int argc, char **argv) {
  if (argc < 8) fail("usage: echo-load PORT PID CONNECTIONS SPIN WARMUP SECONDS SIZE…");
  int port = atoi(argv[1]);
  count = atoi(argv[3]);
  spin = atoi(argv[4]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  clockid_t server;
  if (clock_getcpuclockid(atoi(argv[2]), &server)) fail("there is no process %s", argv[2]);
  if ((events = epoll_create1(0)) < 0) fail("epoll_create1: %s", strerror(errno));
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (random = random * 1664525u + 1013904223u) >> 24;
  all = calloc(count, sizeof *all);

  size = 1; // a byte to and fro tells that the server has accepted
  while (opened < count) {
    int first = opened;
    while (opened < count && opened < first + WAVE) connect_one(port, opened++);
    for (int i = first; i < opened; i++) begin_message(&all[i]);
    let_end();
  }
  for (int i = 7; i < argc; i++) {
    size = atoi(argv[i]);
    if (size < 1 || size > LARGEST) fail("a message has 1 to %d bytes", LARGEST);
    measure(argv[2], server, atof(argv[5]), atof(argv[6]));
  }
  for (int i = 0; i < count; i++) {
    if (recv(all[i].fd, buffer, 1, 0) >= 0) fail("connection %d got more bytes than it sent, or was closed", i);
    close(all[i].fd);
  }
  return 0;
}
