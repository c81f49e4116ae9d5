/*
 * Who vouches for the log beside its key: what the configuration wants of it, and how that stands. Audit thread, but for what
 * says otherwise.
 */
#pragma once

#include "audit/stamper.h"
#include "audit/witnesses.h"
#include "base/err.h"

struct config;
struct loop;
struct resolver;
struct vouch;

/* Loop thread: as CONFIG says; LOOP and RESOLVER, which are borrowed, carry what is asked. 0, or negative with TEXT. */
int vouch_new(struct vouch **ret, struct config *config, struct loop *loop,
	struct resolver *resolver, struct err_text *text);
/* Loop thread: what CONFIG wants instead; NULL: it wants the same. For vouch_use() or vouch_drop(). 0, or negative with TEXT. */
struct vouch_parts;
int vouch_load(struct vouch_parts **ret, struct vouch *vouch, struct config *config,
	struct err_text *text);
/* Loop thread: takes PARTS, which may be NULL. They begin when what is under way was answered, and go on from those before. */
void vouch_use(struct vouch *vouch, struct vouch_parts *parts);
void vouch_drop(struct vouch_parts *parts); /* NULL is fine */
/* Loop thread, when the audit thread has ended. NULL is fine. */
void vouch_free(struct vouch *vouch);

/* Once a second: the log has SIZE records that are signed. */
void vouch_tick(struct vouch *vouch, uint64_t mono_us, uint64_t size);

struct vouch_state {
	bool has_stamper;
	struct stamper_state stamper;
	struct witnesses_state witnesses;
};
/* Any thread. VOUCH may be NULL. */
void vouch_state(struct vouch *vouch, struct vouch_state *ret);
