#include "audit/found.h"

#include "audit/blocks_file.h"
#include "audit/entry.h"
#include "audit/folder.h"
#include "audit/style.h"
#include "audit/sums.h"
#include "base/err.h"
#include "base/list.h"
#include "base/regular.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* To open a file counts as reading so much. */
#define OPEN_BYTES ((size_t)8192)
/* Files of one call that are looked at. */
#define FILES_MAX 32
#define NAME_SIZE 48
#define LEAVES_AT_ONCE 512

struct left {
	struct list node;
	char date[STORE_DATE_SIZE], id[STORE_ID_SIZE];
	unsigned count, next; /* names; the one that is looked at */
	char names[][NAME_SIZE];
};

struct found {
	struct list left;
	size_t count;
	/* of the first one */
	struct buf files;
	struct blocks_file *file; /* NULL: none is open */
	struct sums *sums;
	int leaves_fd; /* -1: its blocks are its leaves, or it has no tree */
};

int found_new(struct found **ret)
{
	struct found *found = calloc(1, sizeof(*found));

	if (!found)
		return -ENOMEM;
	list_init(&found->left);
	buf_init(&found->files, 0);
	found->leaves_fd = -1;
	*ret = found;
	return 0;
}

static void close_file(struct found *found)
{
	blocks_file_free(found->file);
	sums_free(found->sums);
	if (found->leaves_fd >= 0)
		close(found->leaves_fd);
	found->file = NULL;
	found->sums = NULL;
	found->leaves_fd = -1;
}

static void forget_first(struct found *found)
{
	struct left *left = LIST_ENTRY(found->left.next, struct left, node);

	list_remove(&left->node);
	free(left);
	found->count--;
}

