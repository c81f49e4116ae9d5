#include "trunk/seen.h"

#include "base/buf.h"
#include "base/log.h"
#include "tls/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct seen {
	struct hash peers; /* struct seen_peer by name */
	struct seen_params params;
	char *folder;
};

static time_t wall_now(const struct seen *seen)
{
	return (time_t)(seen->params.clock->wall_us(seen->params.clock) / 1000000);
}

/* ---- files ---- */

/* "trunk-carrier-a.pem"; ids are of letters, digits, and .-_ alone. Owned; NULL without memory. */
static char *file_name(const char *name)
{
	char *file;

	if (asprintf(&file, "%s.pem", name) < 0)
		return NULL;
	for (char *c = file; *c; c++)
		if (*c == ' ')
			*c = '-';
	return file;
}

static void kept_h(void *arg, int err)
{
	const struct seen_peer *peer = arg;
	char words[PEER_WORDS_SIZE];

	if (err)
		log_warning("tls",
			"event=peer-certificate-not-kept%s folder=\"%s\" "
			"reason=\"%s\" note=\"a change over the next start will not be "
			"noticed\"",
			peer_words(peer->name, words), peer->seen->folder, err_str(err));
}

static void keep(struct seen_peer *peer, const gnutls_datum_t *chain, unsigned count)
{
	char *name = file_name(peer->name);
	struct buf pem;
	const struct filing_file file = {.folder = peer->seen->folder,
		.name = name,
		.bytes = &pem,
		.done_h = kept_h,
		.arg = peer};
	int err = -ENOMEM;

	buf_init(&pem, 0);
	if (name)
		err = facts_print_pem(chain, count, &pem);
	if (!err)
		err = filing_put(peer->seen->params.filing, &file);
	if (err)
		kept_h(peer, err);
	buf_free(&pem);
	free(name);
}

/* NULL without memory. */
static struct facts *copy_of(const struct facts_chain *chain)
{
	struct facts *copy = calloc(chain->count, sizeof(*copy));

	if (copy)
		memcpy(copy, chain->facts, chain->count * sizeof(*copy));
	return copy;
}

static uint64_t add_to_key(uint64_t key, const char *fingerprint)
{
	return hash_bytes(fingerprint, strlen(fingerprint), key);
}

/* How many of CHAIN tell who the peer is: all but roots at its end. Whether a root is sent along
 * means nothing (RFC 5246 7.4.2): it is believed where we have it as an anchor, and only there. */
static unsigned count_telling(const struct facts *chain, unsigned count)
{
	while (count > 1 && chain[count - 1].self_signed)
		count--;
	return count;
}

static uint64_t key_of(const struct facts *chain, unsigned count)
{
	uint64_t key = 0;

	for (unsigned i = 0; i < count_telling(chain, count); i++)
		key = add_to_key(key, chain[i].fingerprint);
	return key;
}

/* What was kept before the start; without it the next chain is the first one. */
static void recall(const struct seen *seen, struct seen_peer *peer)
{
	char *name = file_name(peer->name), *path = NULL;
	struct err_text text = {{0}};
	struct facts_chain chain;
	struct facts *copy;
	struct stat stat;

	if (!name || asprintf(&path, "%s/%s", seen->folder, name) < 0)
		path = NULL;
	if (!path || lstat(path, &stat))
		goto out;
	if (facts_of_file(&chain, path, &text)) {
		log_warning("tls", "event=peer-certificate-not-known reason=\"%s\"",
			text.text);
		goto out;
	}
	copy = copy_of(&chain);
	if (!copy)
		goto out;
	peer->chain = copy;
	peer->count = chain.count;
	for (unsigned i = 0; i < peer->count; i++)
		peer->shown = add_to_key(peer->shown, peer->chain[i].fingerprint);
	peer->recent[0] = key_of(peer->chain, peer->count);
	peer->since = stat.st_mtime;
out:
	free(path);
	free(name);
}

