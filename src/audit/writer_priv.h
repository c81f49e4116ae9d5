/*
 * What the files of the writer share: what its queues carry, and what it is. writer.c is what the loop and the media
 * workers call, writer_thread.c the audit thread.
 */
#pragma once

#include "audit/writer.h"

#include "audit/backlog.h"
#include "audit/chronicle.h"
#include "audit/disk.h"
#include "audit/health.h"
#include "audit/retention.h"
#include "audit/store.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/pulse.h"
#include "base/queue.h"

#include <pthread.h>
#include <stdatomic.h>

/* A SIP message is 64 kB at most; a datagram with media is shorter. */
#define ITEM_DATA_MAX 65536
/* How a message came, in words. */
#define ITEM_HOW_MAX 256

enum item_kind {
	ITEM_BEGIN,
	ITEM_PARTY,
	ITEM_CERTS,
	ITEM_MESSAGE,
	ITEM_PACKET,
	ITEM_END,
};

/* What the queues carry; BEGIN is followed by the call's id, PARTY by a leg's and a trunk's name, CERTS by what certs_put() put together, MESSAGE by how it came
 * and its bytes, PACKET by its bytes. Each text has its NUL. */
struct item {
	uint64_t call;
	uint64_t mono_us;
	union {
		uint64_t lost; /* END: of this call, refused by the queue */
		struct {
			uint64_t wall_us;
			struct style *style; /* owned reference */
		} begin;
		struct {
			struct addr source;
			struct addr destination;
		};
	};
	uint32_t party; /* PARTY, CERTS, MESSAGE */
	uint16_t skip; /* MESSAGE, PACKET: how much of what follows is before its bytes */
	uint8_t kind;  /* enum item_kind */
	uint8_t end;   /* PARTY, PACKET */
	bool sent;     /* MESSAGE, PACKET */
};

/* A PACKET that was sent on as well: so much of it is skipped. */
struct onward_item {
	struct item item;
	struct tap_onward onward;
};

/* One producer's side. */
struct source {
	struct queue *queue;
	_Atomic uint64_t offered; /* atomic; written by the producer */
	_Atomic uint64_t refused; /* atomic; written by the producer */
};

struct writer {
	/* RO after start */
	struct taps_listener listener;
	struct source *sources; /* the loop's, then one for each worker */
	unsigned source_count;
	char *state_dir;
	struct store *store; /* audit thread */
	struct retention *retention;
	pthread_mutex_t keep_lock;
	struct keep *keep;      /* LOCK: keep_lock; owned reference; NULL: all is kept */
	atomic_bool media_both; /* atomic; packets are captured as sent, too */
	_Atomic int disk;       /* atomic; enum disk_state */
	_Atomic uint64_t uncaptured; /* atomic; calls, since the disk is critical */
	struct chronicle *chronicle;
	pthread_t thread;
	bool started;
	int stop_fd;

	struct health *health; /* has its own lock */
	struct backlog backlog;
	atomic_bool stopping; /* atomic */
	struct pulse pulse;   /* of the audit thread */

	/* loop thread */
	struct hash watches;
	struct list ended;
	struct buf line;
	struct style *style;
};

static inline uint64_t writer_now_us(void)
{
	return clock_real()->mono_us(clock_real());
}

/* The audit thread. Stopped by writer->stopping and stop_fd. 0 or a negated errno. */
int writer_thread_start(struct writer *writer);
/* Any thread: records that went missing since the start. */
uint64_t writer_lost(const struct writer *writer);
