/* Requests, a small authority and what an authority answers: made by us, read by openssl and certtool. */
#include "tls/authority.h"
#include "tls/bundle.h"
#include "tls/csr.h"

#include "../unit.h"
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const two_names[] = {"med1.example.test", "192.0.2.10"};

/* Runs COMMAND in the lab's folder; whether it succeeded, with its output in "out". */
static bool runs(const char *command)
{
	char line[1024], folder[256];
	int status;

	snprintf(folder, sizeof(folder), "%s", lab_path(""));
	snprintf(line, sizeof(line), "cd '%s' && { %s; } >out 2>&1", folder, command);
	status = system(line);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Whether what prints() has read has WORDS. */
static bool says(const char *words)
{
	char found[256];

	snprintf(found, sizeof(found), "grep -F -e '%s' read", words);
	return runs(found);
}

/* Whether the output of COMMAND, which must succeed, has WORDS. It stays in "read". */
static bool prints(const char *command, const char *words)
{
	return runs(command) && rename(lab_path("out"), lab_path("read")) == 0 &&
	       says(words);
}

static void write_buf(const char *name, struct buf *buf, unsigned mode)
{
	assert_int_equal(buf->err, 0);
	lab_write(name, buf->data, buf->len, mode);
	buf_free(buf);
}

static void make_request(enum csr_key type, const char *key, const char *request)
{
	struct csr_spec spec = {
		.names = two_names, .name_count = 2, .key_type = type, .key = NULL};
	struct err_text text = {""};
	struct buf key_pem, request_pem;

	buf_init(&key_pem, 0);
	buf_init(&request_pem, 0);
	assert_int_equal(csr_make(&spec, &key_pem, &request_pem, &text), 0);
	write_buf(key, &key_pem, 0600);
	write_buf(request, &request_pem, 0644);
}

static void a_request_is_what_openssl_reads(void **state)
{
	(void)state;
	make_request(CSR_ECDSA, "ec.key", "ec.csr");
	assert_true(runs("openssl req -verify -noout -in ec.csr"));
	assert_true(prints("openssl req -noout -text -in ec.csr",
		"DNS:med1.example.test, IP Address:192.0.2.10"));
	assert_true(says("TLS Web Server Authentication, TLS Web Client Authentication"));
	assert_true(says("NIST CURVE: P-256"));
	assert_true(
		runs("grep -q 'Digital Signature' read && ! grep -q Encipherment read"));
	assert_true(runs("openssl pkey -in ec.key -pubout >a && openssl req -in ec.csr "
			 "-noout -pubkey >b && cmp a b"));
	assert_true(prints(
		"certtool --crq-info --infile ec.csr", "DNSname: med1.example.test"));
}

static void an_rsa_key_has_3072_bits(void **state)
{
	(void)state;
	make_request(CSR_RSA, "rsa.key", "rsa.csr");
	assert_true(prints("openssl req -noout -text -verify -in rsa.csr",
		"Public-Key: (3072 bit)"));
	assert_true(says("Key Encipherment"));
}

static void a_key_that_exists_is_asked_for(void **state)
{
	struct csr_spec spec = {.names = two_names, .name_count = 1};
	struct err_text text = {""};
	struct buf key, request;

	(void)state;
	make_request(CSR_ECDSA, "old.key", "old.csr");
	spec.key = lab_path("old.key");
	buf_init(&key, 0);
	buf_init(&request, 0);
	assert_int_equal(csr_make(&spec, &key, &request, &text), 0);
	assert_int_equal(key.len, 0);
	write_buf("again.csr", &request, 0644);
	assert_true(runs("openssl req -in old.csr -noout -pubkey >a && openssl req -in "
			 "again.csr -noout -pubkey >b && cmp a b"));
}

static void a_request_needs_a_name(void **state)
{
	struct csr_spec spec = {.names = two_names, .name_count = 0};
	struct err_text text = {""};
	struct buf key, request;

	(void)state;
	buf_init(&key, 0);
	buf_init(&request, 0);
	assert_int_equal(csr_make(&spec, &key, &request, &text), ERR_LIMIT);
	assert_non_null(strstr(text.text, "0 names"));
	assert_int_equal(key.len + request.len, 0);
}

/* --- the authority */

static struct authority *make_authority(const char *file)
{
	static const char *const domains[] = {"example.test"};
	struct authority_spec spec = {.name = "Lab internal CA",
		.domains = domains,
		.domain_count = 1,
		.days = 3650};
	struct authority *authority = NULL;
	struct err_text text = {""};
	struct buf certificate, key;
	char name[64];

	buf_init(&certificate, 0);
	buf_init(&key, 0);
	assert_int_equal(authority_new(&authority, &spec, &text), 0);
	assert_int_equal(authority_print(authority, &certificate, &key), 0);
	snprintf(name, sizeof(name), "%s.pem", file);
	write_buf(name, &certificate, 0644);
	snprintf(name, sizeof(name), "%s.key", file);
	write_buf(name, &key, 0600);
	return authority;
}

static int issue(const struct authority *authority, const char *name, const char *file,
	struct err_text *text)
{
	struct csr_spec spec = {.names = &name, .name_count = 1};
	struct buf certificate, key;
	char path[64];
	int err;

	buf_init(&certificate, 0);
	buf_init(&key, 0);
	err = authority_issue(authority, &spec, 825, &key, &certificate, text);
	snprintf(path, sizeof(path), "%s.pem", file);
	if (err == 0)
		write_buf(path, &certificate, 0644);
	snprintf(path, sizeof(path), "%s.key", file);
	if (err == 0)
		write_buf(path, &key, 0600);
	buf_free(&certificate);
	buf_free(&key);
	return err;
}

static void others_accept_what_it_issues(void **state)
{
	struct authority *authority = make_authority("ca");
	struct err_text text = {""};

	(void)state;
	assert_int_equal(issue(authority, "pbx1.example.test", "pbx1", &text), 0);
	assert_true(
		runs("openssl verify -x509_strict -purpose sslserver -verify_hostname "
		     "pbx1.example.test -CAfile ca.pem pbx1.pem"));
	assert_true(runs("openssl verify -x509_strict -purpose sslclient -CAfile ca.pem "
			 "pbx1.pem"));
	assert_true(
		runs("certtool --verify --load-ca-certificate ca.pem --infile pbx1.pem "
		     "--verify-hostname pbx1.example.test"));
	assert_true(runs("cat pbx1.pem ca.pem | certtool --verify-chain"));
	assert_true(
		runs("openssl pkey -in pbx1.key -pubout >a && openssl x509 -in pbx1.pem "
		     "-noout -pubkey >b && cmp a b"));
	authority_free(authority);
}

static void serial_numbers_are_random_and_positive(void **state)
{
	struct authority *authority = make_authority("ca");
	struct err_text text = {""};

	(void)state;
	assert_int_equal(issue(authority, "a.example.test", "a1", &text), 0);
	assert_int_equal(issue(authority, "a.example.test", "a2", &text), 0);
	assert_true(runs(
		"openssl x509 -serial -noout -in a1.pem >a; openssl x509 -serial "
		"-noout -in a2.pem >b; ! cmp a b && grep -qE '=[4-7][0-9A-F]{39}$' a b"));
	authority_free(authority);
}

static void it_certifies_only_its_domains(void **state)
{
	struct authority *authority = make_authority("ca");
	struct err_text text = {""};

	(void)state;
	assert_int_equal(issue(authority, "bank.example.com", "x", &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "bank.example.com: this authority"));
	assert_int_equal(issue(authority, "192.0.2.1", "x", &text), ERR_TRUST);
	assert_true(prints("openssl x509 -noout -text -in ca.pem",
		"X509v3 Name Constraints: critical"));
	authority_free(authority);
}

static void addresses_are_certified_where_it_was_made_for_them(void **state)
{
	static const char *const domains[] = {"example.test"};
	static const char *const addresses[] = {"192.0.2.1", "2001:db8::1"};
	struct authority_spec spec = {.name = "Lab CA",
		.domains = domains,
		.domain_count = 1,
		.addresses = addresses,
		.address_count = 2,
		.days = 10};
	struct authority *authority = NULL;
	struct err_text text = {""};
	struct buf certificate;

	(void)state;
	assert_int_equal(authority_new(&authority, &spec, &text), 0);
	buf_init(&certificate, 0);
	assert_int_equal(authority_print(authority, &certificate, NULL), 0);
	write_buf("ip-ca.pem", &certificate, 0644);
	assert_int_equal(issue(authority, "192.0.2.1", "ip4", &text), 0);
	assert_int_equal(issue(authority, "2001:db8::1", "ip6", &text), 0);
	assert_int_equal(issue(authority, "192.0.2.2", "x", &text), ERR_TRUST);
	assert_true(
		runs("openssl verify -x509_strict -verify_ip 192.0.2.1 -CAfile ip-ca.pem "
		     "ip4.pem && openssl verify -verify_ip 2001:db8::1 -CAfile ip-ca.pem "
		     "ip6.pem"));
	authority_free(authority);
}

static void openssl_keeps_it_to_its_domains_too(void **state)
{
	struct authority *authority = make_authority("ca");

	(void)state;
	assert_true(runs("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
			 "-keyout x.key -subj /CN=x -addext "
			 "subjectAltName=DNS:bank.example.com -out x.csr && openssl x509 "
			 "-req -in x.csr -CA ca.pem -CAkey ca.key -copy_extensions copy "
			 "-out x.pem"));
	assert_false(runs("openssl verify -CAfile ca.pem x.pem"));
	assert_true(runs(
		"grep -q 'permitted subtree violation' out || openssl verify -CAfile "
		"ca.pem x.pem 2>&1 | grep -q 'permitted subtree violation'"));
	authority_free(authority);
}

static void its_list_is_read_by_others(void **state)
{
	struct authority *authority = make_authority("ca");
	struct err_text text = {""};
	struct buf list;

	(void)state;
	buf_init(&list, 0);
	assert_int_equal(issue(authority, "pbx1.example.test", "pbx1", &text), 0);
	assert_int_equal(authority_list(authority, 30, &list, &text), 0);
	write_buf("ca.crl", &list, 0644);
	assert_true(runs(
		"openssl verify -crl_check -CRLfile ca.crl -CAfile ca.pem pbx1.pem"));
	assert_true(
		prints("openssl crl -noout -text -in ca.crl", "No Revoked Certificates"));
	authority_free(authority);
}

static void it_is_read_back_and_issues_again(void **state)
{
	struct authority *authority = make_authority("ca");
	struct err_text text = {""};
	char key[256];

	(void)state;
	authority_free(authority);
	authority = NULL;
	snprintf(key, sizeof(key), "%s", lab_path("ca.key"));
	if (authority_load(&authority, lab_path("ca.pem"), key, &text) != 0)
		fail_msg("%s", text.text);
	assert_int_equal(issue(authority, "gw1.example.test", "gw1", &text), 0);
	assert_true(runs("openssl verify -CAfile ca.pem gw1.pem"));
	authority_free(authority);
	authority = NULL;
	make_request(CSR_ECDSA, "foreign.key", "foreign.csr");
	assert_int_equal(authority_load(&authority, lab_path("ca.pem"),
				 lab_path("foreign.key"), &text),
		ERR_TRUST);
	assert_non_null(strstr(text.text, "does not belong to"));
	assert_null(authority);
}

/* --- what an authority answers */

/* An outside authority by openssl: root, intermediate, and the certificate of us.csr. */
static void make_outside(void)
{
	make_request(CSR_ECDSA, "us.key", "us.csr");
	assert_true(runs(
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		"-keyout root.key -subj '/CN=Outside Root' -days 30 -out root.pem && "
		"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
		"sub.key -subj '/CN=Outside Sub' -out sub.csr && "
		"printf "
		"'basicConstraints=critical,CA:true\\nkeyUsage=keyCertSign,cRLSign\\n'"
		" >sub.ext && openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key "
		"-days 30 -extfile sub.ext -out sub.pem && "
		"openssl x509 -req -in us.csr -CA sub.pem -CAkey sub.key -days 300 "
		"-copy_extensions copy -out us.pem"));
}

struct said {
	char lines[8192];
	unsigned bad;
};

static void said_h(void *arg, enum bundle_mark mark, const char *line)
{
	struct said *said = arg;
	size_t at = strlen(said->lines);

	said->bad += mark == BUNDLE_BAD;
	snprintf(said->lines + at, sizeof(said->lines) - at, "%s%s\n",
		mark == BUNDLE_BAD    ? "BAD "
		: mark == BUNDLE_NOTE ? "NOTE "
				      : "",
		line);
}

/* Adds FILE, chooses by us.key, and expects root, and CHAIN certificates in the right order. */
static void expect_chain(
	const char *file, const char *password, unsigned chain, bool root)
{
	struct bundle_demands demands = {.fqdn = "med1.example.test"};
	struct said said = {"", 0};
	struct bundle *bundle = NULL;
	struct err_text text = {""};
	struct facts facts;
	struct buf pem;

	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_add(bundle, lab_path(file), password, &text), 0);
	assert_int_equal(bundle_choose(bundle, lab_path("us.key"), &text), 0);
	assert_int_equal(bundle_chain_count(bundle), chain);
	bundle_chain_facts(bundle, 0, &facts);
	assert_non_null(strstr(facts.names, "DNS:med1.example.test"));
	assert_int_equal(bundle_root_facts(bundle, &facts), root);
	assert_int_equal(bundle_other_count(bundle), 0);
	assert_int_equal(bundle_judge(bundle, &demands, said_h, &said), 0);
	assert_non_null(strstr(said.lines, "names: DNS:med1.example.test"));
	assert_null(strstr(said.lines, "BAD"));
	buf_init(&pem, 0);
	assert_int_equal(bundle_print_chain(bundle, &pem), 0);
	write_buf("chain.pem", &pem, 0644);
	assert_true(
		runs("openssl verify -CAfile root.pem -untrusted chain.pem chain.pem"));
	bundle_free(bundle);
}

