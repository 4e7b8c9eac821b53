// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rawsend IF HEX ...: send these bytes as frames out of IF.
 * rawsend IF --random N SEED: N frames of 14 to 200 random bytes.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int sock;
static struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };

static void send_frame(const unsigned char *frame, size_t length)
{
	if (sendto(sock, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) !=
	    (ssize_t)length) {
		perror("rawsend");
		exit(1);
	}
}

static void send_hex(const char *text)
{
	unsigned char frame[2048];
	size_t length = 0;
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1 && length < sizeof(frame); text += 2)
		frame[length++] = byte;
	send_frame(frame, length);
}

static void send_random(int count, unsigned int seed)
{
	unsigned char frame[200];

	for (int i = 0; i < count; i++) {
		size_t length = ETH_HLEN + rand_r(&seed) % (sizeof(frame) - ETH_HLEN);

		for (size_t k = 0; k < length; k++)
			frame[k] = rand_r(&seed) >> 7;
		/* Half of them are of a generation that there may be. */
		if (i % 2)
			memcpy(frame, "\0\0\0\1", 4);
		send_frame(frame, length);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	to.sll_ifindex = if_nametoindex(argv[1]);
	if (sock < 0 || !to.sll_ifindex) {
		perror("rawsend");
		return 1;
	}
	if (!strcmp(argv[2], "--random") && argc == 5) {
		send_random(atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	for (int i = 2; i < argc; i++)
		send_hex(argv[i]);
	return 0;
}
