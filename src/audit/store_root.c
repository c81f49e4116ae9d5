/* The folder of all captures, and the file in it that says which ones are open. */
#include "audit/store_priv.h"

#include "audit/disk.h"
#include "base/log.h"

#include <unistd.h>

static void add_mark(void *arg, struct hash_node *node)
{
	const struct entry *entry = HASH_ENTRY(node, struct entry, node);

	if (entry->mark > 0)
		marks_line(arg, entry->date, entry->id);
}

/* Begins a new file of marks with those of now. 0 or a negated errno. */
int store_renew_marks(struct store *store)
{
	struct buf lines;
	int err;

	buf_init(&lines, 0);
	hash_each(&store->entries, add_mark, &lines);
	sealing_mark(store->sealing, &lines);
	err = marks_replace(store->marks, store->root_fd, &lines);
	buf_free(&lines);
	return err;
}

/* Writes what is said of captures, all but what they hold. 0 or a negated errno. */
int store_write_sayings(struct store *store)
{
	const int err = marks_write(store->marks),
		  other = whose_write(store->whose, store->root_fd);

	return err ? err : other;
}

void store_tend_marks(struct store *store)
{
	const size_t marked = store->marked + sealing_count(store->sealing);
	int err = marks_are_stale(store->marks, marked) ? store_renew_marks(store)
							: store_write_sayings(store);

	if (err)
		health_fail(store->health, "capture", err);
}

static int open_root(struct store *store)
{
	const int root_fd = folder_root(store->state_dir);

	if (root_fd < 0)
		return root_fd;
	if (store->root_fd >= 0)
		close(store->root_fd);
	store->root_fd = root_fd;
	folder_day_forget(&store->day);
	whose_rest(store->whose);
	return 0;
}

bool store_root_stands(const struct store *store)
{
	return folder_is_root(store->root_fd, store->state_dir);
}

void store_follow_root(struct store *store)
{
	int err = open_root(store);

	if (!err)
		err = store_renew_marks(store);
	log_error("store", "event=folder-replaced file=%s/audit", store->state_dir);
	if (err)
		health_fail(store->health, "capture", err);
}

bool store_probe(struct store *store)
{
	return open_root(store) == 0 && disk_probe(store->root_fd) &&
	       store_renew_marks(store) == 0;
}

int store_root(const struct store *store)
{
	return store->root_fd;
}
