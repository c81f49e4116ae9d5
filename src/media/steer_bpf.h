/*
 * Steers UDP by BPF sk_lookup: what comes to one local address goes to the socket that a
 * table names for its port, before the kernel looks for a socket of its own. Linux 5.9; needs
 * CAP_BPF and CAP_NET_ADMIN to begin, nothing afterwards.
 *
 * All of it is the loop thread's.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"

struct steer_bpf {
	struct addr address;
	int table_fd; /* port to socket */
	int sockets_fd;
	int program_fd;
	int link_fd;
	uint64_t *table; /* mapped: by port, the index of the socket and 1, or 0 */
};

/*
 * For packets to ADDRESS (its port does not count) in this network namespace. SOCKETS are
 * COUNT UDP sockets that are bound to ADDRESS, whatever the port. 0, or negative with TEXT.
 */
int steer_bpf_new(struct steer_bpf *ret, const struct addr *address, const int *sockets,
	unsigned count, struct err_text *text);
void steer_bpf_free(struct steer_bpf *steer);

/* Packets to PORT go to the socket of INDEX. */
void steer_bpf_set(struct steer_bpf *steer, uint16_t port, unsigned index);
/* They go where they would without all this. */
void steer_bpf_clear(struct steer_bpf *steer, uint16_t port);
