/*
 * Asks the index of records: those that fit, the latest first, page by page; and where one record stands. It may take as long as
 * the disk does, so the loop's thread does not. One thread a query.
 */
#pragma once

#include "base/err.h"
#include "config/pattern.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct index_db;
struct index_query;

#define INDEX_MICROSOFT_MAX 256

/* What records are wanted: each that is set has to fit. Texts are borrowed, or NULL. */
struct index_filter {
	uint64_t since_us, until_us;  /* ended from then on, and before then; 0: any */
	const struct pattern *number; /* any of a call's numbers, as it came or left */
	const char *number_text;      /* of it */
	/* One of its ids of Microsoft begins so, ASCII, INDEX_MICROSOFT_MAX bytes at most; not with a NUMBER. */
	const char *microsoft;
	const char *trunk, *server; /* ids */
	const char *cause;
	const char *kind;   /* NULL: "call"; "": any */
	unsigned status;    /* 0: any; 4: 400 to 499 */
	unsigned q850;      /* a cause; 0: any */
	int signalling;     /* enum cdr_signalling of the weaker leg; -1: any */
	int media;          /* enum cdr_media likewise; -1: any */
	unsigned mos_below; /* hundredths; 0: any */
	int answered;       /* 0: not answered; 1: answered; -1: any */
	uint64_t before;    /* a place: only what stands before it; 0: any */
	unsigned limit;     /* rows at most, 1 or more */
};

/* A row; texts are borrowed during the call, and NULL where there is none. */
struct index_row {
	uint64_t place;
	const char *kind; /* "call" */
	bool numbered;
	uint64_t seq;
	const char *id;
	uint64_t end_us;
	/* Of calls. */
	bool call;
	uint64_t duration_us;
	bool answered, rang;
	uint64_t talk_us, ringing_us;
	const char *from, *to;
	const char *parties[2]; /* "trunk carrier-a" */
	bool inbound, message;
	unsigned status;
	const char *cause, *ended_by;
	int signalling, media;
	unsigned mos;
	unsigned q850; /* 0: none */
};
/* False: no more is wanted. */
typedef bool index_row_h(void *arg, const struct index_row *row);

/* CANCELLED, when it becomes true, ends what runs within some milliseconds; borrowed, may be NULL. 0; -ENOENT: there is no
 * index; ERR_FORMAT: it is damaged; or negative; with TEXT. */
int index_query_new(struct index_query **ret, const char *state_dir,
	const atomic_bool *cancelled, struct err_text *text);
void index_query_free(struct index_query *query); /* NULL is fine */
/* Its connection, which stays its own: for who asks what is not below. */
struct index_db *index_query_db(struct index_query *query);

/* Calls H for each that fits. 0; -ECANCELED; or negative as above, with TEXT. */
int index_query_rows(struct index_query *query, const struct index_filter *filter,
	index_row_h *h, void *arg, struct err_text *text);

/* Where a record stands. */
struct index_place {
	int fd; /* of its file, whatever that is called now; the caller's */
	uint64_t begin;
};
/* The record of the call ID, of kind lost too, or where ID is NULL the one with number SEQ. 0; -ENOENT: the index has none, or its file
 * cannot be read any more; or negative as above, with TEXT. */
int index_query_find(struct index_query *query, const char *id, uint64_t seq,
	struct index_place *ret, struct err_text *text);
