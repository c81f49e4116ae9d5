#include "audit/index_write.h"

#include "audit/index_hours.h"
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of parties that are known without asking: those of two sites of the largest size. */
#define PARTIES 1024
#define HOUR_US UINT64_C(3600000000)

enum statement {
	ADD_RECORD,
	ADD_WORD,
	ADD_SEGMENT,
	FIND_FILE,
	ADD_FILE,
	FIND_PARTY,
	ADD_PARTY,
	SET_POSITION,
	GET_POSITION,
	ADD_HOUR,
	STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
	[ADD_RECORD] = "INSERT INTO record VALUES"
		       "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,"
		       "?18,?19,?20,?21)",
	[ADD_WORD] = "INSERT OR IGNORE INTO word VALUES(?1,?2,?3)",
	[ADD_SEGMENT] =
		"INSERT INTO segment VALUES(?1,?2,?3) ON CONFLICT(id) DO UPDATE SET"
		" first = min(first, excluded.first),"
		" last = max(last, excluded.last)",
	[FIND_FILE] = "SELECT id FROM file WHERE name = ?1",
	[ADD_FILE] = "INSERT INTO file(name) VALUES(?1)",
	[FIND_PARTY] = "SELECT id FROM party WHERE name = ?1",
	[ADD_PARTY] = "INSERT INTO party(name) VALUES(?1)",
	[SET_POSITION] = "INSERT OR REPLACE INTO position VALUES(1,?1,?2,?3,?4,?5)",
	[GET_POSITION] = "SELECT file, begin, end, line, next FROM position",
	[ADD_HOUR] = "INSERT INTO hour VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"
		     "?14,?15,?16,?17,?18,?19,?20,?21,?22,?23) ON CONFLICT DO UPDATE SET "
		     "attempts = attempts + excluded.attempts,"
		     "answered = answered + excluded.answered,"
		     "effective = effective + excluded.effective,"
		     "talk = talk + excluded.talk,"
		     "delays = delays + excluded.delays,"
		     "delay = delay + excluded.delay,"
		     "delay_max = max(delay_max, excluded.delay_max),"
		     "scores = scores + excluded.scores,"
		     "score = score + excluded.score,"
		     "score_min = min(score_min, excluded.score_min),"
		     "packets = packets + excluded.packets,"
		     "lost = lost + excluded.lost,"
		     "jitters = jitters + excluded.jitters,"
		     "jitter = jitter + excluded.jitter,"
		     "tls13 = tls13 + excluded.tls13,"
		     "tls12 = tls12 + excluded.tls12,"
		     "plain = plain + excluded.plain,"
		     "srtp = srtp + excluded.srtp,"
		     "udptl = udptl + excluded.udptl,"
		     "rtp = rtp + excluded.rtp",
};

struct known_party {
	char name[80];
	int64_t id; /* 0: none */
};

struct index_writer {
	struct index_db db;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t file;
	/* the segment that is added to, until the transaction ends or another begins */
	int64_t segment; /* -1: none */
	uint64_t first_us, last_us;
	struct known_party parties[PARTIES];
	bool parties_added; /* in this transaction */
	struct hours hours; /* likewise */
	struct buf text;
};

int index_writer_new(
	struct index_writer **ret, const char *state_dir, struct err_text *text)
{
	struct index_writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return err_set(text, -ENOMEM, "out of memory");
	buf_init(&writer->text, 0);
	writer->segment = -1;
	err = index_db_open(&writer->db, state_dir, text);
	for (unsigned i = 0; !err && i < STATEMENTS; i++)
		err = index_db_prepare(&writer->db, &writer->statements[i], sql[i], text);
	if (err) {
		index_writer_free(writer);
		return err;
	}
	*ret = writer;
	return 0;
}

void index_writer_free(struct index_writer *writer)
{
	if (!writer)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(writer->statements[i]);
	index_db_close(&writer->db);
	buf_free(&writer->text);
	free(writer);
}

bool index_writer_is_there(const struct index_writer *writer)
{
	return index_db_is_there(&writer->db);
}

/* Runs a statement that gives no row. */
static int run(struct index_writer *writer, enum statement which, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[which];
	int rc = sqlite3_step(statement);
	int err = rc == SQLITE_ROW ? 0 : index_db_judge(&writer->db, rc, text);

	sqlite3_reset(statement);
	return err;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text, size_t len)
{
	sqlite3_bind_text(statement, at, text, (int)len, SQLITE_STATIC);
}

/* TEXT as it stands in a line. The statement has a copy where that has escapes. */
static void bind_span(
	struct index_writer *writer, sqlite3_stmt *statement, int at, struct span text)
{
	if (text.len == 0 || !memchr(text.p, '\\', text.len)) {
		bind_text(statement, at, text.len > 0 ? text.p : "", text.len);
		return;
	}
	buf_clear(&writer->text);
	cdr_row_text(&writer->text, text);
	sqlite3_bind_text(statement, at, writer->text.data ? writer->text.data : "",
		(int)writer->text.len, SQLITE_TRANSIENT);
}