static void every_form_gives_the_same_chain(void **state)
{
	(void)state;
	make_outside();
	assert_true(runs("cat root.pem sub.pem us.pem us.pem >shuffled.pem"));
	expect_chain("shuffled.pem", NULL, 2, true);
	assert_true(runs("cat us.pem sub.pem >full.pem"));
	expect_chain("full.pem", NULL, 2, false);
	assert_true(runs("openssl crl2pkcs7 -nocrl -certfile shuffled.pem -out us.p7b"));
	expect_chain("us.p7b", NULL, 2, true);
	assert_true(
		runs("openssl crl2pkcs7 -nocrl -certfile shuffled.pem -outform DER -out "
		     "us.p7c"));
	expect_chain("us.p7c", NULL, 2, true);
	assert_true(runs(
		"cat sub.pem root.pem >above.pem && openssl pkcs12 -export -inkey "
		"us.key -in us.pem -certfile above.pem -passout pass:word -out us.p12"));
	expect_chain("us.p12", "word", 2, true);
}

static void der_is_added_file_by_file(void **state)
{
	struct bundle *bundle = NULL;
	struct err_text text = {""};

	(void)state;
	make_outside();
	assert_true(
		runs("openssl x509 -in us.pem -outform DER -out us.cer && openssl x509 "
		     "-in sub.pem -outform DER -out sub.cer"));
	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_add(bundle, lab_path("sub.cer"), NULL, &text), 0);
	assert_int_equal(bundle_add(bundle, lab_path("us.cer"), NULL, &text), 0);
	assert_int_equal(bundle_choose(bundle, lab_path("us.key"), &text), 0);
	assert_int_equal(bundle_chain_count(bundle), 2);
	bundle_free(bundle);
}

