#include "healths.h"

#include "trunk/trunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct trunk *find_trunk(struct stage *stage, const char *id)
{
	const struct trunk *trunk = trunks_find(stage->trunks, TRUNK_GATEWAY, id);

	return trunk ? trunk : trunks_find(stage->trunks, TRUNK_SERVER, id);
}

/* The address WHERE, "[NAME/]ADDRESS"; NULL: not known. */
static const struct health_address *find_address(
	const struct trunk *trunk, const char *where)
{
	const char *slash = strrchr(where, '/');
	const char *host = slash ? slash + 1 : where;

	for (unsigned i = 0; i < trunk->health.count; i++) {
		const struct health_address *address = &trunk->health.addresses[i];
		const char *name = trunk_host_at(trunk, address->name);
		char text[ADDR_TEXT_SIZE];

		if (strcmp(addr_host_text(&address->addr, text), host) != 0 &&
			strcmp(addr_text(&address->addr, text), host) != 0)
			continue;
		if (!slash || (strlen(name) == (size_t)(slash - where) &&
				      !strncmp(name, where, strlen(name))))
			return address;
	}
	return NULL;
}

static const char *fact_of(
	const struct health_record *record, const char *layer, char buf[static 16])
{
	static const char *const verdicts[] = {[HEALTH_NOT_SEEN] = "not-seen",
		[HEALTH_GOOD] = "good",
		[HEALTH_BAD] = "bad"};

	snprintf(buf, 16, "%d", record->last_status);
	if (!strcmp(layer, "status"))
		return buf;
	for (unsigned i = 0; i < HEALTH_LAYERS; i++)
		if (!strcmp(layer, health_layer_name((enum health_layer)i)))
			return verdicts[record->layers[i].verdict];
	return "no such layer";
}

/* What WHERE, "ADDRESS", "ADDRESS:LAYER" or "NAME", is now. */
static const char *state_of(const struct trunk *trunk, char *where, char buf[static 16])
{
	char *layer = strrchr(where, ':');
	const struct health_address *address;

	for (unsigned i = 0; i < trunk->health.name_count; i++)
		if (!strcmp(where, trunk_host_at(trunk, i)))
			return health_state_name(trunk->health.names[i].machine.state);
	address = find_address(trunk, where);
	if (!address && layer) {
		*layer = '\0';
		address = find_address(trunk, where);
		if (address)
			return fact_of(&address->record, layer + 1, buf);
	}
	if (!address || !address->named)
		return "gone";
	return health_state_name(address->record.machine.state);
}

int healths_expect(struct stage *stage, char *const *words, struct err_text *error)
{
	const struct trunk *trunk = words[0] ? find_trunk(stage, words[0]) : NULL;

	if (!trunk || !words[1])
		return err_set(error, ERR_FORMAT, "expect which health of which trunk?");
	for (unsigned i = 1; words[i]; i++) {
		char *where = strdup(words[i]), buf[16];
		char *equals = strchr(where, '=');
		const char *state;
		int err = 0;

		if (equals)
			*equals++ = '\0';
		state = equals ? state_of(trunk, where, buf) : "?";
		if (!equals || strcmp(state, equals) != 0)
			err = err_set(error, ERR_FORMAT, "%s is %s", words[i], state);
		free(where);
		if (err)
			return err;
	}
	return 0;
}