static void copy_column(sqlite3_stmt *statement, int at, char *ret, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, at);

	snprintf(ret, size, "%s", text ? (const char *)text : "");
}

int index_writer_position(
	struct index_writer *writer, struct follow_position *ret, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[GET_POSITION];
	struct follow_position position = {.next = 0};
	int rc = sqlite3_step(statement), err = index_db_judge(&writer->db, rc, text);

	if (rc == SQLITE_ROW) {
		copy_column(statement, 0, position.file, sizeof(position.file));
		position.begin = (uint64_t)sqlite3_column_int64(statement, 1);
		position.end = (uint64_t)sqlite3_column_int64(statement, 2);
		copy_column(statement, 3, position.line, sizeof(position.line));
		position.next = (uint64_t)sqlite3_column_int64(statement, 4);
	}
	sqlite3_reset(statement);
	if (!err)
		*ret = position;
	return err;
}

int index_writer_begin(struct index_writer *writer, struct err_text *text)
{
	return index_db_exec(&writer->db, "BEGIN IMMEDIATE", text);
}

void index_writer_rollback(struct index_writer *writer)
{
	(void)index_db_exec(&writer->db, "ROLLBACK", NULL);
	writer->segment = -1;
	/* what it added is not there any more */
	if (writer->parties_added)
		memset(writer->parties, 0, sizeof(writer->parties));
	writer->parties_added = false;
	hours_clear(&writer->hours);
}

/* The number of NAME, by two statements of one parameter: who looks, who adds. */
static int find_or_add(struct index_writer *writer, enum statement find,
	enum statement add, struct span name, int64_t *ret, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[find];
	int rc, err;

	bind_text(statement, 1, name.p, name.len);
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	err = index_db_judge(&writer->db, rc, text);
	sqlite3_reset(statement);
	if (err || rc == SQLITE_ROW)
		return err;
	bind_text(writer->statements[add], 1, name.p, name.len);
	err = run(writer, add, text);
	if (!err)
		*ret = sqlite3_last_insert_rowid(writer->db.sqlite);
	return err;
}

int index_writer_file(
	struct index_writer *writer, const char *name, struct err_text *text)
{
	return find_or_add(
		writer, FIND_FILE, ADD_FILE, span_of(name), &writer->file, text);
}

static int find_party(struct index_writer *writer, struct span name, int64_t *ret,
	struct err_text *text)
{
	struct known_party *known;
	uint32_t hash = 2166136261U;
	int err;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619U;
	known = &writer->parties[hash % PARTIES];
	if (known->id > 0 && span_equal_str(name, known->name)) {
		*ret = known->id;
		return 0;
	}
	err = find_or_add(writer, FIND_PARTY, ADD_PARTY, name, ret, text);
	writer->parties_added = true;
	if (!err && span_copy(name, known->name, sizeof(known->name)) == 0)
		known->id = *ret;
	else
		known->id = 0;
	return err;
}

static int flush_segment(struct index_writer *writer, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[ADD_SEGMENT];

	if (writer->segment < 0)
		return 0;
	sqlite3_bind_int64(statement, 1, writer->segment);
	sqlite3_bind_int64(statement, 2, (int64_t)writer->first_us);
	sqlite3_bind_int64(statement, 3, (int64_t)writer->last_us);
	writer->segment = -1;
	return run(writer, ADD_SEGMENT, text);
}

static int note_segment(struct index_writer *writer, int64_t place,
	const struct cdr_row *row, struct err_text *text)
{
	const int64_t segment = place >> INDEX_SEGMENT_SHIFT;
	int err = segment != writer->segment ? flush_segment(writer, text) : 0;

	if (err)
		return err;
	if (writer->segment < 0) {
		writer->segment = segment;
		writer->first_us = writer->last_us = row->end_us;
	}
	if (row->end_us < writer->first_us)
		writer->first_us = row->end_us;
	if (row->end_us > writer->last_us)
		writer->last_us = row->end_us;
	return 0;
}

static int add_word(struct index_writer *writer, int64_t place, char kind,
	struct span word, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[ADD_WORD];
	struct buf *out = &writer->text;

	buf_clear(out);
	buf_add_char(out, kind);
	cdr_row_text(out, word);
	if (out->err)
		return err_set(text, out->err, "out of memory");
	sqlite3_bind_int64(statement, 1, place >> INDEX_SEGMENT_SHIFT);
	bind_text(statement, 2, out->data, out->len);
	sqlite3_bind_int64(statement, 3, place);
	return run(writer, ADD_WORD, text);
}