static void the_key_of_pkcs12_is_taken(void **state)
{
	struct bundle *bundle = NULL;
	struct err_text text = {""};
	struct buf pem;

	(void)state;
	make_outside();
	assert_true(
		runs("openssl pkcs12 -export -inkey us.key -in us.pem -passout pass:word "
		     "-out us.p12"));
	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_add(bundle, lab_path("us.p12"), NULL, &text), ERR_AUTH);
	assert_non_null(strstr(text.text, "protected by a password"));
	assert_int_equal(
		bundle_add(bundle, lab_path("us.p12"), "other", &text), ERR_AUTH);
	assert_non_null(strstr(text.text, "another password"));
	assert_false(bundle_has_key(bundle));
	assert_int_equal(bundle_add(bundle, lab_path("us.p12"), "word", &text), 0);
	assert_true(bundle_has_key(bundle));
	assert_int_equal(bundle_choose(bundle, NULL, &text), 0);
	buf_init(&pem, 0);
	assert_int_equal(bundle_print_key(bundle, &pem), 0);
	write_buf("taken.key", &pem, 0600);
	assert_true(
		runs("openssl pkey -in us.key -pubout >a && openssl pkey -in taken.key "
		     "-pubout >b && cmp a b"));
	bundle_free(bundle);
}

