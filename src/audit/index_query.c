/*
 * What is wanted becomes conditions of SQL that are written here; what an operator typed is bound to them and never a part.
 * A number is looked for segment by segment, from the latest back, so that a page costs the segments that it needs.
 */
#include "audit/index_query.h"

#include "audit/cdr_row.h"
#include "audit/follow.h"
#include "audit/index_db.h"
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps of SQLite's machine between two looks whether it is still wanted: some 0.1 ms. */
#define PROGRESS_STEPS 1000

struct index_query {
	struct index_db db;
	const atomic_bool *cancelled;
};

static int progress_h(void *arg)
{
	const struct index_query *query = arg;

	return atomic_load(query->cancelled);
}

int index_query_new(struct index_query **ret, const char *state_dir,
	const atomic_bool *cancelled, struct err_text *text)
{
	struct index_query *query = calloc(1, sizeof(*query));
	int err;

	if (!query)
		return err_set(text, -ENOMEM, "out of memory");
	query->cancelled = cancelled;
	err = index_db_open_to_read(&query->db, state_dir, text);
	if (err) {
		free(query);
		return err;
	}
	if (cancelled)
		sqlite3_progress_handler(
			query->db.sqlite, PROGRESS_STEPS, progress_h, query);
	*ret = query;
	return 0;
}

void index_query_free(struct index_query *query)
{
	if (!query)
		return;
	index_db_close(&query->db);
	free(query);
}

struct index_db *index_query_db(struct index_query *query)
{
	return &query->db;
}

/* Conditions */

#define COLUMNS                                                                          \
	"SELECT place, kind, seq, id, ended, duration, talk, ringing, number_from,"      \
	" number_to, (SELECT name FROM party WHERE id = party_a),"                       \
	" (SELECT name FROM party WHERE id = party_b), inbound, message, status, cause," \
	" ended_by, signalling, media, mos, q850 FROM record WHERE "

enum bound { BOUND_NUMBER, BOUND_TEXT };

struct condition {
	const char *sql; /* with one parameter, "?" */
	enum bound bound;
	int64_t number;
	const char *text;
};

#define CONDITIONS_MAX 20

struct conditions {
	struct condition list[CONDITIONS_MAX];
	unsigned count;
};

static void want_number(struct conditions *conditions, const char *sql, int64_t number)
{
	conditions->list[conditions->count++] =
		(struct condition){.sql = sql, .bound = BOUND_NUMBER, .number = number};
}

static void want_text(struct conditions *conditions, const char *sql, const char *text)
{
	conditions->list[conditions->count++] =
		(struct condition){.sql = sql, .bound = BOUND_TEXT, .text = text};
}

static void want_party(struct conditions *conditions, const char *word, const char *id,
	char *name, size_t size)
{
	snprintf(name, size, "%s %s", word, id);
	want_text(conditions,
		"EXISTS (SELECT 1 FROM party WHERE name = ? AND (id = party_a OR id = "
		"party_b))",
		name);
}

static void want_status(struct conditions *conditions, unsigned status)
{
	const unsigned class = status < 10 ? status * 100 : status;

	want_number(conditions, "status >= ?", class);
	want_number(conditions, "status <= ?", status < 10 ? class + 99 : class);
}

#define PARTY_SIZE 96

struct party_names {
	char trunk[PARTY_SIZE], server[PARTY_SIZE];
};

static void add_conditions(struct conditions *ret, const struct index_filter *filter,
	struct party_names *names)
{
	if (!filter->kind || strcmp(filter->kind, "call") == 0)
		want_number(ret, "(kind IS NULL) = ?", 1);
	else if (filter->kind[0])
		want_text(ret, "kind = ?", filter->kind);
	if (filter->since_us > 0)
		want_number(ret, "ended >= ?", (int64_t)filter->since_us);
	if (filter->until_us > 0)
		want_number(ret, "ended < ?", (int64_t)filter->until_us);
	if (filter->trunk)
		want_party(ret, "trunk", filter->trunk, names->trunk, PARTY_SIZE);
	if (filter->server)
		want_party(ret, "server", filter->server, names->server, PARTY_SIZE);
	if (filter->cause)
		want_text(ret, "cause = ?", filter->cause);
	if (filter->status > 0)
		want_status(ret, filter->status);
	if (filter->q850 > 0)
		want_number(ret, "q850 = ?", filter->q850);
	if (filter->signalling >= 0)
		want_number(ret, "signalling = ?", filter->signalling);
	if (filter->media >= 0)
		want_number(ret, "media = ?", filter->media);
	if (filter->mos_below > 0)
		want_number(ret, "mos < ?", filter->mos_below);
	if (filter->answered >= 0)
		want_number(ret, "(talk IS NOT NULL) = ?", filter->answered);
}

