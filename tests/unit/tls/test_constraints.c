/* Name constraints of an authority against the names of whom it vouches for. */
#include "tls/constraints.h"

#include "../unit.h"
#include "lab.h"

#include <gnutls/x509-ext.h>
#include <string.h>

static struct lab_id root;

static int make_root(void **state)
{
	(void)state;
	lab_start();
	lab_root(&root, "Lab CA");
	return 0;
}

static int drop_root(void **state)
{
	(void)state;
	lab_drop(&root);
	lab_stop();
	return 0;
}

/* An authority with at most one constraint of each sort. */
struct authority {
	unsigned type; /* GNUTLS_SAN_... */
	const char *permitted;
	const char *excluded;
};

typedef int add(gnutls_x509_name_constraints_t constraints,
	gnutls_x509_subject_alt_name_t type, const gnutls_datum_t *name);

static void add_constraint(gnutls_x509_name_constraints_t constraints, add *add_one,
	unsigned type, const char *text)
{
	unsigned char bytes[64];
	const gnutls_datum_t name = {bytes, text ? (unsigned)strlen(text) : 0};

	if (!text)
		return;
	memcpy(bytes, text, name.size);
	assert_int_equal(add_one(constraints, type, &name), 0);
}

static void bind_authority(gnutls_x509_crt_t crt, const struct authority *authority)
{
	gnutls_x509_name_constraints_t constraints;

	assert_int_equal(gnutls_x509_name_constraints_init(&constraints), 0);
	add_constraint(constraints, gnutls_x509_name_constraints_add_permitted,
		authority->type, authority->permitted);
	add_constraint(constraints, gnutls_x509_name_constraints_add_excluded,
		authority->type, authority->excluded);
	assert_int_equal(gnutls_x509_crt_set_name_constraints(crt, constraints, 1), 0);
	gnutls_x509_name_constraints_deinit(constraints);
}

/* Whether AUTHORITY may vouch for SPEC; REFUSED is the name that it may not. */
static void judge(const struct authority *authority, const struct lab_spec *spec,
	const char *refused)
{
	gnutls_x509_crt_t crt;
	struct lab_id host;
	struct names names;
	struct span name;
	bool allowed;

	lab_issue(&host, spec, &root);
	names_read(&names, host.crt);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	bind_authority(crt, authority);
	allowed = constraints_allow(crt, &names, &name);
	if (allowed != !refused || (refused && !span_equal_str(name, refused)))
		fail_msg("permitted %s, excluded %s: %s is %s, \"%.*s\"",
			authority->permitted ? authority->permitted : "-",
			authority->excluded ? authority->excluded : "-",
			spec->sans[0].text ? spec->sans[0].text : spec->cn,
			allowed ? "allowed" : "refused", (int)name.len,
			name.p ? name.p : "");
	gnutls_x509_crt_deinit(crt);
	names_free(&names);
	lab_drop(&host);
}

static void uris_are_held_against_their_hosts(void **state)
{
	static const struct {
		const char *permitted, *excluded, *uri;
		bool allowed;
	} rows[] = {
		{"pbx.example", NULL, "sip:pbx.example", true},
		{"pbx.example", NULL, "sip:PBX.example.", true},
		{"pbx.example", NULL, "sips:user@pbx.example:5061;transport=tls", true},
		{"pbx.example", NULL, "sip:a.pbx.example", false},
		{"pbx.example", NULL, "sip:otherpbx.example", false},
		{"pbx.example", NULL, "sip:pbx.example@evil.example", false},
		{"pbx.example", NULL, "sip:evil.example;x=pbx.example", false},
		{"pbx.example", NULL, "https://pbx.example/x@evil.example", true},
		{"pbx.example", NULL, "https://evil.example/@pbx.example", false},
		{"pbx.example", NULL, "https:///@pbx.example", false},
		{"pbx.example", NULL, "sip:;x@pbx.example", false},
		{".example", NULL, "sip:pbx.example", true},
		{".example", NULL, "sip:a.pbx.example", true},
		{".pbx.example", NULL, "sip:pbx.example", false},
		{NULL, "pbx.example", "sip:pbx.example", false},
		{NULL, "pbx.example", "sip:a.pbx.example", true},
		{NULL, ".example", "sip:pbx.example", false},
		{".example", "pbx.example", "sip:pbx.example", false},
		{".example", "pbx.example", "sip:gw.example", true},
		/* nothing that could be held against it */
		{"pbx.example", NULL, "urn:uuid:f81d4fae", false},
		{NULL, "pbx.example", "urn:uuid:f81d4fae", false},
		{".example", NULL, "sip:192.0.2.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct authority authority = {
			GNUTLS_SAN_URI, rows[i].permitted, rows[i].excluded};
		const struct lab_spec spec = {.cn = "x", .sans = {{'U', rows[i].uri, 0}}};

		judge(&authority, &spec, rows[i].allowed ? NULL : rows[i].uri);
	}
}

static void every_uri_counts(void **state)
{
	const struct authority authority = {GNUTLS_SAN_URI, ".example", NULL};
	const struct lab_spec spec = {.cn = "x",
		.sans = {{'U', "sip:pbx.example", 0}, {'D', "evil.test", 0},
			{'U', "sip:evil.test", 0}}};

	(void)state;
	judge(&authority, &spec, "sip:evil.test");
}

/* Of names with a SAN the CN is none. */
static void a_cn_counts_only_where_it_is_the_name(void **state)
{
	const struct authority permits = {GNUTLS_SAN_DNSNAME, "example", NULL};
	const struct authority excludes = {GNUTLS_SAN_DNSNAME, NULL, "pbx.example"};
	const struct lab_spec outside = {.cn = "evil.test"};
	const struct lab_spec inside = {.cn = "a.pbx.example"};
	const struct lab_spec beside = {
		.cn = "evil.test", .sans = {{'D', "pbx.example", 0}}};
	const struct lab_spec no_host = {.cn = "Some Person"};

	(void)state;
	judge(&permits, &outside, "evil.test");
	judge(&permits, &inside, NULL);
	judge(&permits, &beside, NULL);
	judge(&permits, &no_host, NULL);
	judge(&excludes, &inside, "a.pbx.example");
	judge(&excludes, &outside, NULL);
}

/* RFC 5280 4.2.1.10: one sort of name says nothing of another. */
static void other_sorts_of_names_are_free(void **state)
{
	const struct authority authority = {GNUTLS_SAN_DNSNAME, "example", "pbx.example"};
	const struct lab_spec uri = {.cn = "x", .sans = {{'U', "sip:evil.test", 0}}};

	(void)state;
	judge(&authority, &uri, NULL);
}

static void an_authority_without_constraints_may_all(void **state)
{
	const struct lab_spec spec = {.cn = "x", .sans = {{'U', "urn:x", 0}}};
	struct lab_id host;
	struct names names;
	struct span name;

	(void)state;
	lab_issue(&host, &spec, &root);
	names_read(&names, host.crt);
	assert_true(constraints_allow(root.crt, &names, &name));
	assert_int_equal(name.len, 0);
	names_free(&names);
	lab_drop(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_held_against_their_hosts),
		cmocka_unit_test(every_uri_counts),
		cmocka_unit_test(a_cn_counts_only_where_it_is_the_name),
		cmocka_unit_test(other_sorts_of_names_are_free),
		cmocka_unit_test(an_authority_without_constraints_may_all),
	};

	return cmocka_run_group_tests(tests, make_root, drop_root);
}
