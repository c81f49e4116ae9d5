#include "media/keys.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t fingerprint(const struct relay_key *key)
{
	return hash_bytes(key->key.bytes, key->key.len, (uint64_t)key->suite + 1);
}

static bool is_spent(const struct keys *keys, uint64_t print)
{
	unsigned count = keys->spent_count < KEYS_SPENT ? keys->spent_count : KEYS_SPENT;

	for (unsigned i = 0; i < count; i++)
		if (keys->spent[i] == print)
			return true;
	return false;
}

/* Room for one more, in *RET. What goes is not CURRENT. */
static int make_room(
	struct keys *keys, const struct srtp_context *current, struct keys_entry **ret)
{
	struct keys_entry *oldest = NULL;

	if (keys->count == keys->room && keys->room < KEYS_MAX) {
		unsigned room = keys->room ? 2 * keys->room : 1;

		oldest = reallocarray(keys->list, room, sizeof(*oldest));
		if (!oldest)
			return -ENOMEM;
		keys->list = oldest;
		keys->room = room;
		oldest = NULL;
	}
	if (keys->count < keys->room) {
		*ret = &keys->list[keys->count++];
		return 0;
	}
	if (!keys->spent)
		keys->spent = calloc(KEYS_SPENT, sizeof(*keys->spent));
	if (!keys->spent)
		return -ENOMEM;
	for (unsigned i = 0; i < KEYS_MAX; i++) {
		struct keys_entry *entry = &keys->list[i];

		if (entry->context != current &&
			(!oldest ||
				keys->clock - entry->used > keys->clock - oldest->used))
			oldest = entry;
	}
	keys->spent[keys->spent_count++ % KEYS_SPENT] =
		fingerprint(srtp_context_key(oldest->context));
	srtp_context_free(oldest->context);
	*ret = oldest;
	return 0;
}

static struct keys_entry *find(struct keys *keys, const struct relay_key *key)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (srtp_key_equal(srtp_context_key(keys->list[i].context), key))
			return &keys->list[i];
	return NULL;
}

static bool has_bytes(const struct keys *keys, const struct secret *bytes)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (secret_equal(&srtp_context_key(keys->list[i].context)->key, bytes))
			return true;
	return false;
}

int keys_take(struct keys *keys, const struct relay_key *key,
	enum srtp_direction direction, bool keep, struct srtp_context **current,
	enum keys_found *found)
{
	struct keys_entry *entry = find(keys, key);
	struct srtp_context *made = NULL;
	int err;

	*found = entry ? KEYS_KNOWN : KEYS_NEW;
	if (entry) {
		entry->used = ++keys->clock;
		*current = entry->context;
		return 0;
	}
	if (is_spent(keys, fingerprint(key)))
		return ERR_STATE;
	if (keys->spent_count > KEYS_SPENT || has_bytes(keys, &key->key))
		*found = KEYS_DOUBTFUL;
	err = srtp_context_new(&made, key, direction);
	if (err == 0)
		err = make_room(keys, *current, &entry);
	if (err != 0) {
		srtp_context_free(made);
		return err;
	}
	if (*current)
		srtp_context_follow(made, *current, keep);
	*entry = (struct keys_entry){.context = made, .used = ++keys->clock};
	*current = made;
	return 0;
}

void keys_end(struct keys *keys, uint32_t ssrc)
{
	for (unsigned i = 0; i < keys->count; i++)
		srtp_context_end(keys->list[i].context, ssrc);
}

static const struct saved_field key_fields[] = {
	SAVED_BELOW(struct relay_key, suite, RELAY_PLAIN),
	SAVED_FIELD(struct relay_key, key),
	SAVED_LIST(struct relay_key, mki, SAVED_IS_UINT, NULL),
	SAVED_FIELD(struct relay_key, mki_len),
	SAVED_END,
};

/* The one that was asked for next behind BEFORE; NULL: none was. */
static const struct keys_entry *next_used(const struct keys *keys, uint32_t before)
{
	const struct keys_entry *next = NULL;

	for (unsigned i = 0; i < keys->count; i++) {
		const struct keys_entry *entry = &keys->list[i];

		if (entry->used > before && (!next || entry->used < next->used))
			next = entry;
	}
	return next;
}

int keys_save(const struct keys *keys, struct saved to)
{
	const struct keys_entry *entry = NULL;
	struct saved object;
	int err = 0;

	while (!err && (entry = next_used(keys, entry ? entry->used : 0))) {
		err = saved_append(to, "keys", &object);
		if (!err)
			err = saved_put(
				object, key_fields, srtp_context_key(entry->context));
		if (!err)
			err = srtp_context_save(entry->context, object);
	}
	return err;
}

static int load_key(struct keys *keys, struct saved from, enum srtp_direction direction,
	struct srtp_context **current, struct err_text *error)
{
	struct srtp_context *before = NULL;
	struct relay_key key = {.mki_len = 0};
	enum keys_found found;
	int err = saved_take(from, key_fields, &key, error);

	/* without one before it: what it followed on is saved with it */
	if (!err)
		err = keys_take(keys, &key, direction, false, &before, &found);
	secret_wipe(&key.key);
	*current = before;
	return err ? err : srtp_context_load(*current, from, error);
}

int keys_load(struct keys *keys, struct saved from, enum srtp_direction direction,
	struct srtp_context **current, struct err_text *error)
{
	struct saved object;
	int err = 0;

	*current = NULL;
	for (unsigned i = 0; !err && saved_at(from, "keys", i, &object); i++)
		err = i < KEYS_MAX ? load_key(keys, object, direction, current, error)
				   : err_set(error, ERR_LIMIT, "too many keys");
	return err;
}

void keys_clear(struct keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		srtp_context_free(keys->list[i].context);
	free(keys->list);
	free(keys->spent);
	*keys = (struct keys){.count = 0};
}