/* ---- peers ---- */

/* Made, and recalled, when it is asked for first. NULL without memory. */
static struct seen_peer *get_peer(struct seen *seen, const char *name)
{
	const uint64_t hash = hash_bytes(name, strlen(name), 0);
	struct hash_node *node = hash_find(&seen->peers, hash);
	struct seen_peer *peer;

	for (; node; node = hash_find_next(node)) {
		peer = HASH_ENTRY(node, struct seen_peer, node);
		if (!strcmp(peer->name, name))
			return peer;
	}
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	peer->seen = seen;
	peer->name = strdup(name);
	if (!peer->name) {
		free(peer);
		return NULL;
	}
	hash_add(&seen->peers, &peer->node, hash);
	recall(seen, peer);
	return peer;
}

/* Moves KEY to the front; whether it was among them. */
static bool is_recent(struct seen_peer *peer, uint64_t key)
{
	unsigned at = 0;
	bool known;

	while (at < SEEN_RECENT_MAX - 1 && peer->recent[at] != key)
		at++;
	known = peer->recent[at] == key;
	memmove(&peer->recent[1], &peer->recent[0], at * sizeof(key));
	peer->recent[0] = key;
	return known;
}

static unsigned compare(const struct seen_peer *peer, const struct facts_chain *chain)
{
	const struct facts *old = &peer->chain[0];
	const struct facts *new = &chain->facts[0];
	const unsigned old_count = count_telling(peer->chain, peer->count);
	const unsigned new_count = count_telling(chain->facts, chain->count);
	unsigned changed = 0;

	if (strcmp(old->fingerprint, new->fingerprint))
		changed |= SEEN_CERTIFICATE;
	if (strcmp(old->pin, new->pin))
		changed |= SEEN_KEY;
	if (strcmp(old->issuer, new->issuer))
		changed |= SEEN_ISSUER;
	if (strcmp(old->eku, new->eku))
		changed |= SEEN_EKU;
	if (strcmp(old->names, new->names))
		changed |= SEEN_NAMES;
	if (old_count != new_count)
		changed |= SEEN_CHAIN;
	for (unsigned i = 1; i < old_count && i < new_count; i++)
		if (strcmp(peer->chain[i].fingerprint, chain->facts[i].fingerprint))
			changed |= SEEN_CHAIN;
	return changed;
}

const char *seen_change_text(unsigned changed, char buf[static SEEN_CHANGE_TEXT_SIZE])
{
	static const char *const words[] = {
		"certificate", "key", "issuer", "chain", "eku", "names"};
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (changed & 1U << i)
			len += (size_t)snprintf(buf + len, SEEN_CHANGE_TEXT_SIZE - len,
				"%s%s", len > 0 ? "," : "", words[i]);
	return buf;
}

/*
 * A renewal as anybody makes it: by the same issuer for the same names and purpose, with the
 * same key, or with a new one when the old certificate is in the last third of its life.
 */
static bool is_renewal(const struct facts *old, unsigned changed, time_t now)
{
	if (changed & ~(unsigned)(SEEN_CERTIFICATE | SEEN_KEY))
		return false;
	return !(changed & SEEN_KEY) || old->to - now < (old->to - old->from) / 3;
}

static void add_pair(struct buf *out, const char *what, const char *old, const char *new)
{
	buf_printf(out, " old-%s=\"%s\" new-%s=\"%s\"", what, old, what, new);
}

