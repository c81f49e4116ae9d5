#include "trunk/registration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registrations {
	struct hash by_line;
};

int registrations_new(struct registrations **ret)
{
	struct registrations *registrations = calloc(1, sizeof(*registrations));

	if (!registrations)
		return -ENOMEM;
	if (hash_init(&registrations->by_line)) {
		free(registrations);
		return -ENOMEM;
	}
	*ret = registrations;
	return 0;
}

struct span registration_user(const struct config_register *settings)
{
	if (settings->bulk)
		return span_of("");
	if (settings->contact[0])
		return span_of(settings->contact);
	return (struct span){settings->identity, strcspn(settings->identity, "@")};
}

void registrations_free(struct registrations *registrations)
{
	if (!registrations)
		return;
	hash_free(&registrations->by_line);
	free(registrations);
}

/* ---- names that are the same after each start ---- */

/* FNV-1a: no secret, and no peer chooses what goes in. */
static uint64_t mix(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t name_hash(const char *what, const char *fqdn, const char *id)
{
	return mix(mix(mix(UINT64_C(0xcbf29ce484222325), what), fqdn), id);
}

void registration_name(
	struct registration *registration, const char *fqdn, const char *id)
{
	const uint64_t high = name_hash("instance-high", fqdn, id);
	const uint64_t low = name_hash("instance-low", fqdn, id);

	snprintf(registration->line, sizeof(registration->line), "%016" PRIx64,
		name_hash("line", fqdn, id));
	/* RFC 9562 5.8: version 8 is what an implementation makes of its own names */
	snprintf(registration->instance, sizeof(registration->instance),
		"urn:uuid:%08x-%04x-8%03x-%04x-%012" PRIx64, (unsigned)(high >> 32),
		(unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
		(unsigned)(low >> 48 & 0x3fff) | 0x8000U, low & UINT64_C(0xffffffffffff));
}

/* ---- all of them ---- */

void registrations_publish(struct registrations *registrations, struct trunk *trunk,
	struct registration *registration)
{
	const size_t len = strlen(registration->line);

	registration->trunk = trunk;
	trunk->registration = registration;
	hash_add(&registrations->by_line, &registration->node,
		hash_bytes(registration->line, len, 0));
}

void registrations_withdraw(
	struct registrations *registrations, struct registration *registration)
{
	struct trunk *trunk = registration->trunk;

	if (!trunk)
		return;
	hash_remove(&registrations->by_line, &registration->node);
	if (trunk->registration == registration)
		trunk->registration = NULL;
	registration->trunk = NULL;
}

struct registration *registrations_find(const struct registrations *registrations,
	struct span line, bool (*fits)(void *arg, const struct trunk *trunk), void *arg)
{
	struct hash_node *node =
		hash_find(&registrations->by_line, hash_bytes(line.p, line.len, 0));

	for (; node; node = hash_find_next(node)) {
		struct registration *registration =
			HASH_ENTRY(node, struct registration, node);

		if (span_equal_str(line, registration->line) &&
			fits(arg, registration->trunk))
			return registration;
	}
	return NULL;
}

/* ---- what one says ---- */

const struct binding *registration_binding(const struct registration *registration)
{
	for (unsigned i = 0; i < registration->count; i++) {
		const struct binding *binding = registration->bindings[i];

		/* further numbers are behind those of identity */
		if (i > 0 && strcmp(binding->aor, registration->bindings[0]->aor) != 0)
			break;
		if (binding->bound && (binding->flow || !registration->outbound))
			return binding;
	}
	return NULL;
}

bool registration_is_bound(const struct registration *registration)
{
	return registration_binding(registration) != NULL;
}

unsigned registration_bound_count(const struct registration *registration)
{
	unsigned bound = 0;

	for (unsigned i = 0; i < registration->count; i++)
		bound += registration->bindings[i]->bound;
	return bound;
}

const char *binding_state_name(enum binding_state state)
{
	static const char *const names[] = {
		[BINDING_WAITING] = "waiting",
		[BINDING_ASKING] = "asking",
		[BINDING_REGISTERED] = "registered",
		[BINDING_REFRESHING] = "refreshing",
		[BINDING_OVERDUE] = "overdue",
		[BINDING_LEAVING] = "leaving",
	};

	return names[state];
}
