/*
 * What the service manager knows of us: ready, reloading, stopping, one sentence about our work, and that every thread
 * turns. A thread that hangs ends in a restart: nothing more is said of being alive. Loop thread; server.c makes one.
 */
#pragma once

#include "audit/writer.h"
#include "base/loop.h"
#include "bridge/bridge.h"
#include "media/relay.h"

struct service;

/* All are borrowed. 0 or -ENOMEM. Begins to watch. */
int service_new(struct service **ret, struct loop *loop, const struct bridge *bridge,
	struct relay *relay, struct writer *writer);
void service_free(struct service *service); /* NULL is fine */

/* Calls can come, with TRUNKS servers and gateways: at the start, and at the end of a reload. */
void service_ready(struct service *service, size_t trunks);
void service_reloading(struct service *service);
/* From now on nothing but the end follows, within WITHIN_MS. */
void service_stopping(struct service *service, uint64_t within_ms);
