#include "registered.h"

#include "trunk/registration.h"

#include <inttypes.h>
#include <stdio.h>

/* Seconds from now on; "none" of 0. */
static const char *ahead(const struct stage *stage, time_t then, char buf[static 24])
{
	struct clock *clock = loop_clock(stage->loop);
	long long now = (long long)(clock->wall_us(clock) / 1000000);

	if (then)
		snprintf(buf, 24, "%lld", (long long)then - now);
	return then ? buf : "none";
}

const char *registered_text(const struct stage *stage, const struct trunk *trunk,
	unsigned nth, char buf[static REGISTERED_SIZE])
{
	const struct registration *registration = trunk->registration;
	const struct binding *binding;
	char expires[24], next[24], since[24], address[ADDR_TEXT_SIZE];

	snprintf(buf, REGISTERED_SIZE, "bindings=%u",
		registration ? registration->count : 0);
	if (!registration || nth >= registration->count)
		return buf;
	binding = registration->bindings[nth];
	snprintf(buf, REGISTERED_SIZE,
		"bindings=%u aor=%s state=%s bound=%s expires=%s next=%s status=%d "
		"failures=%" PRIu64 " row=%u reg-id=%u address=%s flow=%s since=%s "
		"usable=%s why=\"%s\"",
		registration->count, binding->aor, binding_state_name(binding->state),
		binding->bound ? "yes" : "no", ahead(stage, binding->expires, expires),
		ahead(stage, binding->next, next), binding->status, binding->failures,
		binding->in_a_row, binding->reg_id,
		binding->address.len ? addr_text(&binding->address, address) : "none",
		binding->flow ? "yes" : "no", ahead(stage, binding->since, since),
		registration_is_bound(registration) ? "yes" : "no", binding->why);
	return buf;
}
