#include "audit/retention.h"

#include "audit/day.h"
#include "audit/holds.h"
#include "audit/whose.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUND_US UINT64_C(60000000)
#define SHORT_ROUND_US UINT64_C(5000000)
#define STEP_CAPTURES 64
/* Of days in one round; further ones are of the next. */
#define DAYS_MAX 4000
#define RULE_SIZE 128

enum phase {
	PHASE_REST,
	PHASE_COUNT, /* how much there is */
	PHASE_DELETE,
};

/* The capture whose id has this hash belongs to the trunk of this rule. */
struct member {
	uint64_t id;
	size_t rule;
};

/* Those of a day, in order of the hash. */
struct members {
	struct member *list;
	size_t count;
};

struct retention {
	enum phase phase;
	uint64_t next_us, short_us; /* monotonic: when the next round begins */
	char (*days)[STORE_DATE_SIZE];
	size_t day_count, at;
	struct day *day; /* NULL: not begun */
	bool looked;     /* at all of it */
	struct members members;
	struct keep *keep; /* owned reference; the rules of the round. NULL: it rests */
	uint64_t bytes;    /* of all */
	uint64_t *rule_bytes;     /* of each rule's; NULL: there are no rules */
	bool later;               /* the first round is over, which looks at every day */
	_Atomic uint64_t deleted; /* atomic */
};

int retention_new(struct retention **ret)
{
	struct retention *retention = calloc(1, sizeof(*retention));

	if (!retention)
		return -ENOMEM;
	*ret = retention;
	return 0;
}

static void end_day(struct retention *retention)
{
	day_close(retention->day);
	retention->day = NULL;
	retention->looked = false;
	free(retention->members.list);
	retention->members = (struct members){0};
}

static void forget_round(struct retention *retention)
{
	end_day(retention);
	free(retention->days);
	retention->days = NULL;
	retention->day_count = 0;
	retention->at = 0;
	free(retention->rule_bytes);
	retention->rule_bytes = NULL;
	retention->bytes = 0;
	keep_unref(retention->keep);
	retention->keep = NULL;
}

void retention_free(struct retention *retention)
{
	if (retention)
		forget_round(retention);
	free(retention);
}

uint64_t retention_deleted(const struct retention *retention)
{
	return atomic_load(&retention->deleted);
}

/* ---- days ---- */

static bool is_day(const char *name)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)name[i])
				   : name[i] != form[i])
			return false;
	return true;
}

