#include "audit/sink_pg.h"

#include "audit/follow_files.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNINFO_MAX 4096
/* Seconds; of each address. */
#define CONNECT_TIMEOUT "10"
/* A server that is silent in mid-statement is given up. */
#define ALIVE_OPTIONS                                                                    \
	"-c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"

/* Columns of a row that are sent as arrays. */
enum column { HASH, LOG_SEQ, KIND, CALL, ENDED, RECORD, COLUMNS };

struct sink_pg {
	PGconn *conn;
	char *log;
	struct buf insert, select, update;
	struct buf arrays[COLUMNS]; /* array literals that are not closed yet */
	unsigned count;             /* of rows in them */
};

/* What the server or libpq said, without its line end; they never say a password. */
static int refused(struct sink_pg *pg, const char *what, struct err_text *text)
{
	const char *said = pg->conn ? PQerrorMessage(pg->conn) : "out of memory";

	return err_set(text, -EIO, "%s: %.*s", what, (int)strcspn(said, "\n"), said);
}

static int read_conninfo(const char *file, char ret[CONNINFO_MAX], struct err_text *text)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	ssize_t n = 0;

	if (fd < 0)
		return err_set(text, -errno, "cannot open %s: %s", file, err_str(-errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = err_set(text, -EPERM, "%s is no file", file);
	else if (st.st_mode & 0007)
		err = err_set(text, -EPERM, "%s may be read by others: chmod o= %s", file,
			file);
	if (!err)
		n = read(fd, ret, CONNINFO_MAX - 1);
	if (!err && (n < 0 || n == CONNINFO_MAX - 1))
		err = err_set(text, -EIO, "%s cannot be read, or is too long", file);
	close(fd);
	if (err)
		return err;
	ret[n] = '\0';
	while (n > 0 && strchr(" \t\r\n", ret[n - 1]))
		ret[--n] = '\0';
	return 0;
}

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0 && options->val)
			return options->val;
	return "";
}

/* Whether each of HOSTS, a comma list, is the folder of a Unix socket. */
static bool is_local(const char *hosts)
{
	for (;;) {
		if (*hosts != '/' && *hosts != '@')
			return false;
		hosts += strcspn(hosts, ",");
		if (!*hosts++)
			return true;
	}
}

/* Nobody between is told who called whom: the server proves that it is the one that was named. */
static int check_tls(const char *conninfo, bool verify, struct err_text *text)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	const char *host = options ? option_of(options, "host") : "";
	bool good;

	/* what is wrong with it libpq would say with the word itself, which may be a password */
	if (!options)
		return err_set(text, ERR_FORMAT,
			"the connection string is none: host=... dbname=... user=...");
	good = !verify ||
	       (!option_of(options, "hostaddr")[0] && (!host[0] || is_local(host))) ||
	       strcmp(option_of(options, "sslmode"), "verify-full") == 0;
	PQconninfoFree(options);
	if (!good)
		return err_set(text, ERR_TRUST,
			"the connection string has no sslmode=verify-full: set it and "
			"sslrootcert, or [sink] verify = no");
	return 0;
}

/* RET is to be wiped. */
static int load_conninfo(
	const char *file, bool verify, char ret[CONNINFO_MAX], struct err_text *text)
{
	int err = read_conninfo(file, ret, text);

	return err ? err : check_tls(ret, verify, text);
}

int sink_pg_check(const char *file, bool verify, struct err_text *text)
{
	char conninfo[CONNINFO_MAX];
	const int err = load_conninfo(file, verify, conninfo, text);

	explicit_bzero(conninfo, sizeof(conninfo));
	return err;
}

static int connect_to(struct sink_pg *pg, const char *conninfo, struct err_text *text)
{
	/* The first is taken apart, later ones have their way. Kerberos brings libraries that the sandbox does not have. */
	const char *const keywords[] = {"dbname", "gssencmode", "connect_timeout",
		"client_encoding", "fallback_application_name", "options",
		"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", NULL};
	const char *const values[] = {conninfo, "disable", CONNECT_TIMEOUT, "UTF8",
		"tandem", ALIVE_OPTIONS, "10", "5", "3", "60000", NULL};

	pg->conn = PQconnectdbParams(keywords, values, 1);
	if (!pg->conn || PQstatus(pg->conn) != CONNECTION_OK)
		return refused(pg, "cannot connect", text);
	return 0;
}

