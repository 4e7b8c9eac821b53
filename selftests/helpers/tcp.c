// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcp serve ADDRESS PORT: send back what comes in over one connection, then
 * end. Prints "listening" when it does.
 * tcp echo ADDRESS PORT BYTES: send that many, compare what comes back.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(const char *address, const char *port, int type, int serve)
{
	struct addrinfo hints = { .ai_socktype = type,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *to;
	int one = 1, fd;

	if (getaddrinfo(address, port, &hints, &to))
		fail(address);
	fd = socket(to->ai_family, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (serve ? bind(fd, to->ai_addr, to->ai_addrlen)
		  : connect(fd, to->ai_addr, to->ai_addrlen))
		fail(serve ? "bind" : "connect");
	freeaddrinfo(to);
	return fd;
}

static void serve_tcp(int fd)
{
	char buf[65536];
	ssize_t n;
	int conn;

	if (listen(fd, 1))
		fail("listen");
	printf("listening\n");
	fflush(stdout);
	conn = accept(fd, NULL, NULL);
	while ((n = read(conn, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0, m; at < n; at += m)
			if ((m = write(conn, buf + at, n - at)) < 0)
				fail("write");
}

/* The byte at an offset: a period that no power of two divides. */
static char byte_at(long offset)
{
	return offset % 251;
}

static void echo_tcp(int fd, long bytes)
{
	long sent = 0, received = 0;
	char buf[65536];

	while (received < bytes) {
		struct pollfd p = { fd, POLLIN | (sent < bytes ? POLLOUT : 0), 0 };
		ssize_t n;

		if (poll(&p, 1, -1) < 0)
			fail("poll");
		if (p.revents & POLLOUT) {
			n = bytes - sent < (long)sizeof(buf) ? bytes - sent : (long)sizeof(buf);
			for (ssize_t i = 0; i < n; i++)
				buf[i] = byte_at(sent + i);
			n = send(fd, buf, n, MSG_DONTWAIT);
			if (n < 0 && errno != EAGAIN)
				fail("send");
			sent += n > 0 ? n : 0;
			if (sent == bytes)
				shutdown(fd, SHUT_WR);
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
			if (!n || (n < 0 && errno != EAGAIN))
				fail("connection ended early");
			for (ssize_t i = 0; i < n; i++) {
				if (buf[i] == byte_at(received + i))
					continue;
				fprintf(stderr, "tcp: byte %ld differs\n", received + i);
				exit(1);
			}
			received += n > 0 ? n : 0;
		}
	}
}

int main(int argc, char **argv)
{
	int serve = argc > 1 && !strcmp(argv[1], "serve"), fd;

	if (argc != (serve ? 4 : 5) || (!serve && strcmp(argv[1], "echo"))) {
		fprintf(stderr, "usage: tcp serve ADDRESS PORT\n"
				"       tcp echo ADDRESS PORT BYTES\n");
		return 2;
	}
	fd = open_socket(argv[2], argv[3], SOCK_STREAM, serve);
	if (serve)
		serve_tcp(fd);
	else
		echo_tcp(fd, atol(argv[4]));
	return 0;
}
