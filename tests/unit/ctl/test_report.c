/* The report's forms: whatever a text holds, it stays one field, one cell, one line. */
#include "../unit.h"

#include "ctl/report_csv.h"
#include "ctl/report_html.h"
#include "ctl/report_table.h"
#include "ctl/show_report.h"

#include <string.h>

/* A report with one row about the trunk ID, excepted for REASON; BROKEN or not. */
static json_t *make_report(const char *id, const char *reason, bool broken)
{
	json_t *report = json_pack(
		"{s:s, s:s, s:s, s:{s:i, s:s}, s:{s:b, s:b, s:s}, s:[], "
		"s:[{s:s, s:s, s:s, s:s, s:s, s:[], "
		"s:[{s:s, s:s, s:b, s:i, s:i}], s:i, s:i, s:f, s:i, "
		"s:[{s:s, s:s, s:s, s:s, s:s}]}]}",
		"host", "med1", "made", "2026-11-26T00:00:00Z", "since",
		"2026-11-25T00:00:00Z", "records", "read", 3, "first",
		"2026-11-25T01:00:00Z", "fips", "required", 0, "library_active", 0,
		"srtp", "nettle", "broken", "rows", "kind", "trunk", "id", id, "state",
		"configured", "traffic", "media", "required", "SRTP", "connections",
		"ways", "protection", "AEAD_AES_256_GCM", "peer_names", id, "protected",
		1, "legs", 2, "legs_now", 1, "legs", 3, "protected_legs", 2, "share",
		66.6, "failed_legs", 0, "exceptions", "setting", "srtp = optional",
		"allows", "RTP in clear", "reason", reason, "until",
		"2027-01-01T00:00:00Z", "state", "documented");

	assert_non_null(report);
	if (broken)
		json_array_append_new(json_object_get(report, "broken"),
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "trunk", "id",
				id, "traffic", "media", "rule", "exception-over", "words",
				"over since long", "fix", "end it"));
	return report;
}

static void expect_field(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, 0);
	report_csv_field(&out, text);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
}

static void a_csv_field_is_quoted_where_it_must(void **state)
{
	(void)state;
	expect_field("", "");
	expect_field("plain-text_1.5", "plain-text_1.5");
	expect_field("a,b", "\"a,b\"");
	expect_field("a \"b\"", "\"a \"\"b\"\"\"");
	expect_field("\"", "\"\"\"\"");
	expect_field("two\r\nlines\n", "two??lines?");
	expect_field("J\xc3\xbcrgen", "J\xc3\xbcrgen");
}

static void a_csv_field_is_no_formula(void **state)
{
	static const char *const formulas[] = {
		"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"};

	(void)state;
	for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
		struct buf out;

		buf_init(&out, 0);
		report_csv_field(&out, formulas[i]);
		assert_memory_equal(buf_str(&out), "\"'", 2);
		buf_free(&out);
	}
	expect_field("=HYPERLINK(\"http://x\",\"y\")",
		"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
}

static void csv_has_a_line_a_row(void **state)
{
	json_t *report = make_report("gw", "old,\r\nbox", true);
	struct buf out;
	unsigned lines = 0;

	(void)state;
	buf_init(&out, 0);
	report_csv(report, &out);
	for (const char *c = buf_str(&out); (c = strstr(c, "\r\n")); c += 2)
		lines++;
	assert_int_equal(lines, 2);
	assert_non_null(strstr(out.data, ",trunk,gw,configured,media,SRTP,"));
	assert_non_null(strstr(out.data, ",3,2,66.6,0,"));
	assert_non_null(strstr(out.data, "\"srtp = optional (documented, until "
					 "2027-01-01T00:00:00Z, old,??box)\""));
	assert_non_null(strstr(out.data, "\"exception-over: over since long\""));
	buf_free(&out);
	json_decref(report);
}

