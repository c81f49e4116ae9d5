#include "audit/spool.h"

#include "audit/kept.h"
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME "waiting"
#define MAGIC "tandem-waiting-1"
/* Some ten thousand calls that ended while the disk was full. */
#define DATA_MAX SPOOL_MAX
/* It grows by so much, and is so large when nothing waits. */
#define STEP ((size_t)64 << 10)

/* What lies in front of the lines. */
struct head {
	char magic[32];
	/* Where the first line begins (the upper half) and the last one ends, in bytes behind the head: one word, so that
	 * a process that is killed leaves both or neither. */
	_Atomic uint64_t range;
	char reserved[24];
};

_Static_assert(sizeof(struct head) == 64, "what is in the file");

struct spool {
	struct kept kept;
	bool used; /* spool_lines() gave them away: they stay in place */
};

static struct head *head_of(const struct spool *spool)
{
	return (struct head *)(void *)spool->kept.bytes;
}

static char *data_of(const struct spool *spool)
{
	return spool->kept.bytes + sizeof(struct head);
}

static void get_range(const struct spool *spool, size_t *ret_begin, size_t *ret_end)
{
	const uint64_t range = atomic_load(&head_of(spool)->range);

	*ret_begin = range >> 32;
	*ret_end = (uint32_t)range;
}

/* Behind what was written before: a line is there when the range has it. */
static void set_range(struct spool *spool, size_t begin, size_t end)
{
	atomic_store(&head_of(spool)->range, (uint64_t)begin << 32 | end);
}

static bool is_ours(const struct spool *spool)
{
	size_t begin, end;

	if (spool->kept.size < sizeof(struct head) ||
		memcmp(head_of(spool)->magic, MAGIC, sizeof(MAGIC)) != 0)
		return false;
	get_range(spool, &begin, &end);
	return begin <= end && end <= spool->kept.size - sizeof(struct head) &&
	       (begin == end || data_of(spool)[end - 1] == '\n');
}

int spool_new(struct spool **ret, const char *run_dir, struct err_text *text)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	bool was_there;
	int err;

	if (!spool)
		return err_set(text, -ENOMEM, "out of memory");
	err = kept_open(
		&spool->kept, run_dir, NAME, sizeof(struct head) + DATA_MAX, text);
	if (err)
		goto out;
	was_there = spool->kept.size > 0;
	err = kept_grow(&spool->kept, STEP);
	if (err) {
		err_set(text, err, "no room for %s/" NAME ": %s", run_dir ? run_dir : "",
			err_str(err));
		goto out;
	}
	if (!is_ours(spool)) {
		if (was_there)
			log_warning(
				"spool", "event=spool-foreign file=%s/" NAME, run_dir);
		set_range(spool, 0, 0);
		memcpy(head_of(spool)->magic, MAGIC, sizeof(MAGIC));
	}
	*ret = spool;
	return 0;
out:
	spool_free(spool);
	return err;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	kept_close(&spool->kept);
	free(spool);
}

/* Those that wait are moved to the front, where they do not meet themselves: killed meanwhile, the old ones count. */
static void make_room(struct spool *spool)
{
	size_t begin, end;

	get_range(spool, &begin, &end);
	if (spool->used || end - begin > begin)
		return;
	memcpy(data_of(spool), data_of(spool) + begin, end - begin);
	set_range(spool, 0, end - begin);
}

bool spool_add(struct spool *spool, const void *line, size_t len)
{
	size_t begin, end, whole;

	if (len > DATA_MAX)
		return false;
	get_range(spool, &begin, &end);
	if (end + len > DATA_MAX)
		make_room(spool);
	get_range(spool, &begin, &end);
	whole = sizeof(struct head) + end + len;
	if (end + len > DATA_MAX ||
		(whole > spool->kept.size &&
			kept_grow(&spool->kept, whole + STEP - whole % STEP) != 0 &&
			kept_grow(&spool->kept, whole) != 0))
		return false;
	memcpy(data_of(spool) + end, line, len);
	set_range(spool, begin, end + len);
	return true;
}

size_t spool_len(const struct spool *spool)
{
	size_t begin, end;

	get_range(spool, &begin, &end);
	return end - begin;
}

struct span spool_lines(struct spool *spool)
{
	size_t begin, end;

	get_range(spool, &begin, &end);
	spool->used = true;
	return (struct span){data_of(spool) + begin, end - begin};
}

/* What waits from now on. */
static void settle(struct spool *spool, size_t begin, size_t end)
{
	spool->used = false;
	if (begin >= end)
		begin = end = 0;
	set_range(spool, begin, end);
	/* So a spool to which lines are always added stays small, too; and behind a large one there is room while it is used. */
	if (end - begin < STEP / 2 || end > DATA_MAX / 2)
		make_room(spool);
	get_range(spool, &begin, &end);
	if (sizeof(struct head) + end <= STEP)
		kept_shrink(&spool->kept, STEP);
}

void spool_drop(struct spool *spool, size_t len)
{
	size_t begin, end;

	get_range(spool, &begin, &end);
	settle(spool, begin + len, end);
}

void spool_keep(struct spool *spool, size_t from, size_t len)
{
	size_t begin, end;

	get_range(spool, &begin, &end);
	settle(spool, begin + from, begin + from + len);
}

bool spool_is_left(const struct spool *spool)
{
	return kept_is_left(&spool->kept);
}
