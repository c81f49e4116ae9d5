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

/* Loop thread: as CONFIG says; LOOP and RESOLVER, which are borrowed, carry what is asked. 0, with NULL where nobody is to vouch; or
 * negative with TEXT. */
int vouch_new(struct vouch **ret, const struct config *config, struct loop *loop,
	struct resolver *resolver, struct err_text *text);
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
