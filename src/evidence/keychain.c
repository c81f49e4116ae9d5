#include "evidence/keychain.h"
#include "base/regular.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void keychain_init(struct keychain *chain, const struct note_key *given)
{
	*chain = (struct keychain){.given = *given};
}

void keychain_free(struct keychain *chain)
{
	free(chain->list);
	chain->list = NULL;
	chain->count = 0;
}

static int insert(struct keychain *chain, const struct handover *handover)
{
	struct handover *grown;
	unsigned at = chain->count;

	if (chain->count == KEYCHAIN_MAX)
		return ERR_LIMIT;
	grown = realloc(chain->list, (chain->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	chain->list = grown;
	while (at > 0 && grown[at - 1].index > handover->index)
		at--;
	memmove(grown + at + 1, grown + at, (chain->count - at) * sizeof(*grown));
	grown[at] = *handover;
	chain->count++;
	return 0;
}

int keychain_add(struct keychain *chain, struct span proof, struct err_text *text)
{
	struct handover handover;
	int err = handover_read(&handover, proof, text);

	if (err)
		return err;
	/* The same one again, as bundles of several calls have it. */
	if (keychain_find(chain, handover.index))
		return 0;
	err = insert(chain, &handover);
	return err == ERR_LIMIT
		       ? err_set(text, err, "more than %u hand-overs", KEYCHAIN_MAX)
	       : err ? err_set(text, err, "%s", err_str(err))
		     : 0;
}

/* Its number, as handover_path() wrote it. */
static bool read_name(const char *name, uint64_t *ret)
{
	char path[HANDOVER_PATH_SIZE];

	return span_uint(span_of(name), INT64_MAX, ret) == 0 &&
	       strcmp(handover_path(*ret, path) + sizeof(HANDOVER_FOLDER), name) == 0;
}

static void load_one(struct keychain *chain, int dir_fd, uint64_t index,
	keychain_fault_h *h, void *arg)
{
	char path[HANDOVER_PATH_SIZE], said[ERR_TEXT_SIZE + 80];
	struct err_text text = {""};
	struct buf proof;
	int err;

	buf_init(&proof, 0);
	err = regular_read(dir_fd, handover_path(index, path), PROOF_MAX, &proof);
	if (err)
		err_set(&text, err, "%s", err_str(err));
	else
		err = keychain_add(chain, buf_span(&proof), &text);
	/* What it says must be what its name says. */
	if (!err && !keychain_find(chain, index))
		err = err_set(&text, ERR_TRUST, "it is of another record");
	if (err) {
		snprintf(said, sizeof(said), "the hand-over %s is not good: %s", path,
			text.text);
		h(arg, true, index, said);
	}
	buf_free(&proof);
}

int keychain_load(struct keychain *chain, int dir_fd, keychain_fault_h *h, void *arg,
	struct err_text *text)
{
	int fd = openat(
		dir_fd, HANDOVER_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	uint64_t index;
	DIR *folder;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_set(text, -errno, "cannot read %s: %s",
						 HANDOVER_FOLDER, err_str(-errno));
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return err_set(text, -ENOMEM, "out of memory");
	}
	while ((entry = readdir(folder)))
		if (read_name(entry->d_name, &index))
			load_one(chain, dir_fd, index, h, arg);
	closedir(folder);
	return 0;
}

/* Which of the list lead on from the given key, one after the other; and which ones led to it. */
static void mark(const struct keychain *chain, bool *linked)
{
	const struct note_key *key = &chain->given;
	unsigned first = chain->count;

	for (unsigned i = 0; i < chain->count; i++) {
		if (!note_key_equal(&chain->list[i].from, key))
			continue;
		if (first == chain->count)
			first = i;
		linked[i] = true;
		key = &chain->list[i].to;
	}
	key = &chain->given;
	for (unsigned i = first; i-- > 0;) {
		if (!note_key_equal(&chain->list[i].to, key))
			continue;
		linked[i] = true;
		key = &chain->list[i].from;
	}
}

void keychain_link(struct keychain *chain, keychain_fault_h *h, void *arg)
{
	bool linked[KEYCHAIN_MAX] = {false};
	unsigned kept = 0;
	char said[160];

	mark(chain, linked);
	for (unsigned i = 0; i < chain->count; i++) {
		if (linked[i]) {
			chain->list[kept++] = chain->list[i];
			continue;
		}
		snprintf(said, sizeof(said),
			"the hand-over by record %" PRIu64
			" does not follow from the key that is trusted",
			chain->list[i].index);
		h(arg, true, chain->list[i].index, said);
	}
	chain->count = kept;
}

const struct note_key *keychain_key(const struct keychain *chain, uint64_t size)
{
	const struct note_key *key =
		chain->count > 0 ? &chain->list[0].from : &chain->given;

	for (unsigned i = 0; i < chain->count && chain->list[i].index < size; i++)
		key = &chain->list[i].to;
	return key;
}

const struct handover *keychain_find(const struct keychain *chain, uint64_t index)
{
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->list[i].index == index)
			return &chain->list[i];
	return NULL;
}