static void what_is_no_certificate_is_said(void **state)
{
	struct bundle *bundle = NULL;
	struct err_text text = {""};

	(void)state;
	make_outside();
	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_add(bundle, lab_path("us.csr"), NULL, &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "us.csr: a request, not the certificate"));
	lab_write("page.html", "<html>log in</html>", 19, 0644);
	assert_int_equal(
		bundle_add(bundle, lab_path("page.html"), NULL, &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "neither PEM nor DER"));
	assert_int_equal(
		bundle_add(bundle, lab_path("absent.pem"), NULL, &text), -ENOENT);
	assert_int_equal(bundle_other_count(bundle), 0);
	bundle_free(bundle);
}

static void a_foreign_key_has_no_certificate_here(void **state)
{
	struct bundle *bundle = NULL;
	struct err_text text = {""};

	(void)state;
	make_outside();
	make_request(CSR_ECDSA, "foreign.key", "foreign.csr");
	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_add(bundle, lab_path("us.pem"), NULL, &text), 0);
	assert_int_equal(
		bundle_choose(bundle, lab_path("foreign.key"), &text), ERR_STATE);
	assert_int_equal(bundle_chain_count(bundle), 0);
	bundle_free(bundle);
}

/* What is said of the certificate NAME.pem for the key NAME.key. */
static void judge(const char *name, const char *crl, struct said *ret)
{
	struct bundle_demands demands = {.fqdn = "med1.example.test", .crl = crl};
	struct bundle *bundle = NULL;
	struct err_text text = {""};
	char file[64];
	unsigned bad;

	*ret = (struct said){"", 0};
	assert_int_equal(bundle_new(&bundle), 0);
	snprintf(file, sizeof(file), "%s.pem", name);
	assert_int_equal(bundle_add(bundle, lab_path(file), NULL, &text), 0);
	snprintf(file, sizeof(file), "%s.key", name);
	assert_int_equal(bundle_choose(bundle, lab_path(file), &text), 0);
	bad = bundle_judge(bundle, &demands, said_h, ret);
	assert_int_equal(bad, ret->bad);
	bundle_free(bundle);
}

