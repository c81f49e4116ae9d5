/*
 * What the audit tests share: a folder of their own, a record, waiting for a condition.
 */
#pragma once

#include "base/addr.h"
#include "bridge/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* An identity of age(1), that of its test vectors, and its public key. */
#define IDENTITY                                                                         \
	"AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6"
#define RECIPIENT "age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5swrvwyn"

/* Waits until CONDITION holds, ten seconds at most: for what another thread does. */
#define WAIT_FOR(condition)                                                              \
	do {                                                                             \
		unsigned turns_ = 0;                                                     \
		while (!(condition)) {                                                   \
			const struct timespec ms_ = {.tv_nsec = 1000000};                \
			assert_true(turns_++ < 10000);                                   \
			nanosleep(&ms_, NULL);                                           \
		}                                                                        \
	} while (0)

/* A new folder below TMPDIR; remove with fixture_remove(). */
static inline char *fixture_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *path = malloc(4096);

	snprintf(path, 4096, "%s/tandem-test-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(path))
		abort();
	return path;
}

static inline void fixture_remove(char *path)
{
	char command[5000];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		abort();
	free(path);
}

static inline struct addr fixture_addr(const char *text)
{
	struct addr addr = {.len = 0};

	if (addr_parse(&addr, text, 0) != 0)
		abort();
	return addr;
}

static inline struct record fixture_record(uint64_t call, const char *id)
{
	struct record_leg leg = {
		.party = "server pbx1",
		.connected = true,
		.flow = 3,
		.media_verdict = "ok",
		.transport = "TLS",
		.version = "TLS1.3",
		.cipher = "AES-256-GCM",
		.peer_names = "DNS:pbx1.example.com",
		.remote = fixture_addr("192.0.2.1:5061"),
		.call_id = "abc@192.0.2.1",
		.session_s = 1800,
		.session_refresher = "peer",
		.media = "AES_CM_128_HMAC_SHA1_80",
		.codec = "PCMA",
		.media_remote = fixture_addr("[2001:db8::1]:4000"),
		.stats = {.rx_packets = 500, .jitter_us = 1250},
	};
	struct record record = {
		.call = call,
		.id = id,
		.method = "INVITE",
		.from = "+4930123",
		.to = "+4940456",
		.from_received = "030",
		.to_received = "040",
		.from_sent = "4930",
		.to_sent = "4940",
		.start_wall_us = UINT64_C(1700000000123456),
		.ringing_us = 100000,
		.answer_us = 2000000,
		.end_us = 12000000,
		.status = 200,
		.cause = "bye",
		.ended_by = "server",
		.detail = "",
		.legs[0] = leg,
		.legs[1] = leg,
	};

	record.legs[1].side = SIDE_EXTERNAL;
	record.legs[1].party = "trunk carrier-a";
	return record;
}
