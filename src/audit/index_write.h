/*
 * Writes rows of the index, in transactions. One thread.
 */
#pragma once

#include "audit/cdr_row.h"
#include "audit/follow.h"
#include "audit/index_db.h"

struct index_writer;

/* Opens the index, which is made where it is missing. As index_db_open(). */
int index_writer_new(
	struct index_writer **ret, const char *state_dir, struct err_text *text);
void index_writer_free(struct index_writer *writer); /* NULL is fine */
/* Whether its file is still in its place. */
bool index_writer_is_there(const struct index_writer *writer);

/* Up to where records are in it. */
int index_writer_position(
	struct index_writer *writer, struct follow_position *ret, struct err_text *text);

/* What follows is one transaction, until index_writer_commit(). Each is 0 or negative, with TEXT; then it is rolled back
 * by index_writer_rollback(). */
int index_writer_begin(struct index_writer *writer, struct err_text *text);
/* The rows that follow are of the file whose first line has hash NAME. */
int index_writer_file(
	struct index_writer *writer, const char *name, struct err_text *text);
/* ROW begins at byte BEGIN of that file. */
int index_writer_add(struct index_writer *writer, uint64_t begin,
	const struct cdr_row *row, struct err_text *text);
int index_writer_commit(struct index_writer *writer,
	const struct follow_position *position, struct err_text *text);
void index_writer_rollback(struct index_writer *writer);

/* Forgets a part of the oldest file, where the index knows of more than COUNT files. 0: nothing is to be forgotten; 1:
 * there may be more; or negative. Outside of a transaction. */
int index_writer_forget(
	struct index_writer *writer, unsigned count, struct err_text *text);