static void write_id(const char *name, const struct lab_spec *spec, struct lab_id *root)
{
	struct lab_id id;
	char file[64];

	lab_issue(&id, spec, root);
	snprintf(file, sizeof(file), "%s.pem", name);
	lab_write_chain(file, &id);
	snprintf(file, sizeof(file), "%s.key", name);
	lab_write_key(file, &id, 0600);
	lab_drop(&id);
}

static void what_would_be_refused_is_said(void **state)
{
	static const struct {
		struct lab_spec spec;
		const char *said;
	} rows[] = {
		{{.cn = "x", .sans = {{'D', "other.example.test", 0}}},
			"BAD names: DNS:other.example.test, and not med1.example.test"},
		{{.cn = "x",
			 .sans = {{'D', "med1.example.test", 0}},
			 .from_days = -20,
			 .to_days = -10},
			"BAD dates: CN=x expired on 20"},
		{{.cn = "x",
			 .sans = {{'D', "med1.example.test", 0}},
			 .from_days = 5,
			 .to_days = 60},
			"is not valid before 20"},
		{{.cn = "x",
			 .sans = {{'D', "med1.example.test", 0}},
			 .purpose = GNUTLS_KP_CODE_SIGNING},
			"expected serverAuth and clientAuth"},
		{{.cn = "x",
			 .sans = {{'D', "med1.example.test", 0}},
			 .purpose = GNUTLS_KP_TLS_WWW_SERVER},
			"NOTE purpose: serverAuth alone"},
		{{.cn = "x", .sans = {{'D', "med1.example.test", 0}}, .rsa_bits = 1024},
			"is too weak; RSA 2048"},
		{{.cn = "x", .sans = {{'D', "med1.example.test", 0}}, .sha1 = true},
			"is too weak; SHA-256 at least"},
		{{.cn = "x", .sans = {{'D', "med1.example.test", 0}}, .ca = true},
			"BAD purpose: this is the certificate of an authority"},
	};
	struct lab_id root;
	struct said said;

	(void)state;
	lab_root(&root, "Lab CA");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool note = strncmp(rows[i].said, "NOTE", 4) == 0;

		write_id("row", &rows[i].spec, &root);
		judge("row", NULL, &said);
		if (!strstr(said.lines, rows[i].said))
			fail_msg("row %zu: %s", i, said.lines);
		assert_int_equal(said.bad > 0, !note);
	}
	lab_drop(&root);
}

