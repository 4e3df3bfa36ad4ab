// TCP echo on bare epoll, the floor: one wait for many connections, one read and one write for each that is ready.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (64 * 1024)
#define EVENTS 1024

// What the socket did not take; an idle connection holds no memory but this.
struct connection {
  int fd;
  char *unsent;
  size_t from, left;
};

static int events;

static void check(int result, const char *what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
}

static void watch(struct connection *c, int operation, unsigned interest) {
  struct epoll_event event = {.events = interest, .data.ptr = c};
  check(epoll_ctl(events, operation, c->fd, &event), "epoll_ctl");
}

static void drop(struct connection *c) {
  close(c->fd);
  free(c->unsent);
  free(c);
}

static void welcome(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    int on = 1;
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void echo(struct connection *c) {
  static char buffer[ROOM];
  ssize_t came = read(c->fd, buffer, ROOM);
  if (came <= 0) {
    if (came == 0 || errno != EAGAIN) drop(c);
    return;
  }
  ssize_t sent = write(c->fd, buffer, came);
  if (sent < 0 && errno != EAGAIN) {
    drop(c);
    return;
  }
  if (sent < 0) sent = 0;
  if (sent < came) {
    c->left = came - sent;
    c->from = 0;
    c->unsent = malloc(c->left);
    memcpy(c->unsent, buffer + sent, c->left);
    watch(c, EPOLL_CTL_MOD, EPOLLOUT);
  }
}

static void send_rest(struct connection *c) {
  ssize_t sent = write(c->fd, c->unsent + c->from, c->left);
  if (sent < 0) {
    if (errno != EAGAIN) drop(c);
    return;
  }
  c->from += sent;
  c->left -= sent;
  if (c->left == 0) {
    free(c->unsent);
    c->unsent = NULL;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  check(listener, "socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  check(bind(listener, (struct sockaddr *)&address, length), "bind");
  check(listen(listener, 4096), "listen");
  check(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
  check(events = epoll_create1(0), "epoll_create1");
  struct connection server = {.fd = listener};
  watch(&server, EPOLL_CTL_ADD, EPOLLIN);
  printf("%d gcc %s\n", ntohs(address.sin_port), __VERSION__);
  fflush(stdout);
  for (;;) {
    static struct epoll_event ready[EVENTS];
    int count = epoll_wait(events, ready, EVENTS, -1);
    if (count < 0 && errno != EINTR) check(count, "epoll_wait");
    for (int i = 0; i < count; i++) {
      struct connection *c = ready[i].data.ptr;
      if (c == &server) {
        welcome(listener);
      } else if (c->unsent) {
        send_rest(c);
      } else {
        echo(c);
      }
    }
  }
}
