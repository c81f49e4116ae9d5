#include "ctl/report_table.h"

#include "ctl/show_value.h"

#include <string.h>

static const struct report_table layouts[REPORT_TABLES] = {
	[REPORT_BROKEN] = {"Broken rules",
		{{"PARTY", "party", false, 0}, {"TRAFFIC", "traffic", false, 1},
			{"RULE", "rule", false, 2}, {"WHAT", "words", false, 3},
			{"WHAT TO DO", "fix", false, 4}},
		NULL},
	[REPORT_PARTIES] = {"Servers and trunks",
		{{"PARTY", "party", false, 0}, {"STATE", "state", false, 5},
			{"TRAFFIC", "traffic", false, 1},
			{"REQUIRED", "required", false, 4}, {"LEGS", "legs", true, 3},
			{"PROTECTED", "protected_legs", true, 6},
			{"SHARE %", "share", true, 2}, {"FAILED", "failed_legs", true, 7},
			{"EXCEPTIONS", "exception_count", true, 8}},
		NULL},
	[REPORT_CALLS] = {"Calls",
		{{"PARTY", "party", false, 0}, {"TRAFFIC", "traffic", false, 1},
			{"PROTECTION", "protection", false, 2},
			{"PEER CERTIFICATE", "peer_names", false, 4},
			{"LEGS", "legs", true, 3}, {"NOW", "legs_now", true, 5}},
		NULL},
	[REPORT_CONNECTIONS] = {"Connections",
		{{"PARTY", "party", false, 0}, {"FAR END", "remote", false, 1},
			{"PROTECTION", "protection", false, 2},
			{"PEER CERTIFICATE", "peer_names", false, 4},
			{"GOOD UNTIL", "peer_good_until", false, 3},
			{"ASKED FOR OURS", "asked", false, 5}},
		NULL},
	[REPORT_EXCEPTIONS] = {"Exceptions",
		{{"PARTY", "party", false, 0}, {"TRAFFIC", "traffic", false, 1},
			{"SETTING", "setting", false, 2}, {"ALLOWS", "allows", false, 3},
			{"STATE", "state", false, 5}, {"UNTIL", "until", false, 6},
			{"REASON", "reason", false, 7}},
		NULL},
	[REPORT_FLAT] = {"",
		{{"host", "host", false, 0}, {"made", "made", false, 0},
			{"since", "since", false, 0}, {"kind", "kind", false, 0},
			{"id", "id", false, 0}, {"state", "state", false, 0},
			{"traffic", "traffic", false, 0},
			{"required", "required", false, 0}, {"now", "now", false, 0},
			{"calls", "calls", false, 0}, {"legs", "legs", true, 0},
			{"protected_legs", "protected_legs", true, 0},
			{"share_percent", "share", true, 0},
			{"failed_legs", "failed_legs", true, 0},
			{"exceptions", "exceptions", false, 0},
			{"broken", "broken", false, 0}, {"fips", "fips", false, 0}},
		NULL},
};

/* Takes what was gathered in TEXT, which is empty afterwards. */
static void set_buf(json_t *object, const char *name, struct buf *text)
{
	json_object_set_new(object, name, json_string(buf_str(text) ? text->data : ""));
	buf_clear(text);
}