/* BEGIN, the conditions, END, with what is wanted bound to it. */
static int prepare(struct index_query *query, sqlite3_stmt **ret, const char *begin,
	const struct conditions *conditions, const char *end, struct err_text *text)
{
	sqlite3_stmt *statement;
	struct buf sql;
	int err;

	buf_init(&sql, 0);
	buf_add_str(&sql, begin);
	for (unsigned i = 0; i < conditions->count; i++) {
		buf_add_str(&sql, i > 0 ? " AND " : "");
		buf_add_str(&sql, conditions->list[i].sql);
	}
	buf_add_str(&sql, end);
	err = buf_str(&sql) ? index_db_prepare(&query->db, &statement, sql.data, text)
			    : err_set(text, -ENOMEM, "out of memory");
	buf_free(&sql);
	if (err)
		return err;
	for (unsigned i = 0; i < conditions->count; i++) {
		const struct condition *at = &conditions->list[i];

		if (at->bound == BOUND_TEXT)
			sqlite3_bind_text(
				statement, (int)i + 1, at->text, -1, SQLITE_TRANSIENT);
		else
			sqlite3_bind_int64(statement, (int)i + 1, at->number);
	}
	*ret = statement;
	return 0;
}

/* Rows */

static const char *column_text(sqlite3_stmt *statement, int at)
{
	return (const char *)sqlite3_column_text(statement, at);
}

static bool has(sqlite3_stmt *statement, int at)
{
	return sqlite3_column_type(statement, at) != SQLITE_NULL;
}

static uint64_t column_uint(sqlite3_stmt *statement, int at)
{
	return (uint64_t)sqlite3_column_int64(statement, at);
}

static void read_row(sqlite3_stmt *statement, struct index_row *ret)
{
	const char *kind = column_text(statement, 1);

	*ret = (struct index_row){.place = column_uint(statement, 0),
		.kind = kind ? kind : "call",
		.numbered = has(statement, 2),
		.seq = column_uint(statement, 2),
		.id = column_text(statement, 3),
		.end_us = column_uint(statement, 4),
		.call = !kind,
		.duration_us = column_uint(statement, 5),
		.answered = has(statement, 6),
		.talk_us = column_uint(statement, 6),
		.rang = has(statement, 7),
		.ringing_us = column_uint(statement, 7),
		.from = column_text(statement, 8),
		.to = column_text(statement, 9),
		.parties = {column_text(statement, 10), column_text(statement, 11)},
		.inbound = column_uint(statement, 12) != 0,
		.message = column_uint(statement, 13) != 0,
		.status = (unsigned)column_uint(statement, 14),
		.cause = column_text(statement, 15),
		.ended_by = column_text(statement, 16),
		.signalling = (int)column_uint(statement, 17),
		.media = (int)column_uint(statement, 18),
		.mos = (unsigned)column_uint(statement, 19),
		.q850 = (unsigned)column_uint(statement, 20)};
}

/* One question: what is wanted, who gets it, how much more of it. */
struct asking {
	struct index_query *query;
	const struct index_filter *filter;
	struct conditions conditions;
	struct party_names names;
	int64_t low, high; /* segments that are looked at */
	int64_t before;    /* place */
	index_row_h *h;
	void *arg;
	unsigned left;
	bool over; /* no more is wanted */
};

/* Gives all rows of STATEMENT. */
static int give_rows(
	struct asking *asking, sqlite3_stmt *statement, struct err_text *text)
{
	struct index_row row;
	int rc = SQLITE_ROW;

	while (!asking->over && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		read_row(statement, &row);
		asking->over = !asking->h(asking->arg, &row) || --asking->left == 0;
	}
	return index_db_judge(&asking->query->db, rc, text);
}

