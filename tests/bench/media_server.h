/*
 * A media server under test: a process of its own on a core of its own, at loopback
 * addresses of its own, that relays calls between SRTP (at end A) and RTP. Three
 * kinds: Tandem's relay, a forwarder that only forwards, and rtpengine.
 *
 * One thread uses a server.
 */
#pragma once

#include "media/relay.h"

#include <stdbool.h>
#include <sys/types.h>

/* MEDIA_OTHER is Tandem's relay of another build. */
enum media_kind { MEDIA_TANDEM, MEDIA_BARE, MEDIA_RTPENGINE, MEDIA_OTHER };

/* As [audit] mode. */
enum media_capture {
	MEDIA_NO_CAPTURE,
	MEDIA_CAPTURE_SIGNALLING,
	MEDIA_CAPTURE_RECEIVED, /* media too, as it was received */
	MEDIA_CAPTURE_FULL,     /* and as it was sent */
	MEDIA_CAPTURE_ENCRYPTED
};

struct media_params {
	enum media_kind kind;
	enum relay_io io;       /* not rtpengine's */
	unsigned tick_us;       /* the same */
	enum relay_suite suite; /* not the bare forwarder's: RTP at both ends */
	unsigned core;
	/* Tandem's alone; its files go to FOLDER, written on AUDIT_CORE. */
	enum media_capture capture;
	unsigned audit_core;
	const char *folder;
	const char *program; /* MEDIA_OTHER's: see media_other.c */
};

/* A key as it goes to a server and back. That may be one of another build, so this layout stays,
 * whatever becomes of struct relay_key. */
struct media_passed {
	uint32_t suite; /* enum relay_suite */
	uint32_t unused;
	uint8_t bytes[64];
	uint64_t len;
	uint8_t mki[4];
	uint32_t mki_len;
};

/* By enum relay_end, then RTP and RTCP. */
struct media_call {
	struct addr peer[2][2];       /* where the far ends are */
	struct addr local[2][2];      /* the server's */
	struct media_passed to, from; /* end A: what it opens, what it seals */
};

/* Puts the calling thread on it; a thread that it makes later is there too. False: that cannot be. */
bool media_pin(unsigned core);

struct media_memory {
	double rss_kb;
	double heap_kb; /* in use, without the kernel's; Tandem's alone */
};

struct media_server;

/* 0, or negative with TEXT: not installed, or not possible on this machine. */
int media_server_start(struct media_server **ret, const struct media_params *params,
	struct err_text *text);
/* NULL is fine. */
void media_server_stop(struct media_server *server);
const struct media_params *media_server_params(const struct media_server *server);

/* Begins COUNT calls from call FIRST on: PEER is read, the rest written. */
void media_server_open(struct media_server *server, struct media_call *calls,
	unsigned first, unsigned count);
/* COUNT calls like CALL begin and end, some 50 of them alive at a time. CPU us; of it the
 * signalling thread's, which is Tandem's alone and 0 for others. */
double media_server_churn(struct media_server *server, const struct media_call *call,
	unsigned count, double *ret_loop_us);
/* User and system time since it started. */
double media_server_cpu_us(const struct media_server *server);
/* The same in the kernel's clock ticks, apart. */
void media_server_ticks(
	const struct media_server *server, uint64_t *ret_user, uint64_t *ret_system);
void media_server_memory(struct media_server *server, struct media_memory *ret);
/* Packets that should have been captured since it started, and of them those that were not: 0 where nothing is. */
struct media_captured {
	uint64_t offered, lost;
};
void media_server_captured(struct media_server *server, struct media_captured *ret);

/* What follows is for the kinds' own files. */

#define MEDIA_CHURN_LIVE 50

enum media_order { MEDIA_OPEN, MEDIA_CHURN, MEDIA_HEAP, MEDIA_CAPTURED };

/* To a child of ours; calls follow, and come back. */
struct media_request {
	enum media_order order;
	unsigned first, count;
};

/* In the child; end when CONTROL does. The first answer is an error code and its text. */
struct media_ready {
	int err;
	struct err_text text;
};

void media_tandem_run(
	const struct media_params *params, const struct addr local[2], int control);
void media_bare_run(
	const struct media_params *params, const struct addr local[2], int control);

/* Whole, or the process ends: the other one has gone. */
void media_read(int fd, void *data, size_t len);
void media_write(int fd, const void *data, size_t len);
/* A key of SUITE that no other SEED has. */
struct relay_key media_key(enum relay_suite suite, unsigned seed);
struct media_passed media_pass(const struct relay_key *key);
struct relay_key media_take(const struct media_passed *passed);
void media_check(int err, const char *what);