static void one_who_is_revoked_is_said(void **state)
{
	struct lab_id root, id;
	struct said said;

	(void)state;
	lab_root(&root, "Lab CA");
	lab_host(&id, "med1.example.test", &root);
	lab_write_chain("rev.pem", &id);
	lab_write_key("rev.key", &id, 0600);
	lab_write_crl("rev.crl", &root, NULL, &id, 10, false);
	lab_write_crl("none.crl", &root, NULL, NULL, 10, false);
	judge("rev", lab_path("none.crl"), &said);
	assert_int_equal(said.bad, 0);
	assert_non_null(strstr(said.lines, "is not revoked by"));
	judge("rev", lab_path("rev.crl"), &said);
	assert_int_equal(said.bad, 1);
	assert_non_null(strstr(said.lines, "BAD revocation: "));
	judge("rev", lab_path("absent.crl"), &said);
	assert_null(strstr(said.lines, "revocation"));
	lab_drop(&id);
	lab_drop(&root);
}

static void roots_are_what_is_trusted(void **state)
{
	struct bundle *bundle = NULL, *known = NULL;
	struct err_text text = {""};
	struct buf pem;

	(void)state;
	make_outside();
	assert_true(runs("cat us.pem sub.pem root.pem >all.pem"));
	buf_init(&pem, 0);
	assert_int_equal(bundle_new(&bundle), 0);
	assert_int_equal(bundle_new(&known), 0);
	assert_int_equal(bundle_add(bundle, lab_path("all.pem"), NULL, &text), 0);
	assert_int_equal(bundle_print_anchors(bundle, known, &pem), 1);
	write_buf("trust.pem", &pem, 0644);
	assert_true(runs("openssl verify -CAfile trust.pem -untrusted sub.pem us.pem"));
	assert_int_equal(bundle_add(known, lab_path("root.pem"), NULL, &text), 0);
	assert_int_equal(bundle_print_anchors(bundle, known, &pem), 0);
	assert_int_equal(pem.len, 0);
	bundle_free(bundle);
	bundle_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_what_openssl_reads),
		cmocka_unit_test(an_rsa_key_has_3072_bits),
		cmocka_unit_test(a_key_that_exists_is_asked_for),
		cmocka_unit_test(a_request_needs_a_name),
		cmocka_unit_test(others_accept_what_it_issues),
		cmocka_unit_test(serial_numbers_are_random_and_positive),
		cmocka_unit_test(it_certifies_only_its_domains),
		cmocka_unit_test(addresses_are_certified_where_it_was_made_for_them),
		cmocka_unit_test(openssl_keeps_it_to_its_domains_too),
		cmocka_unit_test(its_list_is_read_by_others),
		cmocka_unit_test(it_is_read_back_and_issues_again),
		cmocka_unit_test(every_form_gives_the_same_chain),
		cmocka_unit_test(der_is_added_file_by_file),
		cmocka_unit_test(the_key_of_pkcs12_is_taken),
		cmocka_unit_test(what_is_no_certificate_is_said),
		cmocka_unit_test(a_foreign_key_has_no_certificate_here),
		cmocka_unit_test(what_would_be_refused_is_said),
		cmocka_unit_test(one_who_is_revoked_is_said),
		cmocka_unit_test(roots_are_what_is_trusted),
	};

	return cmocka_run_group_tests(tests, lab_group_start, lab_group_stop);
}