/* Member NAME of FROM as a text. */
static void copy(json_t *object, const json_t *from, const char *name)
{
	const json_t *value = json_object_get(from, name);
	struct buf text;

	buf_init(&text, 0);
	if (json_is_string(value))
		buf_add_str(&text, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(&text, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(&text, "%.1f", json_real_value(value));
	set_buf(object, name, &text);
	buf_free(&text);
}

/* An object with who ROW is about, and its members of TABLE's columns that FROM has. */
static json_t *begin(
	const struct report_table *table, const json_t *row, const json_t *from)
{
	json_t *object = json_object();
	const struct show_column *column;
	struct buf party;

	buf_init(&party, 0);
	buf_add_str(&party, show_word(row, "kind"));
	if (show_word(row, "id")[0])
		buf_printf(&party, " %s", show_word(row, "id"));
	set_buf(object, "party", &party);
	buf_free(&party);
	copy(object, row, "traffic");
	for (column = table->columns; column->title; column++)
		if (json_object_get(from, column->path))
			copy(object, from, column->path);
	return object;
}

/* "TLS1.3 AES-256-GCM", "TCP". */
static void add_connection(struct buf *out, const json_t *connection)
{
	if (show_word(connection, "tls_version")[0])
		buf_printf(out, "%s %s", show_word(connection, "tls_version"),
			show_word(connection, "tls_cipher"));
	else
		buf_add_str(out, show_word(connection, "transport"));
}

static void add_calls(const struct report_table *table, const json_t *row)
{
	const json_t *way;
	size_t i;

	json_array_foreach(json_object_get(row, "ways"), i, way)
	{
		json_array_append_new(table->rows, begin(table, row, way));
	}
}

static void add_connections(const struct report_table *table, const json_t *row)
{
	const json_t *connection, *asked;
	json_t *object;
	struct buf text;
	size_t i;

	buf_init(&text, 0);
	json_array_foreach(json_object_get(row, "connections"), i, connection)
	{
		asked = json_object_get(connection, "asked_for_our_certificate");
		object = begin(table, row, connection);
		add_connection(&text, connection);
		set_buf(object, "protection", &text);
		json_object_set_new(object, "asked",
			json_string(json_is_true(asked)    ? "yes"
				    : json_is_false(asked) ? "no"
							   : ""));
		json_array_append_new(table->rows, object);
	}
	buf_free(&text);
}

static void add_exceptions(const struct report_table *table, const json_t *row)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(row, "exceptions"), i, entry)
	{
		json_array_append_new(table->rows, begin(table, row, entry));
	}
}

static void add_party(const struct report_table *table, const json_t *row)
{
	json_t *object = begin(table, row, row);
	size_t count = json_array_size(json_object_get(row, "exceptions"));
	struct buf text;

	buf_init(&text, 0);
	if (count > 0)
		buf_printf(&text, "%zu", count);
	set_buf(object, "exception_count", &text);
	buf_free(&text);
	json_array_append_new(table->rows, object);
}

/* --- the flat one: what has several parts is joined in one text --- */

static void add_separator(struct buf *text)
{
	if (text->len > 0)
		buf_add_str(text, "; ");
}

static void join_now(struct buf *text, const json_t *row)
{
	const json_t *part;
	long long legs;
	size_t i;

	json_array_foreach(json_object_get(row, "connections"), i, part)
	{
		add_separator(text);
		add_connection(text, part);
		buf_printf(text, " with %s", show_word(part, "remote"));
		if (show_word(part, "peer_names")[0])
			buf_printf(text, ", %s until %s", show_word(part, "peer_names"),
				show_word(part, "peer_good_until"));
	}
	json_array_foreach(json_object_get(row, "ways"), i, part)
	{
		legs = (long long)json_integer_value(json_object_get(part, "legs_now"));
		if (legs == 0)
			continue;
		add_separator(text);
		buf_printf(text, "%s: %lld", show_word(part, "protection"), legs);
	}
}

static void join_calls(struct buf *text, const json_t *row)
{
	const json_t *way;
	long long legs;
	size_t i;

	json_array_foreach(json_object_get(row, "ways"), i, way)
	{
		legs = (long long)json_integer_value(json_object_get(way, "legs"));
		if (legs == 0)
			continue;
		add_separator(text);
		buf_add_str(text, show_word(way, "protection"));
		if (show_word(way, "peer_names")[0])
			buf_printf(text, ", %s", show_word(way, "peer_names"));
		buf_printf(text, ": %lld", legs);
	}
}

static void join_exceptions(struct buf *text, const json_t *row)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(row, "exceptions"), i, entry)
	{
		add_separator(text);
		buf_printf(text, "%s (%s", show_word(entry, "setting"),
			show_word(entry, "state"));
		if (show_word(entry, "until")[0])
			buf_printf(text, ", until %s", show_word(entry, "until"));
		if (show_word(entry, "reason")[0])
			buf_printf(text, ", %s", show_word(entry, "reason"));
		buf_add_char(text, ')');
	}
}

