#include "tls/server_names.h"

#include "base/hash.h"
#include "tls/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 1035 2.3.4. */
#define NAME_MAX_BYTES 255

/* What a name is known from. The hash of an entry has it as its seed. */
enum origin {
	ORIGIN_CONTACT = 1, /* a peer's contact-host */
	ORIGIN_EXACT,       /* a name in a peer's own certificate */
	ORIGIN_WILDCARD,    /* what follows "*." there */
};

struct entry {
	struct hash_node node;
	enum origin origin;
	struct cred *own; /* a reference; NULL: the common one */
	size_t len;
	char name[]; /* not ended */
};

struct server_names {
	struct hash table; /* struct entry */
	struct cred *common;
};

int server_names_new(struct server_names **ret, struct cred *common)
{
	struct server_names *names = calloc(1, sizeof(*names));

	if (!names || hash_init(&names->table)) {
		free(names);
		return -ENOMEM;
	}
	names->common = common ? cred_ref(common) : NULL;
	*ret = names;
	return 0;
}

static void drop_h(void *arg, struct hash_node *node)
{
	struct server_names *names = arg;
	struct entry *entry = HASH_ENTRY(node, struct entry, node);

	hash_remove(&names->table, node);
	cred_unref(entry->own);
	free(entry);
}

void server_names_free(struct server_names *names)
{
	if (!names)
		return;
	hash_each(&names->table, drop_h, names);
	hash_free(&names->table);
	cred_unref(names->common);
	free(names);
}

/* Upper and lower case are the same. NAME has NAME_MAX_BYTES at most. */
static uint64_t key_of(enum origin origin, struct span name)
{
	char lower[NAME_MAX_BYTES];

	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.p[i]);
	return hash_bytes(lower, name.len, (uint64_t)origin);
}

static bool is_of(const struct entry *entry, enum origin origin, struct span name)
{
	return entry->origin == origin && entry->len == name.len &&
	       strncasecmp(entry->name, name.p, name.len) == 0;
}

/* The first that was added; NULL: nobody has it. */
static struct entry *find(
	const struct server_names *names, enum origin origin, struct span name)
{
	struct entry *first = NULL;
	struct hash_node *node;

	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return NULL;
	node = hash_find(&names->table, key_of(origin, name));
	for (; node; node = hash_find_next(node)) {
		struct entry *entry = HASH_ENTRY(node, struct entry, node);

		if (is_of(entry, origin, name))
			first = entry;
	}
	return first;
}

/* Of several that have one name the first counts: nothing is added behind it. */
static int add(struct server_names *names, enum origin origin, struct span name,
	struct cred *own)
{
	struct entry *entry;

	if (name.len == 0 || name.len > NAME_MAX_BYTES || find(names, origin, name))
		return 0;
	entry = calloc(1, sizeof(*entry) + name.len);
	if (!entry)
		return -ENOMEM;
	entry->origin = origin;
	entry->own = own ? cred_ref(own) : NULL;
	entry->len = name.len;
	memcpy(entry->name, name.p, name.len);
	hash_add(&names->table, &entry->node, key_of(origin, name));
	return 0;
}

struct adding {
	struct server_names *names;
	struct cred *own;
	int err;
};

static void add_host_h(void *arg, struct span host, bool wildcard)
{
	struct adding *adding = arg;

	if (!adding->err)
		adding->err = add(adding->names,
			wildcard ? ORIGIN_WILDCARD : ORIGIN_EXACT, host, adding->own);
}

int server_names_add(struct server_names *names, const char *host, struct cred *own)
{
	struct adding adding = {names, own, 0};

	if (host) {
		const struct span name = names_host(span_of(host));
		const struct entry *known = find(names, ORIGIN_CONTACT, name);

		if (known && known->own != own)
			return ERR_STATE;
		adding.err = add(names, ORIGIN_CONTACT, name, own);
	}
	if (own)
		names_each_host(cred_names(own), add_host_h, &adding);
	return adding.err;
}

/* The entry by which NAME is known; NULL: the common certificate, for everybody. */
static const struct entry *choose(const struct server_names *names, const char *name)
{
	const struct names *common = names->common ? cred_names(names->common) : NULL;
	const struct span host = names_host(span_of(name));
	struct span rest = host, label;
	const struct entry *entry;

	if (host.len == 0)
		return NULL;
	entry = find(names, ORIGIN_CONTACT, host);
	if (entry || (common && names_match(common, name)))
		return entry;
	entry = find(names, ORIGIN_EXACT, host);
	if (entry || (common && names_match_one_label(common, name)))
		return entry;
	return span_next(&rest, '.', &label) && label.len > 0
		       ? find(names, ORIGIN_WILDCARD, rest)
		       : NULL;
}

struct cred *server_names_cred(const struct server_names *names, const char *name)
{
	const struct entry *entry = choose(names, name);

	return entry ? entry->own : NULL;
}

bool server_names_admit(const struct server_names *names, const char *name,
	const char *host, const struct cred *own)
{
	const struct entry *entry = choose(names, name);

	if (!entry)
		return true;
	if (entry->origin == ORIGIN_CONTACT)
		return host && is_of(entry, ORIGIN_CONTACT, names_host(span_of(host)));
	return own && entry->own == own;
}