static int compare_days(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list_days(struct retention *retention, int root_fd)
{
	const int fd =
		openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (fd >= 0 && !dir)
		close(fd);
	retention->days = calloc(DAYS_MAX, sizeof(*retention->days));
	while (dir && retention->days && retention->day_count < DAYS_MAX &&
		(entry = readdir(dir)))
		if (is_day(entry->d_name))
			memcpy(retention->days[retention->day_count++], entry->d_name,
				STORE_DATE_SIZE);
	if (dir)
		closedir(dir);
	qsort(retention->days, retention->day_count, sizeof(*retention->days),
		compare_days);
}

/* ---- whose a capture is ---- */

static uint64_t hash_id(const char *id, size_t len)
{
	return hash_bytes(id, len, 0);
}

static void add_member(void *arg, struct span id, struct span trunk)
{
	struct retention *retention = arg;
	struct members *members = &retention->members;
	const size_t rule = keep_find(retention->keep, trunk), count = members->count;
	struct member *list = members->list;

	if (rule == retention->keep->rule_count)
		return;
	/* it grows where its length is a power of two */
	if ((count & (count - 1)) == 0)
		list = reallocarray(list, count ? 2 * count : 1, sizeof(*list));
	if (!list)
		return;
	list[count] = (struct member){.id = hash_id(id.p, id.len), .rule = rule};
	members->list = list;
	members->count++;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

static void read_members(struct retention *retention)
{
	struct members *members = &retention->members;

	whose_each(day_fd(retention->day), add_member, retention);
	if (members->count > 0)
		qsort(members->list, members->count, sizeof(*members->list),
			compare_members);
}

/* Those of ID: from *ret_first on. Returns how many. */
static size_t members_of(const struct members *members, const char *id, size_t *ret_first)
{
	const uint64_t hash = hash_id(id, strlen(id));
	size_t low = 0, high = members->count, count = 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (members->list[middle].id < hash)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + count < members->count && members->list[low + count].id == hash)
		count++;
	*ret_first = low;
	return count;
}

/* ---- one capture ---- */

struct verdict {
	const char *why;
	char rule[RULE_SIZE];
};

static bool is_over(const struct retention *retention)
{
	const struct keep *keep = retention->keep;

	return keep->keep_bytes > 0 && retention->bytes > keep->keep_bytes;
}

static bool rule_is_over(const struct retention *retention, size_t rule)
{
	const uint64_t most = retention->keep->rules[rule].keep_bytes;

	return most > 0 && retention->rule_bytes[rule] > most;
}

static bool is_old(
	const struct retention_step *step, uint64_t keep_us, uint64_t written_us)
{
	return keep_us > 0 && written_us + keep_us < step->wall_us;
}

static bool say(
	struct verdict *verdict, const char *why, const char *whose, const char *key)
{
	verdict->why = why;
	snprintf(verdict->rule, sizeof(verdict->rule), "%s %s", whose, key);
	return true;
}

/* By the rules of its gateways. */
static bool members_condemn(const struct retention *retention,
	const struct retention_step *step, const struct day_capture *capture,
	size_t first, size_t count, struct verdict *ret)
{
	for (size_t i = 0; i < count; i++) {
		const size_t at = retention->members.list[first + i].rule;
		const struct keep_rule *rule = &retention->keep->rules[at];

		if (is_old(step, rule->keep_us, capture->written_us))
			return say(ret, "age", rule->trunk, "keep");
		if (rule_is_over(retention, at))
			return say(ret, "size", rule->trunk, "keep-size");
	}
	return false;
}

/* Whether CAPTURE is due, and why. */
static bool is_due(const struct retention *retention, const struct retention_step *step,
	const struct day_capture *capture, struct verdict *ret)
{
	size_t first;
	const size_t count = members_of(&retention->members, capture->id, &first);

	if (members_condemn(retention, step, capture, first, count, ret))
		return true;
	if (count == 0 && is_old(step, retention->keep->keep_us, capture->written_us))
		return say(ret, "age", "[audit]", "keep");
	if (is_over(retention))
		return say(ret, "size", "[audit]", "keep-size");
	if (step->short_h(step->arg))
		return say(ret, "disk", "[audit]", "disk-low");
	return false;
}

static void take_bytes(uint64_t *from, uint64_t bytes)
{
	*from -= bytes < *from ? bytes : *from;
}

/* How much there is, with CAPTURE or without it any more. */
static void count(
	struct retention *retention, const struct day_capture *capture, bool more)
{
	size_t first;
	const size_t of = members_of(&retention->members, capture->id, &first);

	if (more)
		retention->bytes += capture->bytes;
	else
		take_bytes(&retention->bytes, capture->bytes);
	for (size_t i = 0; i < of; i++) {
		uint64_t *bytes =
			&retention->rule_bytes[retention->members.list[first + i].rule];

		if (more)
			*bytes += capture->bytes;
		else
			take_bytes(bytes, capture->bytes);
	}
}

static void tell(struct retention *retention, const struct retention_step *step,
	const struct day_capture *capture, const struct verdict *verdict)
{
	const struct retention_deletion deletion = {.id = capture->id,
		.day = day_date(retention->day),
		.why = verdict->why,
		.rule = verdict->rule,
		.files = capture->files,
		.bytes = capture->bytes,
		.written_us = capture->written_us};

	atomic_fetch_add(&retention->deleted, 1);
	step->deleted_h(step->arg, &deletion);
	log_info("store",
		"call=%s event=capture-deleted day=%s reason=%s rule=\"%s\" "
		"bytes=%" PRIu64,
		capture->id, deletion.day, verdict->why, verdict->rule, capture->bytes);
}

static void tell_kept(const struct day_capture *capture, int err)
{
	log_warning("store", "call=%s event=capture-kept error=\"%s\"", capture->id,
		err_str(err));
}

static void delete_capture(struct retention *retention, const struct retention_step *step,
	const struct day_capture *capture, const struct verdict *verdict)
{
	int err = day_doom(retention->day, capture->id);

	/* somebody may have held it while it still had its name */
	if (!err && holds_has(step->root_fd, day_date(retention->day), capture->id)) {
		err = day_spare(retention->day, capture->id);
		if (!err)
			return;
	}
	if (!err) {
		tell(retention, step, capture, verdict);
		count(retention, capture, false);
		err = day_erase(retention->day, capture->id);
	}
	if (err)
		tell_kept(capture, err);
}

/* A process was killed before it was done. Whether it had told that nobody knows. */
static void resume(struct retention *retention, const struct retention_step *step,
	const struct day_capture *capture)
{
	struct verdict verdict;
	const int err = day_erase(retention->day, capture->id);

	if (err) {
		tell_kept(capture, err);
		return;
	}
	verdict.why = "resumed";
	verdict.rule[0] = '\0';
	tell(retention, step, capture, &verdict);
}

static void judge(struct retention *retention, const struct retention_step *step,
	const struct day_capture *capture)
{
	const char *date = day_date(retention->day);
	struct verdict verdict;

	if (retention->phase == PHASE_COUNT)
		count(retention, capture, true);
	else if (capture->doomed)
		resume(retention, step, capture);
	else if (is_due(retention, step, capture, &verdict) &&
		 !holds_has(step->root_fd, date, capture->id) &&
		 !step->in_use_h(step->arg, date, capture->id))
		delete_capture(retention, step, capture, &verdict);
}

/* ---- rounds ---- */

static bool any_is_over(const struct retention *retention)
{
	bool over = is_over(retention);

	for (size_t i = 0; i < retention->keep->rule_count; i++)
		over |= rule_is_over(retention, i);
	return over;
}

/* Whether something of DAY, and so of those behind it, may have to go. */
static bool day_counts(const struct retention *retention,
	const struct retention_step *step, const char *day)
{
	const uint64_t keep_us = keep_shortest_us(retention->keep);
	char limit[STORE_DATE_SIZE];

	/* at first, for what a killed process began to delete may be anywhere */
	if (!retention->later || retention->phase == PHASE_COUNT ||
		any_is_over(retention) || step->short_h(step->arg))
		return true;
	if (keep_us == 0 || keep_us > step->wall_us)
		return false;
	return strcmp(day, store_date(step->wall_us - keep_us, limit)) <= 0;
}

static void end_phase(struct retention *retention, const struct retention_step *step)
{
	end_day(retention);
	retention->at = 0;
	if (retention->phase == PHASE_COUNT) {
		retention->phase = PHASE_DELETE;
		return;
	}
	forget_round(retention);
	retention->later = true;
	retention->phase = PHASE_REST;
	retention->next_us = step->mono_us + ROUND_US;
	retention->short_us = step->mono_us + SHORT_ROUND_US;
}

static void begin_day(struct retention *retention, const struct retention_step *step)
{
	retention->day = day_open(step->root_fd, retention->days[retention->at]);
	if (!retention->day) {
		retention->at++;
		return;
	}
	if (retention->keep->rule_count > 0)
		read_members(retention);
}

/* Some captures of the day, MAX at most. Returns how many. */
static unsigned go_on(
	struct retention *retention, const struct retention_step *step, unsigned max)
{
	const struct day_capture *capture = NULL;
	unsigned looked;

	if (!retention->day)
		begin_day(retention, step);
	if (!retention->day)
		return 1;
	if (!retention->looked) {
		looked = day_look(retention->day, max);
		retention->looked = looked < max;
		return looked;
	}
	for (looked = 0; looked < max && (capture = day_next(retention->day)); looked++)
		judge(retention, step, capture);
	if (!capture) {
		end_day(retention);
		retention->at++;
	}
	return looked;
}

static bool is_time(const struct retention *retention, const struct retention_step *step)
{
	if (step->mono_us >= retention->short_us && step->short_h(step->arg))
		return true;
	return step->mono_us >= retention->next_us &&
	       (keep_shortest_us(step->keep) || keep_has_size(step->keep));
}

static void begin_round(struct retention *retention, const struct retention_step *step)
{
	if (!is_time(retention, step))
		return;
	if (step->keep->rule_count > 0) {
		retention->rule_bytes =
			calloc(step->keep->rule_count, sizeof(*retention->rule_bytes));
		if (!retention->rule_bytes)
			return;
	}
	retention->keep = keep_ref(step->keep);
	list_days(retention, step->root_fd);
	retention->phase = keep_has_size(step->keep) ? PHASE_COUNT : PHASE_DELETE;
}

void retention_step(struct retention *retention, const struct retention_step *step)
{
	unsigned left = STEP_CAPTURES;

	/* other rules: from the beginning */
	if (retention->phase != PHASE_REST && retention->keep != step->keep) {
		forget_round(retention);
		retention->phase = PHASE_REST;
	}
	if (retention->phase == PHASE_REST)
		begin_round(retention, step);
	while (left > 0 && retention->phase != PHASE_REST) {
		unsigned looked;

		if (retention->at == retention->day_count ||
			(!retention->day && !day_counts(retention, step,
						    retention->days[retention->at]))) {
			end_phase(retention, step);
			left--;
			continue;
		}
		looked = go_on(retention, step, left);
		left -= looked < left ? looked : left;
	}
}