static void html_escapes_what_is_text(void **state)
{
	json_t *report = make_report(
		"<script>alert(1)</script>", "\"a\" & 'b' \x01 \xc2\x85", true);
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	report_html(report, &out);
	assert_null(strstr(buf_str(&out), "<script"));
	assert_non_null(strstr(out.data, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(out.data, "&quot;a&quot; &amp; &#39;b&#39; ? ?<"));
	assert_non_null(strstr(out.data, "1 broken rule.<"));
	assert_null(strstr(out.data, "\x01"));
	buf_free(&out);
	json_decref(report);
}

static void a_broken_rule_is_exit_code_1(void **state)
{
	json_t *report = make_report("gw", "", false);

	(void)state;
	assert_int_equal(show_report_code(report), 0);
	json_decref(report);
	report = make_report("gw", "", true);
	assert_int_equal(show_report_code(report), 1);
	json_decref(report);
}

static void tables_hold_texts(void **state)
{
	json_t *report = make_report("gw", "old box", false);
	struct report_table tables[REPORT_TABLES];
	const json_t *row;

	(void)state;
	report_tables_make(report, tables);
	assert_int_equal(json_array_size(tables[REPORT_BROKEN].rows), 0);
	assert_int_equal(json_array_size(tables[REPORT_CONNECTIONS].rows), 0);
	row = json_array_get(tables[REPORT_PARTIES].rows, 0);
	assert_string_equal(json_string_value(json_object_get(row, "party")), "trunk gw");
	assert_string_equal(json_string_value(json_object_get(row, "share")), "66.6");
	row = json_array_get(tables[REPORT_CALLS].rows, 0);
	assert_string_equal(json_string_value(json_object_get(row, "legs_now")), "1");
	row = json_array_get(tables[REPORT_EXCEPTIONS].rows, 0);
	assert_string_equal(json_string_value(json_object_get(row, "reason")), "old box");
	report_tables_free(tables);
	json_decref(report);
}

/* Three connections: one over TLS that asked for our certificate, one that did not, one that is plain. */
static json_t *make_connected(void)
{
	json_t *report = make_report("gw", "old box", false);
	json_t *row = json_array_get(json_object_get(report, "rows"), 0);

	json_object_set_new(row, "connections",
		json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:b}, {s:s, s:s, s:s, s:s, "
			  "s:b}, "
			  "{s:s, s:s}]",
			"transport", "TLS", "tls_version", "TLS1.3", "tls_cipher",
			"AES-256-GCM", "remote", "192.0.2.1:5061", "peer_names",
			"gw.example", "peer_good_until", "2027-02-01",
			"asked_for_our_certificate", 1, "transport", "TLS", "tls_version",
			"TLS1.2", "tls_cipher", "AES-128-GCM", "remote", "192.0.2.2:5061",
			"asked_for_our_certificate", 0, "transport", "TCP", "remote",
			"192.0.2.3:5060"));
	return report;
}

static void expect_connection(
	const json_t *rows, size_t nth, const char *protection, const char *asked)
{
	const json_t *row = json_array_get(rows, nth);

	assert_string_equal(
		json_string_value(json_object_get(row, "protection")), protection);
	assert_string_equal(json_string_value(json_object_get(row, "asked")), asked);
}

static void each_connection_is_told(void **state)
{
	json_t *report = make_connected();
	struct report_table tables[REPORT_TABLES];
	const json_t *rows;
	struct buf out;

	(void)state;
	report_tables_make(report, tables);
	rows = tables[REPORT_CONNECTIONS].rows;
	assert_int_equal(json_array_size(rows), 3);
	expect_connection(rows, 0, "TLS1.3 AES-256-GCM", "yes");
	expect_connection(rows, 1, "TLS1.2 AES-128-GCM", "no");
	expect_connection(rows, 2, "TCP", "");
	report_tables_free(tables);
	buf_init(&out, 0);
	report_csv(report, &out);
	assert_non_null(strstr(buf_str(&out),
		"TLS1.3 AES-256-GCM with 192.0.2.1:5061, gw.example until 2027-02-01; "
		"TLS1.2 AES-128-GCM with 192.0.2.2:5061; TCP with 192.0.2.3:5060; "
		"AEAD_AES_256_GCM: 1"));
	assert_non_null(strstr(out.data, "AEAD_AES_256_GCM, gw: 2"));
	buf_free(&out);
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_csv_field_is_quoted_where_it_must),
		cmocka_unit_test(a_csv_field_is_no_formula),
		cmocka_unit_test(csv_has_a_line_a_row),
		cmocka_unit_test(html_escapes_what_is_text),
		cmocka_unit_test(a_broken_rule_is_exit_code_1),
		cmocka_unit_test(tables_hold_texts),
		cmocka_unit_test(each_connection_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
