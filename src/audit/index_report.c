#include "audit/index_report.h"

#include "audit/index_db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOUR_US UINT64_C(3600000000)
#define HOURS_OF_DAY 24
/* What stands for no score where the least is kept. */
#define NO_SCORE 1000

static const char sql[] =
	"SELECT hour / ?1 AS span, name, direction, sum(attempts), sum(answered),"
	" sum(effective), sum(talk), sum(delays), sum(delay), max(delay_max), "
	"sum(scores),"
	" sum(score), min(score_min), sum(packets), sum(lost), sum(jitters), sum(jitter),"
	" sum(tls13), sum(tls12), sum(plain), sum(srtp), sum(udptl), sum(rtp)"
	" FROM hour JOIN party ON party.id = hour.party"
	" WHERE hour >= ?2 AND hour < ?3 AND substr(name, 1, length(?4)) = ?4"
	" AND (?5 = '' OR name = ?4 || ?5)"
	" GROUP BY span, name, direction ORDER BY span DESC, name, direction"
	" LIMIT ?6 OFFSET ?7";

static void bind(sqlite3_stmt *statement, const struct index_report *report)
{
	const int64_t until =
		report->until_us > 0 ? (int64_t)(report->until_us / HOUR_US) : INT64_MAX;

	sqlite3_bind_int64(statement, 1, report->days ? HOURS_OF_DAY : 1);
	sqlite3_bind_int64(statement, 2, (int64_t)(report->since_us / HOUR_US));
	sqlite3_bind_int64(statement, 3, until);
	sqlite3_bind_text(
		statement, 4, report->servers ? "server " : "trunk ", -1, SQLITE_STATIC);
	sqlite3_bind_text(
		statement, 5, report->party ? report->party : "", -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(statement, 6, report->limit);
	sqlite3_bind_int64(statement, 7, (int64_t)report->skip);
}

static void read_row(sqlite3_stmt *statement, const struct index_report *report,
	struct index_report_row *ret)
{
	const uint64_t hours = report->days ? HOURS_OF_DAY : 1;

	*ret = (struct index_report_row){
		.begin_us =
			(uint64_t)sqlite3_column_int64(statement, 0) * hours * HOUR_US,
		.party = (const char *)sqlite3_column_text(statement, 1),
		.direction = sqlite3_column_int64(statement, 2) == HOUR_OUT ? HOUR_OUT
									    : HOUR_IN};
	for (int i = 0; i < HOUR_FIGURES; i++)
		ret->figures[i] = (uint64_t)sqlite3_column_int64(statement, 3 + i);
	if (ret->figures[HOUR_SCORE_MIN] >= NO_SCORE)
		ret->figures[HOUR_SCORE_MIN] = 0;
}

int index_report(struct index_query *query, const struct index_report *report,
	index_report_h *h, void *arg, struct err_text *text)
{
	struct index_db *db = index_query_db(query);
	struct index_report_row row;
	sqlite3_stmt *statement;
	int err = index_db_prepare(db, &statement, sql, text), rc = SQLITE_ROW;
	bool more = true;

	if (err)
		return err;
	bind(statement, report);
	while (more && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		read_row(statement, report, &row);
		more = row.party && h(arg, &row);
	}
	err = index_db_judge(db, rc, text);
	sqlite3_finalize(statement);
	return err;
}