/* TABLE may have a schema in front: "audit.records". */
static int add_name(
	struct sink_pg *pg, struct buf *out, const char *table, const char *end)
{
	const char *dot = strchr(table, '.');
	const struct span schema = {table, dot ? (size_t)(dot - table) : 0};
	char *name = NULL, *quoted;

	if (dot) {
		quoted = PQescapeIdentifier(pg->conn, schema.p, schema.len);
		buf_add_str(out, quoted ? quoted : "");
		buf_add_char(out, '.');
		PQfreemem(quoted);
		table = dot + 1;
	}
	if (asprintf(&name, "%s%s", table, end) < 0)
		return -ENOMEM;
	quoted = PQescapeIdentifier(pg->conn, name, strlen(name));
	buf_add_str(out, quoted ? quoted : "");
	PQfreemem(quoted);
	free(name);
	return 0;
}

static int make_statements(struct sink_pg *pg, const char *table)
{
	int err;

	buf_add_str(&pg->select, "SELECT file, \"begin\", \"end\", line, next FROM ");
	err = add_name(pg, &pg->select, table, "_position");
	buf_add_str(&pg->select, " WHERE log = $1");
	buf_add_str(&pg->insert, "INSERT INTO ");
	if (!err)
		err = add_name(pg, &pg->insert, table, "");
	buf_add_str(&pg->insert,
		" (hash, log, seq, kind, call, ended, record) SELECT decode(h, 'hex'), "
		"$1, s, k, "
		"c, e, r FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], "
		"$6::timestamptz[], $7::json[]) AS row(h, s, k, c, e, r) "
		"ON CONFLICT (hash) DO NOTHING");
	buf_add_str(&pg->update, "INSERT INTO ");
	if (!err)
		err = add_name(pg, &pg->update, table, "_position");
	buf_add_str(&pg->update,
		" AS at (log, file, \"begin\", \"end\", line, next, written) "
		"VALUES ($1, $2, $3, $4, $5, $6, now()) ON CONFLICT (log) DO UPDATE SET "
		"file = excluded.file, \"begin\" = excluded.\"begin\", \"end\" = "
		"excluded.\"end\", "
		"line = excluded.line, next = excluded.next, written = excluded.written");
	if (!buf_str(&pg->select) || !buf_str(&pg->insert) || !buf_str(&pg->update))
		err = -ENOMEM;
	return err;
}

int sink_pg_open(
	struct sink_pg **ret, const struct sink_pg_params *params, struct err_text *text)
{
	struct sink_pg *pg = calloc(1, sizeof(*pg));
	char conninfo[CONNINFO_MAX];
	int err;

	if (!pg)
		return err_set(text, -ENOMEM, "out of memory");
	pg->log = strdup(params->log);
	err = pg->log ? load_conninfo(params->file, params->verify, conninfo, text)
		      : err_set(text, -ENOMEM, "out of memory");
	if (!err)
		err = connect_to(pg, conninfo, text);
	explicit_bzero(conninfo, sizeof(conninfo));
	if (!err) {
		err = make_statements(pg, params->table);
		if (err)
			err_set(text, err, "out of memory");
	}
	if (err)
		sink_pg_close(pg);
	else
		*ret = pg;
	return err;
}

void sink_pg_close(struct sink_pg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	buf_free(&pg->insert);
	buf_free(&pg->select);
	buf_free(&pg->update);
	for (unsigned i = 0; i < COLUMNS; i++)
		buf_free(&pg->arrays[i]);
	free(pg->log);
	free(pg);
}

static void copy_text(const PGresult *result, int at, char *ret, size_t size)
{
	snprintf(ret, size, "%s", PQgetvalue(result, 0, at));
}

static uint64_t number_at(const PGresult *result, int at)
{
	return strtoull(PQgetvalue(result, 0, at), NULL, 10);
}

int sink_pg_position(
	struct sink_pg *pg, struct follow_position *ret, struct err_text *text)
{
	const char *const values[] = {pg->log};
	PGresult *result =
		PQexecParams(pg->conn, pg->select.data, 1, NULL, values, NULL, NULL, 0);
	struct follow_position position = {.next = 0};
	int err = 0;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		err = refused(pg, "cannot read the position", text);
	if (!err && PQntuples(result) > 0) {
		copy_text(result, 0, position.file, sizeof(position.file));
		position.begin = number_at(result, 1);
		position.end = number_at(result, 2);
		copy_text(result, 3, position.line, sizeof(position.line));
		position.next = number_at(result, 4);
	}
	PQclear(result);
	if (!err)
		*ret = position;
	return err;
}