static unsigned weaker(unsigned a, unsigned b)
{
	return a == 0 || (b > 0 && b < a) ? b : a;
}

static void bind_some(sqlite3_stmt *statement, int at, bool any, uint64_t number)
{
	if (any)
		sqlite3_bind_int64(statement, at, (int64_t)number);
	else
		sqlite3_bind_null(statement, at);
}

static int bind_call(
	struct index_writer *writer, const struct cdr_row *row, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[ADD_RECORD];
	const struct cdr_row_leg *a = &row->legs[0], *b = &row->legs[1];
	int64_t parties[2] = {0, 0};
	unsigned mos = weaker(a->mos, b->mos);
	int err = 0;

	for (unsigned i = 0; !err && i < 2; i++)
		if (row->legs[i].party.len > 0)
			err = find_party(writer, row->legs[i].party, &parties[i], text);
	if (err)
		return err;
	sqlite3_bind_int64(statement, 6, (int64_t)row->duration_us);
	bind_some(statement, 7, row->answered, row->talk_us);
	bind_some(statement, 8, row->rang, row->ringing_us);
	bind_span(writer, statement, 9, row->from);
	bind_span(writer, statement, 10, row->to);
	bind_some(statement, 11, parties[0] > 0, (uint64_t)parties[0]);
	bind_some(statement, 12, parties[1] > 0, (uint64_t)parties[1]);
	sqlite3_bind_int64(statement, 13, row->inbound);
	sqlite3_bind_int64(statement, 14, row->message);
	sqlite3_bind_int64(statement, 15, row->status);
	bind_span(writer, statement, 16, row->cause);
	bind_span(writer, statement, 17, row->ended_by);
	sqlite3_bind_int64(statement, 18, weaker(a->signalling, b->signalling));
	sqlite3_bind_int64(statement, 19, weaker(a->media, b->media));
	bind_some(statement, 20, mos > 0, mos);
	bind_some(statement, 21, row->q850 > 0, row->q850);
	return 0;
}

static int add_record(struct index_writer *writer, int64_t place,
	const struct cdr_row *row, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[ADD_RECORD];
	int err = 0;

	sqlite3_bind_int64(statement, 1, place);
	if (row->call)
		sqlite3_bind_null(statement, 2);
	else
		bind_span(writer, statement, 2, row->kind);
	bind_some(statement, 3, row->numbered, row->seq);
	if (row->id.len > 0)
		bind_span(writer, statement, 4, row->id);
	else
		sqlite3_bind_null(statement, 4);
	sqlite3_bind_int64(statement, 5, (int64_t)row->end_us);
	if (row->call)
		err = bind_call(writer, row, text);
	else
		for (int i = 6; i <= 21; i++)
			sqlite3_bind_null(statement, i);
	return err ? err : run(writer, ADD_RECORD, text);
}

/* No score is more than any, so that the least of two is it. */
#define NO_SCORE 1000

static int flush_hours(struct index_writer *writer, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[ADD_HOUR];
	int err = 0;

	for (size_t i = 0; !err && i < writer->hours.count; i++) {
		struct hour *hour = &writer->hours.list[i];

		if (hour->figures[HOUR_SCORE_MIN] == 0)
			hour->figures[HOUR_SCORE_MIN] = NO_SCORE;
		sqlite3_bind_int64(statement, 1, hour->hour);
		sqlite3_bind_int64(statement, 2, hour->party);
		sqlite3_bind_int64(statement, 3, hour->direction);
		for (int j = 0; j < HOUR_FIGURES; j++)
			sqlite3_bind_int64(statement, 4 + j, (int64_t)hour->figures[j]);
		err = run(writer, ADD_HOUR, text);
	}
	hours_clear(&writer->hours);
	return err;
}

/* The row of a party in the hour in which the call began. */
static int find_hour(struct index_writer *writer, const struct cdr_row *row,
	struct span party, enum hour_direction direction, struct hour **ret,
	struct err_text *text)
{
	const uint64_t start_us =
		row->end_us > row->duration_us ? row->end_us - row->duration_us : 0;
	int64_t id;
	int err = find_party(writer, party, &id, text);

	if (!err)
		*ret = hours_find(
			&writer->hours, (int64_t)(start_us / HOUR_US), id, direction);
	return err;
}

static int add_offer(struct index_writer *writer, const struct cdr_row *row,
	const struct hour_offer *offer, struct err_text *text)
{
	const struct cdr_row_leg *called = &row->legs[row->called];
	struct hour *hour = NULL;
	struct buf party;
	int err;

	buf_init(&party, 0);
	buf_add_str(&party, row->called_word);
	buf_add_char(&party, ' ');
	cdr_row_text(&party, offer->target);
	err = party.err ? err_set(text, party.err, "out of memory")
			: find_hour(writer, row, buf_span(&party), HOUR_OUT, &hour, text);
	if (hour)
		hour_add_offer(hour, offer, row,
			span_equal(called->party, buf_span(&party)) ? called : NULL);
	buf_free(&party);
	return err;
}

