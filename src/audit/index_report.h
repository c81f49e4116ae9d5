/* Figures of trunks and servers by the hour or day, of the index. One thread a query. */
#pragma once

#include "audit/index_hours.h"
#include "audit/index_query.h"

struct index_report {
	bool servers;      /* of servers; else of trunks */
	bool days;         /* a row a day; else an hour. UTC */
	const char *party; /* id of one; NULL: all */
	uint64_t since_us,
		until_us; /* calls that began from then on, and before then; whole hours; 0: any */
	uint64_t skip;  /* rows that were given before */
	unsigned limit; /* rows at most, 1 or more */
};

/* The party's name is borrowed during the call. */
struct index_report_row {
	uint64_t begin_us; /* of the hour or day */
	const char *party; /* "trunk carrier-a" */
	enum hour_direction direction;
	uint64_t figures[HOUR_FIGURES];
};
typedef bool index_report_h(void *arg, const struct index_report_row *row);

/* Calls H for each, the latest first, then by name. 0; -ECANCELED; or negative as index_query_rows(), with TEXT. */
int index_report(struct index_query *query, const struct index_report *report,
	index_report_h *h, void *arg, struct err_text *text);