/* The next member of an array literal; text in quotes, with what is special in them escaped. */
static void add_member(
	struct sink_pg *pg, enum column column, struct span text, bool null)
{
	struct buf *out = &pg->arrays[column];

	buf_add_char(out, pg->count > 0 ? ',' : '{');
	if (null) {
		buf_add_str(out, "NULL");
		return;
	}
	buf_add_char(out, '"');
	while (text.len > 0) {
		size_t plain = 0;

		while (plain < text.len && text.p[plain] != '"' && text.p[plain] != '\\')
			plain++;
		buf_add(out, text.p, plain);
		text.p += plain;
		text.len -= plain;
		if (text.len > 0) {
			buf_add_char(out, '\\');
			buf_add_char(out, text.p[0]);
			text.p++;
			text.len--;
		}
	}
	buf_add_char(out, '"');
}

int sink_pg_add(struct sink_pg *pg, struct span line, const struct cdr_row *row)
{
	char hash[FOLLOW_HASH_SIZE], seq[24], ended[CLOCK_TEXT_SIZE];
	struct buf plain;
	int err = follow_hash(line, hash);

	if (err)
		return err;
	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)row->seq);
	buf_init(&plain, 0);
	add_member(pg, HASH, span_of(hash), false);
	add_member(pg, LOG_SEQ, span_of(seq), !row->numbered);
	cdr_row_text(&plain, row->kind);
	add_member(pg, KIND, buf_span(&plain), false);
	buf_clear(&plain);
	cdr_row_text(&plain, row->id);
	add_member(pg, CALL, buf_span(&plain), row->id.len == 0);
	add_member(pg, ENDED, span_of(clock_text(row->end_us, ended)), false);
	add_member(pg, RECORD, line, false);
	err = plain.err;
	buf_free(&plain);
	for (unsigned i = 0; !err && i < COLUMNS; i++)
		err = pg->arrays[i].err;
	pg->count++;
	return err;
}

static int exec(struct sink_pg *pg, const char *sql, int count, const char *const *values,
	const char *what, struct err_text *text)
{
	PGresult *result =
		PQexecParams(pg->conn, sql, count, NULL, values, NULL, NULL, 0);
	int err =
		PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : refused(pg, what, text);

	PQclear(result);
	return err;
}

static int add_rows(struct sink_pg *pg, struct err_text *text)
{
	const char *values[COLUMNS + 1] = {pg->log};

	for (unsigned i = 0; i < COLUMNS; i++) {
		buf_add_char(&pg->arrays[i], '}');
		values[i + 1] = buf_str(&pg->arrays[i]);
		if (!values[i + 1])
			return err_set(text, -ENOMEM, "out of memory");
	}
	return exec(pg, pg->insert.data, COLUMNS + 1, values, "cannot add rows", text);
}

static int set_position(
	struct sink_pg *pg, const struct follow_position *position, struct err_text *text)
{
	char begin[24], end[24], next[24];
	const char *const values[] = {
		pg->log, position->file, begin, end, position->line, next};

	snprintf(begin, sizeof(begin), "%llu", (unsigned long long)position->begin);
	snprintf(end, sizeof(end), "%llu", (unsigned long long)position->end);
	snprintf(next, sizeof(next), "%llu", (unsigned long long)position->next);
	return exec(pg, pg->update.data, 6, values, "cannot set the position", text);
}

int sink_pg_commit(
	struct sink_pg *pg, const struct follow_position *position, struct err_text *text)
{
	int err = exec(pg, "BEGIN", 0, NULL, "cannot begin", text);

	if (!err && pg->count > 0)
		err = add_rows(pg, text);
	if (!err)
		err = set_position(pg, position, text);
	if (!err)
		err = exec(pg, "COMMIT", 0, NULL, "cannot commit", text);
	for (unsigned i = 0; i < COLUMNS; i++)
		buf_clear(&pg->arrays[i]);
	pg->count = 0;
	return err;
}