static int add_figures(
	struct index_writer *writer, const struct cdr_row *row, struct err_text *text)
{
	const struct cdr_row_leg *caller = &row->legs[!row->called];
	struct hour_offer offers[HOUR_OFFERS];
	unsigned count = hour_offers(row, offers);
	struct hour *hour = NULL;
	int err = hours_is_full(&writer->hours) ? flush_hours(writer, text) : 0;

	for (unsigned i = 0; !err && i < count; i++)
		err = add_offer(writer, row, &offers[i], text);
	if (err || caller->party.len == 0)
		return err;
	err = find_hour(writer, row, caller->party, HOUR_IN, &hour, text);
	if (hour)
		hour_add_made(hour, row, caller);
	return err;
}

int index_writer_add(struct index_writer *writer, uint64_t begin,
	const struct cdr_row *row, struct err_text *text)
{
	const int64_t place = writer->file << INDEX_FILE_SHIFT | (int64_t)begin;
	int err = note_segment(writer, place, row, text);

	if (!err)
		err = add_record(writer, place, row, text);
	if (!err && row->id.len > 0)
		err = add_word(writer, place, INDEX_WORD_ID, row->id, text);
	for (unsigned i = 0; !err && i < row->number_count; i++)
		err = add_word(writer, place, INDEX_WORD_NUMBER, row->numbers[i], text);
	for (unsigned i = 0; !err && i < row->id_count; i++)
		err = add_word(writer, place, INDEX_WORD_MICROSOFT, row->ids[i], text);
	if (!err && row->call && !row->message)
		err = add_figures(writer, row, text);
	return err;
}

int index_writer_commit(struct index_writer *writer,
	const struct follow_position *position, struct err_text *text)
{
	sqlite3_stmt *statement = writer->statements[SET_POSITION];
	int err = flush_segment(writer, text);

	if (!err)
		err = flush_hours(writer, text);
	if (err)
		return err;
	bind_text(statement, 1, position->file, strlen(position->file));
	sqlite3_bind_int64(statement, 2, (int64_t)position->begin);
	sqlite3_bind_int64(statement, 3, (int64_t)position->end);
	bind_text(statement, 4, position->line, strlen(position->line));
	sqlite3_bind_int64(statement, 5, (int64_t)position->next);
	err = run(writer, SET_POSITION, text);
	if (!err)
		err = index_db_exec(&writer->db, "COMMIT", text);
	if (!err)
		writer->parties_added = false;
	return err;
}

/* The first segment, with its words and records, and the figures of hours before what is left. */
static int forget_segment(
	struct index_writer *writer, int64_t segment, struct err_text *text)
{
	char words[700];

	snprintf(words, sizeof(words),
		"BEGIN IMMEDIATE;"
		"DELETE FROM word WHERE segment = %lld;"
		"DELETE FROM record WHERE place >= %lld AND place < %lld;"
		"DELETE FROM segment WHERE id = %lld;"
		"DELETE FROM hour WHERE hour < (SELECT min(first) FROM segment) / "
		"3600000000 - 24;"
		"COMMIT",
		(long long)segment, (long long)(segment << INDEX_SEGMENT_SHIFT),
		(long long)((segment + 1) << INDEX_SEGMENT_SHIFT), (long long)segment);
	return index_db_exec(&writer->db, words, text);
}

static int forget_file(struct index_writer *writer, int64_t file, struct err_text *text)
{
	char words[80];

	snprintf(words, sizeof(words), "DELETE FROM file WHERE id = %lld",
		(long long)file);
	return index_db_exec(&writer->db, words, text);
}

int index_writer_forget(
	struct index_writer *writer, unsigned count, struct err_text *text)
{
	int64_t known = 0, oldest = 0, segment = -1;
	int err = index_db_number(&writer->db, "SELECT count(*) FROM file", &known);

	if (!err)
		err = index_db_number(&writer->db, "SELECT min(id) FROM file", &oldest);
	if (!err)
		err = index_db_number(
			&writer->db, "SELECT min(id) FROM segment", &segment);
	if (err || known <= (int64_t)count || oldest == 0 || oldest == writer->file)
		return err;
	if (segment >= 0 && segment >> (INDEX_FILE_SHIFT - INDEX_SEGMENT_SHIFT) <= oldest)
		err = forget_segment(writer, segment, text);
	else
		err = forget_file(writer, oldest, text);
	if (err)
		index_writer_rollback(writer);
	return err ? err : 1;
}