/* Which segments have records of the time that is wanted: most records stand in the order of their time. */
static int find_segments(struct asking *asking, struct err_text *text)
{
	const struct index_filter *filter = asking->filter;
	struct conditions none = {.count = 0};
	sqlite3_stmt *statement;
	int err, rc;

	want_number(&none, "last >= ?", (int64_t)filter->since_us);
	want_number(&none, "first < ?",
		filter->until_us > 0 ? (int64_t)filter->until_us : INT64_MAX);
	want_number(&none, "id <= ?", asking->before >> INDEX_SEGMENT_SHIFT);
	err = prepare(asking->query, &statement,
		"SELECT min(id), max(id) FROM segment WHERE ", &none, "", text);
	if (err)
		return err;
	rc = sqlite3_step(statement);
	asking->over = rc == SQLITE_ROW && !has(statement, 0);
	asking->low = sqlite3_column_int64(statement, 0);
	asking->high = sqlite3_column_int64(statement, 1);
	err = index_db_judge(&asking->query->db, rc, text);
	sqlite3_finalize(statement);
	return err;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int give_all(struct asking *asking, struct err_text *text)
{
	struct conditions *conditions = &asking->conditions;
	sqlite3_stmt *statement;
	int err;

	want_number(conditions, "place >= ?", asking->low << INDEX_SEGMENT_SHIFT);
	want_number(conditions, "place < ?",
		smaller(asking->before, (asking->high + 1) << INDEX_SEGMENT_SHIFT));
	err = prepare(asking->query, &statement, COLUMNS, conditions,
		" ORDER BY place DESC", text);
	if (err)
		return err;
	err = give_rows(asking, statement, text);
	sqlite3_finalize(statement);
	return err;
}

/* By words */

struct places {
	int64_t *list;
	size_t count, size;
};

static int add_place(struct places *places, int64_t place)
{
	size_t size = places->size > 0 ? places->size * 2 : 256;
	int64_t *list;

	if (places->count == places->size) {
		list = reallocarray(places->list, size, sizeof(*list));
		if (!list)
			return -ENOMEM;
		places->list = list;
		places->size = size;
	}
	places->list[places->count++] = place;
	return 0;
}

/* The latest first. */
static int compare_places(const void *a, const void *b)
{
	const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return one > other ? -1 : one < other;
}

static bool word_fits(const struct asking *asking, const char *word)
{
	return !asking->filter->number ||
	       pattern_matches(asking->filter->number, span_of(word + 1));
}

/* The places of a segment whose words fit, to PLACES. */
static int find_places(struct asking *asking, sqlite3_stmt *words, int64_t segment,
	struct places *places, struct err_text *text)
{
	int rc, err = 0;

	places->count = 0;
	sqlite3_bind_int64(words, 1, segment);
	while (!err && (rc = sqlite3_step(words)) != SQLITE_DONE) {
		const char *word = column_text(words, 0);

		err = index_db_judge(&asking->query->db, rc, text);
		if (!err && word && word_fits(asking, word) &&
			sqlite3_column_int64(words, 1) < asking->before)
			err = add_place(places, sqlite3_column_int64(words, 1));
	}
	sqlite3_reset(words);
	if (!err && places->count > 1)
		qsort(places->list, places->count, sizeof(*places->list), compare_places);
	return err;
}

/* What else is wanted of the records at PLACES. A call has several numbers that may fit. */
static int give_places(struct asking *asking, sqlite3_stmt *record,
	const struct places *places, struct err_text *text)
{
	const int at = (int)asking->conditions.count;
	int err = 0;

	for (size_t i = 0; !err && !asking->over && i < places->count; i++) {
		if (i > 0 && places->list[i] == places->list[i - 1])
			continue;
		sqlite3_bind_int64(record, at, places->list[i]);
		err = give_rows(asking, record, text);
		sqlite3_reset(record);
	}
	return err;
}

/* The statements by which segments are gone through. */
struct by_words {
	sqlite3_stmt *segments, *words, *record;
	struct places places;
};

static int step_segments(
	struct asking *asking, struct by_words *by, struct err_text *text)
{
	int rc = SQLITE_ROW, err = 0;

	while (!err && !asking->over && (rc = sqlite3_step(by->segments)) == SQLITE_ROW) {
		err = find_places(asking, by->words,
			sqlite3_column_int64(by->segments, 0), &by->places, text);
		if (!err)
			err = give_places(asking, by->record, &by->places, text);
	}
	return err ? err : index_db_judge(&asking->query->db, rc, text);
}

_Static_assert(PATTERN_MAX <= INDEX_MICROSOFT_MAX, "a beginning has room for both");

/* The words that begin with BEGIN: from it on, and before the next one of its length. */
static void want_beginning(sqlite3_stmt *words, const char *begin)
{
	char end[INDEX_MICROSOFT_MAX + 4];
	size_t len = strlen(begin);

	memcpy(end, begin, len + 1);
	end[len - 1]++; /* ASCII, and so no 0xff */
	sqlite3_bind_text(words, 2, begin, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(words, 3, end, -1, SQLITE_TRANSIENT);
}

static int give_by_words(struct asking *asking, const char *begin, struct err_text *text)
{
	struct by_words by = {.segments = NULL};
	struct conditions between = {.count = 0};
	int err;

	want_number(&between, "id >= ?", asking->low);
	want_number(&between, "id <= ?", asking->high);
	err = prepare(asking->query, &by.segments, "SELECT id FROM segment WHERE ",
		&between, " ORDER BY id DESC", text);
	if (!err)
		err = index_db_prepare(&asking->query->db, &by.words,
			"SELECT word, place FROM word WHERE segment = ?1 AND word >= ?2 "
			"AND word < ?3",
			text);
	want_number(&asking->conditions, "place = ?", 0);
	if (!err)
		err = prepare(asking->query, &by.record, COLUMNS, &asking->conditions, "",
			text);
	if (!err) {
		want_beginning(by.words, begin);
		err = step_segments(asking, &by, text);
	}
	if (err && !text->text[0])
		err_set(text, err, "%s", err_str(err));
	sqlite3_finalize(by.segments);
	sqlite3_finalize(by.words);
	sqlite3_finalize(by.record);
	free(by.places.list);
	return err;
}

/* The places of a pattern that are one character alone, up to the first that is not, as a word of a number. */
static void exact_beginning(const struct index_filter *filter, char ret[PATTERN_MAX + 4])
{
	const struct pattern *pattern = filter->number;
	size_t len = 0;

	ret[len++] = INDEX_WORD_NUMBER;
	for (unsigned i = 0; i < pattern->count; i++) {
		char only = '\0';

		for (char c = 1; c > 0 && c < 127 && !only; c++)
			if (pattern_set_has(&pattern->places[i], c))
				only = c;
		if (!pattern_set_is_exact(&pattern->places[i]) || only == 127)
			break;
		ret[len++] = only;
	}
	ret[len] = '\0';
}

int index_query_rows(struct index_query *query, const struct index_filter *filter,
	index_row_h *h, void *arg, struct err_text *text)
{
	struct asking asking = {.query = query,
		.filter = filter,
		.before = filter->before > 0 && filter->before < INT64_MAX
				  ? (int64_t)filter->before
				  : INT64_MAX,
		.h = h,
		.arg = arg,
		.left = filter->limit};
	char begin[INDEX_MICROSOFT_MAX + 4];
	int err;

	add_conditions(&asking.conditions, filter, &asking.names);
	err = find_segments(&asking, text);
	if (err || asking.over)
		return err;
	if (filter->microsoft)
		snprintf(begin, sizeof(begin), "%c%.*s", INDEX_WORD_MICROSOFT,
			INDEX_MICROSOFT_MAX, filter->microsoft);
	else if (filter->number)
		exact_beginning(filter, begin);
	else
		return give_all(&asking, text);
	return give_by_words(&asking, begin, text);
}

/* One record */

struct found {
	bool any;
	uint64_t place;
};

static bool found_h(void *arg, const struct index_row *row)
{
	struct found *found = arg;

	*found = (struct found){.any = true, .place = row->place};
	return false;
}

static int find_id(struct index_query *query, const char *id, struct found *ret,
	struct err_text *text)
{
	const struct index_filter filter = {.limit = 1};
	struct asking asking = {.query = query,
		.filter = &filter,
		.before = INT64_MAX,
		.low = 0,
		.high = INT64_MAX,
		.h = found_h,
		.arg = ret,
		.left = 1};
	char begin[PATTERN_MAX + 2];

	snprintf(begin, sizeof(begin), "%c%.*s", INDEX_WORD_ID, PATTERN_MAX, id);
	want_text(&asking.conditions, "(kind IS NULL OR kind = ?)", "lost");
	want_text(&asking.conditions, "id = ?", id);
	return give_by_words(&asking, begin, text);
}

/* The number at PLACE or the first one behind it. False: there is none. */
static int number_behind(struct index_query *query, sqlite3_stmt *statement,
	int64_t place, int64_t *ret_place, int64_t *ret_seq, struct err_text *text)
{
	int rc, err;

	sqlite3_bind_int64(statement, 1, place);
	rc = sqlite3_step(statement);
	*ret_place = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MAX;
	*ret_seq = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : INT64_MAX;
	err = index_db_judge(&query->db, rc, text);
	sqlite3_reset(statement);
	return err;
}

/* Numbers grow with places, so the one that is wanted is found by halving. */
static int find_seq(struct index_query *query, uint64_t wanted, struct found *ret,
	struct err_text *text)
{
	int64_t low = 0, high = INT64_MAX, at_place = 0, at_seq = 0, last = 0;
	sqlite3_stmt *statement;
	int err = index_db_number(&query->db, "SELECT max(place) FROM record", &last);

	if (!err)
		err = index_db_prepare(&query->db, &statement,
			"SELECT place, seq FROM record WHERE place >= ?1 AND seq IS NOT "
			"NULL ORDER BY place LIMIT 1",
			text);
	if (err)
		return err;
	high = last;
	while (!err && low <= high) {
		const int64_t middle = low + (high - low) / 2;

		err = number_behind(query, statement, middle, &at_place, &at_seq, text);
		if (!err && at_seq == (int64_t)wanted) {
			*ret = (struct found){.any = true, .place = (uint64_t)at_place};
			break;
		}
		if (at_seq > (int64_t)wanted)
			high = middle - 1;
		else
			low = at_place + 1;
	}
	sqlite3_finalize(statement);
	return err;
}

/* The hash of the first line of a file. */
static int name_of_file(struct index_query *query, int64_t file,
	char ret[static FOLLOW_HASH_SIZE], struct err_text *text)
{
	sqlite3_stmt *statement;
	int err = index_db_prepare(
		    &query->db, &statement, "SELECT name FROM file WHERE id = ?1", text),
	    rc;

	if (err)
		return err;
	sqlite3_bind_int64(statement, 1, file);
	rc = sqlite3_step(statement);
	err = index_db_judge(&query->db, rc, text);
	if (!err && rc != SQLITE_ROW)
		err = err_set(text, -ENOENT, "it is in no file");
	if (!err)
		snprintf(ret, FOLLOW_HASH_SIZE, "%s", column_text(statement, 0));
	sqlite3_finalize(statement);
	return err;
}

int index_query_find(struct index_query *query, const char *id, uint64_t seq,
	struct index_place *ret, struct err_text *text)
{
	const uint64_t mask = (UINT64_C(1) << INDEX_FILE_SHIFT) - 1;
	char name[FOLLOW_HASH_SIZE], *folder;
	struct found found = {.any = false};
	int err = id ? find_id(query, id, &found, text)
		     : find_seq(query, seq, &found, text);
	int fd;

	if (!err && !found.any)
		err = err_set(text, -ENOENT, "the index has no such record");
	if (!err)
		err = name_of_file(
			query, (int64_t)(found.place >> INDEX_FILE_SHIFT), name, text);
	if (err)
		return err;
	folder = strndup(query->db.path,
		strlen(query->db.path) - sizeof(INDEX_NAME)); /* with its slash */
	if (!folder)
		return err_set(text, -ENOMEM, "out of memory");
	fd = follow_open(folder, name);
	free(folder);
	if (fd < 0)
		return err_set(text, fd,
			"its file cannot be read: it was compressed or removed");
	*ret = (struct index_place){.fd = fd, .begin = found.place & mask};
	return 0;
}
