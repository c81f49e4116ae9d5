/*
 * Finds free ports for a test: prints the first of COUNT consecutive ports of 127.0.0.1
 * on which nothing listens by TCP or UDP, and keeps that block from other runs of itself
 * until it is ended. The first port of the block is the lock: use those behind it.
 *
 *   ports COUNT
 *
 * Blocks lie below the ports that the kernel hands out by itself, and not where each sipp
 * takes one for its remote control.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT_FIRST 6000
#define PORT_LAST 32767
#define SIPP_FIRST 8888
#define SIPP_LAST 8947
/* Others may be busy with thousands of ports for a while. */
#define PATIENCE_S 60

/* A socket of TYPE bound to PORT, or -1. */
static int bind_port(int type, unsigned port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* As the programs under test do: a connection in TIME_WAIT is no hindrance. */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		(type == SOCK_STREAM && listen(fd, 1) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool port_free(unsigned port)
{
	int udp = bind_port(SOCK_DGRAM, port);
	int tcp = bind_port(SOCK_STREAM, port);

	if (udp >= 0)
		close(udp);
	if (tcp >= 0)
		close(tcp);
	return udp >= 0 && tcp >= 0;
}

/* Takes the block of COUNT ports at FIRST, or returns false. */
static bool take_block(unsigned first, unsigned count)
{
	int lock;

	if (first <= SIPP_LAST && first + count > SIPP_FIRST)
		return false;
	lock = bind_port(SOCK_STREAM, first);
	if (lock < 0)
		return false;
	for (unsigned port = first + 1; port < first + count; port++) {
		if (!port_free(port)) {
			close(lock);
			return false;
		}
	}
	return true;
}

/* The first port of a block that was taken, or 0. */
static unsigned find_block(unsigned count)
{
	unsigned blocks = (PORT_LAST + 1 - PORT_FIRST) / count;
	struct timespec now;
	unsigned start;

	clock_gettime(CLOCK_REALTIME, &now);
	start = (unsigned)(now.tv_nsec / 1000 + getpid()) % blocks;
	for (unsigned i = 0; i < blocks; i++) {
		unsigned first = PORT_FIRST + (start + i) % blocks * count;

		if (take_block(first, count))
			return first;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned first = 0;

	if (count < 2 || count > 10000) {
		fprintf(stderr, "usage: %s COUNT (2-10000)\n", argv[0]);
		return 2;
	}
	/* A test that is killed must not leave its ports locked. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (unsigned i = 0; i < PATIENCE_S && first == 0; i++) {
		if (i > 0)
			sleep(1);
		first = find_block((unsigned)count);
	}
	if (first == 0) {
		fprintf(stderr, "%s: no %lu free ports in a row\n", argv[0], count);
		return 1;
	}
	printf("%u\n", first);
	fclose(stdout);
	for (;;)
		pause();
}