static void tell_change(const struct seen *seen, const struct seen_peer *peer,
	const struct facts *new, unsigned changed)
{
	const struct facts *old = &peer->chain[0];
	bool renewal = is_renewal(old, changed, wall_now(seen));
	char words[SEEN_CHANGE_TEXT_SIZE];
	char until[CLOCK_TEXT_SIZE];
	char name[PEER_WORDS_SIZE];
	struct buf line;

	buf_init(&line, 0);
	add_pair(&line, "certificate", old->fingerprint, new->fingerprint);
	if (changed & SEEN_KEY)
		add_pair(&line, "key", old->pin, new->pin);
	if (changed & SEEN_ISSUER)
		add_pair(&line, "issuer", old->issuer, new->issuer);
	if (changed & SEEN_EKU)
		add_pair(&line, "eku", old->eku, new->eku);
	if (changed & SEEN_NAMES)
		add_pair(&line, "names", old->names, new->names);
	log_write(renewal ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "tls",
		"event=peer-certificate-changed%s changed=%s not-after=%s%s",
		peer_words(peer->name, name), seen_change_text(changed, words),
		clock_text((uint64_t) new->to * 1000000, until),
		buf_str(&line) ? line.data : "");
	buf_free(&line);
}

static void tell_first(const struct seen_peer *peer, const struct facts *facts)
{
	char until[CLOCK_TEXT_SIZE], name[PEER_WORDS_SIZE];

	log_info("tls",
		"event=peer-certificate-first%s certificate=\"%s\" key=\"%s\" "
		"issuer=\"%s\" not-after=%s",
		peer_words(peer->name, name), facts->fingerprint, facts->pin,
		facts->issuer, clock_text((uint64_t)facts->to * 1000000, until));
}

/* CHAIN, which it has not shown of late, is what it shows now. */
static void take_news(
	struct seen *seen, struct seen_peer *peer, const struct facts_chain *chain)
{
	if (peer->chain) {
		peer->changed = compare(peer, chain);
		peer->changed_at = wall_now(seen);
		snprintf(peer->before, sizeof(peer->before), "%s",
			peer->chain[0].fingerprint);
		tell_change(seen, peer, &chain->facts[0], peer->changed);
	} else {
		tell_first(peer, &chain->facts[0]);
	}
	peer->since = wall_now(seen);
}

void seen_note(
	struct seen *seen, const char *name, const gnutls_datum_t *chain, unsigned count)
{
	struct seen_peer *peer = get_peer(seen, name);
	struct facts_chain facts;
	struct facts *copy;
	uint64_t key = 0;
	bool known;

	for (unsigned i = 0; i < count; i++) {
		char print[FACTS_FINGERPRINT_SIZE];

		key = add_to_key(key, facts_fingerprint(&chain[i], print));
	}
	/* so it is but for the first time, and all that most handshakes cost */
	if (!peer || (peer->chain && peer->shown == key))
		return;
	if (facts_of_der(&facts, chain, count))
		return;
	copy = copy_of(&facts); /* first: without memory nothing of it is noted */
	if (!copy)
		return;
	known = is_recent(peer, key_of(facts.facts, facts.count));
	if (!known)
		take_news(seen, peer, &facts);
	free(peer->chain);
	peer->chain = copy;
	peer->count = facts.count;
	peer->shown = key;
	if (known)
		return;
	keep(peer, chain, count);
	if (seen->params.news_h)
		seen->params.news_h(seen->params.arg);
}

const struct seen_peer *seen_find(struct seen *seen, const char *name)
{
	const struct seen_peer *peer = get_peer(seen, name);

	return peer && peer->chain ? peer : NULL;
}

/* ---- life ---- */

int seen_new(struct seen **ret, const struct seen_params *params)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	seen->params = *params;
	seen->folder = strdup(params->folder);
	if (!seen->folder || hash_init(&seen->peers)) {
		free(seen->folder);
		free(seen);
		return -ENOMEM;
	}
	*ret = seen;
	return 0;
}

static void drop_peer(void *arg, struct hash_node *node)
{
	struct seen *seen = arg;
	struct seen_peer *peer = HASH_ENTRY(node, struct seen_peer, node);

	hash_remove(&seen->peers, node);
	free(peer->chain);
	free(peer->name);
	free(peer);
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	hash_each(&seen->peers, drop_peer, seen);
	hash_free(&seen->peers);
	free(seen->folder);
	free(seen);
}