void found_free(struct found *found)
{
	if (!found)
		return;
	close_file(found);
	while (!list_empty(&found->left))
		forget_first(found);
	buf_free(&found->files);
	free(found);
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* Files of ours, but those that are made of others. */
static bool is_wanted(const char *name)
{
	return strncmp(name, "call.", 5) == 0 && strlen(name) < NAME_SIZE &&
	       !ends_with(name, STYLE_LEAVES);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct left *list_files(int dir_fd)
{
	const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct left *left = calloc(1, sizeof(*left) + sizeof(left->names[0]) * FILES_MAX);
	const struct dirent *entry;

	if (fd >= 0 && !dir)
		close(fd);
	while (left && dir && left->count < FILES_MAX && (entry = readdir(dir)))
		if (is_wanted(entry->d_name))
			snprintf(left->names[left->count++], NAME_SIZE, "%s",
				entry->d_name);
	if (dir)
		closedir(dir);
	if (left)
		qsort(left->names, left->count, sizeof(left->names[0]), compare_names);
	return left;
}

void found_add(struct found *found, const char *date, const char *id, int dir_fd)
{
	struct left *left = list_files(dir_fd);

	if (!left)
		return;
	list_init(&left->node);
	snprintf(left->date, sizeof(left->date), "%s", date);
	snprintf(left->id, sizeof(left->id), "%s", id);
	list_append(&found->left, &left->node);
	found->count++;
}

size_t found_count(const struct found *found)
{
	return found->count;
}

void found_each(const struct found *found, found_h *h, void *arg)
{
	const struct left *left;

	LIST_FOREACH (&found->left, node, next) {
		left = LIST_ENTRY(node, struct left, node);
		h(arg, left->date, left->id);
	}
}

/* ---- sums ---- */

static bool is_encrypted(const char *name)
{
	return ends_with(name, STYLE_ENCRYPTED) ||
	       ends_with(name, STYLE_ENCRYPTED STYLE_UNFINISHED);
}

static bool has_tree(const char *name)
{
	return strstr(name, ".pcapng") != NULL;
}

/* Whether it is a capture that can be read. */
static bool is_clear(const char *name)
{
	return strstr(name, ".pcap") && !is_encrypted(name);
}

/* The leaves of NAME, "call.2.pcapng.age". */
static int open_leaves(int dir_fd, const char *name)
{
	char leaves[STYLE_NAME_SIZE];
	unsigned part = 1;

	if (sscanf(name, "call.%u.", &part) != 1)
		part = 1;
	return regular_open(dir_fd, style_leaves_name(part, leaves), NULL);
}

/* 0 or a negated errno. */
static int open_file(struct found *found, int dir_fd, const char *name)
{
	struct stat st;
	int fd = regular_open(dir_fd, name, &st), err;

	if (fd < 0)
		return fd;
	err = blocks_file_new(&found->file, fd, !has_tree(name), st.st_size);
	if (!err)
		err = sums_new(&found->sums);
	if (!err && has_tree(name) && is_encrypted(name))
		found->leaves_fd = open_leaves(dir_fd, name);
	return err;
}

static void take_leaves(struct found *found)
{
	struct tlog_hash leaves[LEAVES_AT_ONCE];
	ssize_t n;

	while (found->leaves_fd >= 0 &&
		(n = read(found->leaves_fd, leaves, sizeof(leaves))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(leaves[0]); i++)
			sums_leaf(found->sums, &leaves[i]);
}

static void spend(size_t *budget, size_t bytes)
{
	*budget -= bytes < *budget ? bytes : *budget;
}

/* *BUDGET is what may be read yet. 0: all was; -EAGAIN; or a negated errno. */
static int read_file(struct found *found, const char *name, size_t *budget)
{
	const bool tree = has_tree(name) && !is_encrypted(name);
	struct block block;
	int err;

	while (*budget > 0) {
		err = blocks_file_next(found->file, &block);
		if (err == -ENOENT)
			return 0;
		if (err && err != ERR_FORMAT)
			return err;
		sums_file(found->sums, block.bytes.p, block.bytes.len);
		if (tree && !err) {
			sums_block(found->sums, block.bytes.p, block.bytes.len);
			sums_block_end(found->sums, NULL);
		}
		if (!err && block.packet && is_clear(name))
			sums_packet(found->sums);
		spend(budget, block.bytes.len);
	}
	return -EAGAIN;
}

static void add_file(struct found *found, const char *name)
{
	struct sums_state state;

	take_leaves(found);
	if (sums_look(found->sums, &state) != 0 || state.bytes == 0)
		return;
	entry_file(&found->files, &(struct entry_file){.name = name,
					  .state = "repaired",
					  .bytes = state.bytes,
					  .sum = &state.file,
					  .packets = state.packets,
					  .blocks = state.blocks,
					  .root = has_tree(name) ? &state.root : NULL});
}

/* The next file of the first one. 0; -EAGAIN; -ENOENT: it has no more. One that cannot be read is passed over: the
 * record has what could be. */
static int step_file(struct found *found, struct left *left, int root_fd, size_t *budget)
{
	const char *name;
	int dir_fd, err = 0;

	if (left->next == left->count)
		return -ENOENT;
	name = left->names[left->next];
	if (*budget == 0)
		return -EAGAIN;
	if (!found->file) {
		spend(budget, OPEN_BYTES);
		dir_fd = folder_find(root_fd, left->date, left->id);
		err = dir_fd < 0 ? dir_fd : open_file(found, dir_fd, name);
		if (dir_fd >= 0)
			close(dir_fd);
	}
	if (!err)
		err = read_file(found, name, budget);
	if (err == -EAGAIN)
		return err;
	if (!err)
		add_file(found, name);
	close_file(found);
	left->next++;
	return 0;
}

int found_step(struct found *found, int root_fd, size_t *budget, struct found_call *ret)
{
	struct left *left;
	int err = 0;

	if (list_empty(&found->left))
		return -ENOENT;
	left = LIST_ENTRY(found->left.next, struct left, node);
	while (!err)
		err = step_file(found, left, root_fd, budget);
	if (err == -EAGAIN)
		return err;
	memcpy(ret->date, left->date, sizeof(ret->date));
	memcpy(ret->id, left->id, sizeof(ret->id));
	ret->files = found->files;
	buf_init(&found->files, 0);
	forget_first(found);
	return 0;
}