/* The total has what is about no one party. */
static bool is_about(const json_t *fault, const json_t *row)
{
	const char *kind = show_word(fault, "kind");

	if (strcmp(show_word(fault, "traffic"), show_word(row, "traffic")) != 0)
		return false;
	if (strcmp(kind, "side") == 0 || strcmp(kind, "tandem") == 0)
		return strcmp(show_word(row, "kind"), "total") == 0;
	return strcmp(kind, show_word(row, "kind")) == 0 &&
	       strcmp(show_word(fault, "id"), show_word(row, "id")) == 0;
}

static void join_broken(struct buf *text, const json_t *report, const json_t *row)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(json_object_get(report, "broken"), i, fault)
	{
		if (!is_about(fault, row))
			continue;
		add_separator(text);
		buf_printf(text, "%s: %s", show_word(fault, "rule"),
			show_word(fault, "words"));
	}
}

static void add_fips(struct buf *text, const json_t *report)
{
	const json_t *fips = json_object_get(report, "fips");

	buf_printf(text, "FIPS 140 %s; GnuTLS %sin FIPS mode; SRTP by %s",
		json_is_true(json_object_get(fips, "required")) ? "required"
								: "not required",
		json_is_true(json_object_get(fips, "library_active")) ? "" : "not ",
		show_word(fips, "srtp"));
}

static void add_flat(
	const struct report_table *table, const json_t *report, const json_t *row)
{
	json_t *object = begin(table, row, row);
	struct buf text;

	buf_init(&text, 0);
	copy(object, report, "host");
	copy(object, report, "made");
	copy(object, report, "since");
	join_now(&text, row);
	set_buf(object, "now", &text);
	join_calls(&text, row);
	set_buf(object, "calls", &text);
	join_exceptions(&text, row);
	set_buf(object, "exceptions", &text);
	join_broken(&text, report, row);
	set_buf(object, "broken", &text);
	add_fips(&text, report);
	set_buf(object, "fips", &text);
	buf_free(&text);
	json_array_append_new(table->rows, object);
}

void report_tables_make(const json_t *report, struct report_table tables[REPORT_TABLES])
{
	const json_t *row;
	size_t i;

	for (i = 0; i < REPORT_TABLES; i++) {
		tables[i] = layouts[i];
		tables[i].rows = json_array();
	}
	json_array_foreach(json_object_get(report, "broken"), i, row)
	{
		json_array_append_new(tables[REPORT_BROKEN].rows,
			begin(&tables[REPORT_BROKEN], row, row));
	}
	json_array_foreach(json_object_get(report, "rows"), i, row)
	{
		add_party(&tables[REPORT_PARTIES], row);
		add_calls(&tables[REPORT_CALLS], row);
		add_connections(&tables[REPORT_CONNECTIONS], row);
		add_exceptions(&tables[REPORT_EXCEPTIONS], row);
		add_flat(&tables[REPORT_FLAT], report, row);
	}
}

void report_tables_free(struct report_table tables[REPORT_TABLES])
{
	for (size_t i = 0; i < REPORT_TABLES; i++)
		json_decref(tables[i].rows);
}

void report_table_head(const json_t *report, struct buf *out)
{
	const json_t *records = json_object_get(report, "records");
	const char *first = show_word(records, "first");
	long long read = (long long)json_integer_value(json_object_get(records, "read"));
	long long unreadable =
		(long long)json_integer_value(json_object_get(records, "unreadable"));

	buf_printf(out, "Calls that ended since %s: %lld records",
		show_word(report, "since"), read);
	if (first[0])
		buf_printf(out, ", the first of %s", first);
	if (unreadable > 0)
		buf_printf(out, "; %lld lines that are no records", unreadable);
	if (json_is_true(json_object_get(records, "files_unread")))
		buf_add_str(out,
			"; NOT those of rotated files that are compressed, or no "
			"plain files");
	buf_add_char(out, '\n');
	add_fips(out, report);
	buf_add_char(out, '\n');
}
