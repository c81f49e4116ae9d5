#include "tls/peer.h"

#include "../unit.h"
#include "lab.h"

#include "tls/chain.h"

#include <stdio.h>
#include <string.h>

static struct world {
	struct lab_id root, rogue;
	struct trust *trust;
	struct trust *rogue_trust;
} world;

static int make_world(void **state)
{
	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	lab_root(&world.rogue, "Rogue CA");
	world.trust = lab_trust(&world.root);
	world.rogue_trust = lab_trust(&world.rogue);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	trust_unref(world.rogue_trust);
	trust_unref(world.trust);
	lab_drop(&world.rogue);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

/* --- names --- */

static const struct name_case {
	struct lab_spec spec;
	const char *name;
	bool match;
} name_cases[] = {
	{{.sans = {{'D', "a.example", 0}}}, "a.example", true},
	{{.sans = {{'D', "A.Example", 0}}}, "a.eXample", true},
	{{.sans = {{'D', "gw09-az_AZ.example", 0}}}, "gw09-az_AZ.example", true},
	{{.sans = {{'D', "a.example.", 0}}}, "a.example", true},
	{{.sans = {{'D', "a.example", 0}}}, "a.example.", true},
	{{.sans = {{'D', "a.example..", 0}}}, "a.example", false},
	{{.sans = {{'D', "b.example", 0}, {'D', "a.example", 0}}}, "a.example", true},
	{{.sans = {{'D', "b.a.example", 0}}}, "a.example", false},
	{{.sans = {{'D', "a.example", 0}}}, "b.a.example", false},
	{{.sans = {{'D', "*.example", 0}}}, "a.example", false},
	{{.sans = {{'D', "*.example", 0}}}, "*.example", false},
	{{.sans = {{'D', "*", 0}}}, "a", false},
	{{.sans = {{'D', "a.example\0", 10}}}, "a.example", false},
	{{.sans = {{'D', "a.example\0.b", 12}}}, "a.example", false},
	{{.sans = {{'D', " a.example", 0}}}, "a.example", false},
	{{.sans = {{'D', "", 0}}}, "", false},
	{{.sans = {{'D', ".", 0}}}, ".", false},
	{{.sans = {{'D', "xn--mnchen-3ya.example", 0}}}, "xn--mnchen-3ya.example", true},
	{{.sans = {{'D', "m\xc3\xbcnchen.example", 0}}}, "xn--mnchen-3ya.example", false},
	{{.sans = {{'D', "m\xc3\xbcnchen.example", 0}}}, "m\xc3\xbcnchen.example", false},
	/* URIs: RFC 5922 7.1 */
	{{.sans = {{'U', "sip:a.example", 0}}}, "a.example", true},
	{{.sans = {{'U', "SIP:A.example", 0}}}, "a.example", true},
	{{.sans = {{'U', "sip:a.example:5061;transport=tls", 0}}}, "a.example", true},
	{{.sans = {{'U', "sip:a.example?x=y", 0}}}, "a.example", true},
	{{.sans = {{'U', "sip:bob@a.example", 0}}}, "a.example", false},
	{{.sans = {{'U', "sip:a.example;x=@b", 0}}}, "a.example", false},
	{{.sans = {{'U', "sips:a.example", 0}}}, "a.example", false},
	{{.sans = {{'U', "https://a.example", 0}}}, "a.example", false},
	{{.sans = {{'U', "a.example", 0}}}, "a.example", false},
	{{.sans = {{'U', "sip:", 0}}}, "", false},
	{{.sans = {{'U', "sip", 0}}}, "sip", false},
	{{.sans = {{'U', "sip:a.example\0.b", 16}}}, "a.example", false},
	{{.sans = {{'U', "sip:*.example", 0}}}, "a.example", false},
	/* DNS names only where there is no SIP domain */
	{{.sans = {{'U', "sip:b.example", 0}, {'D', "a.example", 0}}}, "a.example",
		false},
	{{.sans = {{'D', "a.example", 0}, {'U', "sip:b.example", 0}}}, "b.example", true},
	{{.sans = {{'U', "sip:x@b.example", 0}, {'D', "a.example", 0}}}, "a.example",
		true},
	{{.sans = {{'U', "urn:x", 0}, {'D', "a.example", 0}}}, "a.example", true},
	/* the CN only without any SAN */
	{{.cn = "a.example"}, "a.example", true},
	{{.cn = "A.EXAMPLE."}, "a.example", true},
	{{.cn = "*.example"}, "a.example", false},
	{{.cn = "a.example\0b", .cn_len = 11}, "a.example", false},
	{{.cn = "a.example", .sans = {{'E', "x@y.example", 0}}}, "a.example", false},
	{{.cn = "a.example", .sans = {{'D', "b.example", 0}}}, "a.example", false},
	{{.cn = "a.example", .sans = {{'I', "\x0a\x00\x00\x01", 4}}}, "a.example", false},
	{{.cn = "a.example", .broken_san = "nonsense"}, "a.example", false},
	/* addresses: an IP SAN and nothing else */
	{{.sans = {{'I', "\xc0\x00\x02\x01", 4}}}, "192.0.2.1", true},
	{{.sans = {{'I', "\xc0\x00\x02\x02", 4}}}, "192.0.2.1", false},
	{{.sans = {{'I', "\xc0\x00\x02", 3}}}, "192.0.2.1", false},
	{{.sans = {{'D', "192.0.2.1", 0}}}, "192.0.2.1", false},
	{{.sans = {{'U', "sip:192.0.2.1", 0}}}, "192.0.2.1", false},
	{{.cn = "192.0.2.1"}, "192.0.2.1", false},
	{{.sans = {{'I', " \x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16}}}, "2001:DB8::1",
		true},
	{{.sans = {{'I', " \x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16}}}, "2001:db8::1",
		false},
};

static void names_match_as_rfc_5922_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
		const struct name_case *c = &name_cases[i];
		struct lab_id id;

		lab_issue(&id, &c->spec, &world.root);
		if (peer_match_name(id.crt, c->name) != c->match)
			fail_msg("case %zu: \"%s\"", i, c->name);
		lab_drop(&id);
	}
}

/* --- who of several --- */

static int judge(
	const struct peer_set *set, const struct lab_id *id, struct peer_verdict *ret)
{
	gnutls_datum_t chain[16];
	unsigned count = lab_chain(id, chain, 16);
	int result = peer_judge(
		set, NULL, &(struct peer_shown){.chain = chain, .chain_len = count}, ret);

	lab_chain_free(chain, count);
	return result;
}

static struct peer *add(
	struct peer_set *set, const char *id, const char *name, struct trust *trust)
{
	struct peer *peer = NULL;

	assert_int_equal(
		peer_add(set,
			&(struct peer_params){.id = id, .name = name, .trust = trust},
			&peer),
		0);
	return peer;
}

static void the_peer_of_that_name_and_trust_is_taken(void **state)
{
	struct peer_set *set;
	struct peer_verdict verdict;
	struct peer *first;
	struct peer *second;
	struct lab_id ours;
	struct lab_id theirs;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server other", "other.example", world.trust);
	first = add(set, "server a", "a.example", world.trust);
	second = add(set, "server a2", "a.example", world.rogue_trust);
	lab_host(&ours, "a.example", &world.root);
	lab_host(&theirs, "a.example", &world.rogue);
	assert_int_equal(judge(set, &ours, &verdict), 0);
	assert_ptr_equal(verdict.peer, first);
	assert_string_equal(verdict.claims, "server a");
	assert_int_equal(judge(set, &theirs, &verdict), 0);
	assert_ptr_equal(verdict.peer, second);
	lab_drop(&theirs);
	lab_drop(&ours);
	peer_set_unref(set);
}

static void trust_in_one_partner_is_no_trust_in_another(void **state)
{
	struct peer_set *set;
	struct peer_verdict verdict;
	struct lab_id id;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	add(set, "server b", "b.example", world.rogue_trust);
	lab_host(&id, "a.example", &world.rogue);
	assert_int_equal(judge(set, &id, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_ISSUER);
	assert_null(verdict.peer);
	assert_string_equal(verdict.expected, "a.example");
	assert_string_equal(verdict.claims, "server a");
	lab_drop(&id);
	peer_set_unref(set);
}

static void a_stranger_is_told_what_is_wrong(void **state)
{
	struct peer_set *set;
	struct peer_verdict verdict;
	struct lab_spec old = {
		.sans = {{'D', "c.example", 0}}, .from_days = -9, .to_days = -1};
	struct lab_id known;
	struct lab_id expired;
	struct lab_id unknown;
	struct lab_id other;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	lab_root(&other, "Other CA");
	lab_host(&known, "c.example", &world.rogue);
	lab_host(&unknown, "c.example", &other);
	lab_issue(&expired, &old, &world.rogue);

	assert_int_equal(judge(set, &known, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_NAME);
	assert_string_equal(verdict.expected, "");

	add(set, "server a", "a.example", world.trust);
	add(set, "server a2", "a2.example", world.trust);
	add(set, "server b", "b.example", world.rogue_trust);
	assert_int_equal(judge(set, &known, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_NAME);
	assert_string_equal(verdict.expected, "a.example, a2.example, b.example");
	assert_string_equal(verdict.issuer, "");
	assert_string_equal(verdict.claims, "");
	assert_int_equal(judge(set, &expired, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_EXPIRED);
	assert_int_equal(judge(set, &unknown, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_ISSUER);
	assert_string_equal(verdict.issuer, "CN=Other CA");
	assert_null(verdict.peer);
	lab_drop(&expired);
	/* Also where the trust that knows its issuer is asked before one that does not. */
	lab_issue(&expired, &old, &world.root);
	assert_int_equal(judge(set, &expired, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_EXPIRED);
	assert_memory_equal(verdict.detail, "expired 20", 10);
	assert_string_equal(verdict.issuer, "");
	lab_drop(&expired);
	lab_drop(&unknown);
	lab_drop(&known);
	lab_drop(&other);
	peer_set_unref(set);
}

/* "sha256:" and the fingerprint of CRT. */
static void print_fingerprint(gnutls_x509_crt_t crt, char *out)
{
	unsigned char bytes[32];
	size_t size = sizeof(bytes);

	assert_int_equal(
		gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, bytes, &size), 0);
	out += sprintf(out, "sha256:");
	for (size_t i = 0; i < size; i++)
		out += sprintf(out, "%s%02X", i ? ":" : "", bytes[i]);
}

/* An operator compares it with the file that the CA hands out. */
static void a_missing_issuer_is_known_by_its_key_or_itself(void **state)
{
	struct lab_spec ca = {.cn = "Other CA", .ca = true, .key_id = true};
	struct lab_spec spec = {.sans = {{'D', "a.example", 0}}, .issuer_key_id = true};
	struct lab_spec self = {.cn = "a.example"};
	struct peer_verdict verdict;
	unsigned char bytes[20];
	size_t size = sizeof(bytes);
	char expected[128];
	struct peer_set *set;
	struct lab_id other, id, alone;
	char *out = expected;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	lab_issue(&other, &ca, NULL);
	lab_issue(&id, &spec, &other);
	assert_int_equal(judge(set, &id, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_ISSUER);
	assert_int_equal(
		gnutls_x509_crt_get_subject_key_id(other.crt, bytes, &size, NULL), 0);
	out += sprintf(out, "key id ");
	for (size_t i = 0; i < size; i++)
		out += sprintf(out, "%s%02X", i ? ":" : "", bytes[i]);
	assert_string_equal(verdict.issuer_id, expected);
	assert_string_equal(verdict.detail, "");
	lab_issue(&alone, &self, NULL);
	assert_int_equal(judge(set, &alone, &verdict), ERR_TRUST);
	print_fingerprint(alone.crt, expected);
	assert_string_equal(verdict.issuer_id, expected);
	assert_string_equal(verdict.detail, "self-signed");
	lab_drop(&alone);
	lab_drop(&id);
	lab_drop(&other);
	peer_set_unref(set);
}

/* By which a trunk is found for the connection that its far end made. */
static void who_is_let_in_leads_to_who_configured_it(void **state)
{
	struct peer_verdict verdict;
	struct peer_set *set;
	struct lab_id id;
	int one, other;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	assert_int_equal(peer_add(set,
				 &(struct peer_params){.id = "trunk b",
					 .name = "b.example",
					 .trust = world.trust,
					 .owner = &other},
				 NULL),
		0);
	assert_int_equal(peer_add(set,
				 &(struct peer_params){.id = "trunk a",
					 .name = "a.example",
					 .trust = world.trust,
					 .owner = &one},
				 NULL),
		0);
	lab_host(&id, "a.example", &world.root);
	assert_int_equal(judge(set, &id, &verdict), 0);
	assert_ptr_equal(verdict.peer->owner, &one);
	lab_drop(&id);
	peer_set_unref(set);
}

/* --- what is wrong with a chain --- */

/* What a chain of LEAF below the authority CA comes to, and the words about it. */
static void below(const struct lab_spec *ca, const struct lab_spec *leaf,
	enum peer_rule rule, const char *words)
{
	struct peer_verdict verdict;
	struct peer_set *set;
	struct lab_id authority, id;

	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	lab_issue(&authority, ca, &world.root);
	lab_issue(&id, leaf, &authority);
	judge(set, &id, &verdict);
	if (!strstr(verdict.detail, words))
		fail_msg("\"%s\" does not say \"%s\"", verdict.detail, words);
	assert_int_equal(verdict.rule, rule);
	lab_drop(&id);
	lab_drop(&authority);
	peer_set_unref(set);
}

/* On URIs, which the library does not look at. */
static void an_authority_on_the_way_is_held_to_its_constraint(void **state)
{
	const struct lab_spec inside = {
		.cn = "Sub CA", .ca = true, .permitted_uri = "a.example"};
	const struct lab_spec outside = {
		.cn = "Narrow CA", .ca = true, .permitted_uri = "b.example"};
	const struct lab_spec leaf = {.sans = {{'U', "sip:a.example", 0}}};

	(void)state;
	below(&inside, &leaf, PEER_OK, "");
	below(&outside, &leaf, PEER_CONSTRAINT,
		"outside the name constraints: sip:a.example of CN=Narrow CA");
}

/* What became valid in this very second is so. */
static void the_one_that_is_not_valid_yet_is_named(void **state)
{
	const struct lab_spec early = {
		.cn = "Early CA", .ca = true, .from_days = 2, .to_days = 9};
	const struct lab_spec fine = {.cn = "Sub CA", .ca = true};
	const struct lab_spec leaf = {
		.cn = "Leaf", .sans = {{'D', "a.example", 0}}, .from_now = true};

	(void)state;
	below(&fine, &leaf, PEER_OK, "");
	below(&early, &leaf, PEER_NOT_YET, " of CN=Early CA");
}

static void a_chain_is_of_one_to_eight(void **state)
{
	gnutls_datum_t der[POLICY_CHAIN_MAX + 1];
	struct chain chain;
	struct lab_id id;

	(void)state;
	lab_host(&id, "a.example", &world.root);
	assert_int_equal(lab_chain(&id, der, 1), 1);
	for (unsigned i = 1; i <= POLICY_CHAIN_MAX; i++)
		der[i] = der[0];
	assert_int_equal(chain_import(&chain, NULL, 0), ERR_FORMAT);
	assert_int_equal(chain_import(&chain, der, POLICY_CHAIN_MAX + 1), ERR_FORMAT);
	for (unsigned i = 1; i <= POLICY_CHAIN_MAX; i++) {
		assert_int_equal(chain_import(&chain, der, i), 0);
		assert_int_equal(chain.count, i);
		chain_free(&chain);
		assert_int_equal(chain.count, 0);
	}
	lab_chain_free(der, 1);
	lab_drop(&id);
}

/* The leaf's own key usage tells, whatever lies behind it; one that cannot be read is
 * refused for that, not for its usage. */
static void a_key_usage_without_signatures_does_not_sign(void **state)
{
	static const struct {
		unsigned usage;
		bool may;
	} rows[] = {{0, true}, {GNUTLS_KEY_DIGITAL_SIGNATURE, true},
		{GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT, true},
		{GNUTLS_KEY_KEY_ENCIPHERMENT, false}, {GNUTLS_KEY_KEY_CERT_SIGN, false}};
	unsigned char nonsense[] = "nonsense";
	gnutls_datum_t der[2];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct lab_spec spec = {
			.cn = "a.example", .key_usage = rows[i].usage};
		struct lab_id id;

		lab_issue(&id, &spec, &world.root);
		assert_int_equal(lab_chain(&id, der, 1), 1);
		der[1] = (gnutls_datum_t){nonsense, sizeof(nonsense)};
		assert_int_equal(chain_may_sign(der), rows[i].may);
		lab_chain_free(der, 1);
		lab_drop(&id);
	}
	assert_true(chain_may_sign(&der[1]));
}

static void a_dns_name_beside_a_sip_uri_is_explained(void **state)
{
	struct lab_spec spec = {
		.sans = {{'U', "sip:corp.example", 0}, {'D', "a.example", 0}}};
	struct peer_set *set;
	struct peer_verdict verdict;
	struct lab_id id;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	lab_issue(&id, &spec, &world.root);
	assert_int_equal(judge(set, &id, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_NAME);
	assert_string_equal(verdict.presented, "URI:sip:corp.example, DNS:a.example");
	assert_non_null(strstr(verdict.detail, "RFC 5922"));
	lab_drop(&id);
	peer_set_unref(set);
}

static void no_chain_and_nonsense_are_refused(void **state)
{
	unsigned char nonsense[] = "nonsense";
	gnutls_datum_t chain = {nonsense, sizeof(nonsense)};
	struct peer_set *set;
	struct peer_verdict verdict;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	assert_int_equal(
		peer_judge(set, NULL, &(struct peer_shown){0}, &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_NO_CERTIFICATE);
	assert_int_equal(
		peer_judge(set, NULL,
			&(struct peer_shown){.chain = &chain, .chain_len = 1}, &verdict),
		ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_UNREADABLE);
	peer_set_unref(set);
}

/* Each byte of a good certificate changed: never accepted, never a crash. */
static void a_changed_certificate_is_refused(void **state)
{
	struct peer_set *set;
	struct peer_verdict verdict;
	struct lab_id id;
	gnutls_datum_t chain[1];

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	add(set, "server a", "a.example", world.trust);
	lab_host(&id, "a.example", &world.root);
	assert_int_equal(lab_chain(&id, chain, 1), 1);
	assert_int_equal(
		peer_judge(set, NULL,
			&(struct peer_shown){.chain = chain, .chain_len = 1}, &verdict),
		0);
	for (unsigned i = 0; i < chain[0].size; i++) {
		chain[0].data[i] ^= 0x21;
		if (peer_judge(set, NULL,
			    &(struct peer_shown){.chain = chain, .chain_len = 1},
			    &verdict) == 0)
			fail_msg("byte %u", i);
		chain[0].data[i] ^= 0x21;
	}
	lab_chain_free(chain, 1);
	lab_drop(&id);
	peer_set_unref(set);
}

static void a_peer_is_named_in_the_words_of_the_log(void **state)
{
	char buf[PEER_WORDS_SIZE], id[200];

	(void)state;
	assert_string_equal(peer_words("server pbx1", buf), " server=pbx1");
	assert_string_equal(peer_words("trunk carrier-a", buf), " trunk=carrier-a");
	assert_string_equal(peer_words("other", buf), " peer=other");
	assert_string_equal(peer_words(NULL, buf), "");
	memset(id, 'x', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	assert_in_range(strlen(peer_words(id, buf)), 80, PEER_WORDS_SIZE - 1);
	id[sizeof(id) - 2] = ' '; /* behind what fits */
	assert_in_range(strlen(peer_words(id, buf)), 80, PEER_WORDS_SIZE - 1);
}

static void every_rule_has_a_word(void **state)
{
	(void)state;
	for (int rule = PEER_OK; rule < PEER_RULES; rule++)
		assert_non_null(peer_rule_name((enum peer_rule)rule));
	assert_string_equal(peer_rule_name(PEER_ISSUER), "issuer");
	assert_string_equal(peer_rule_name(PEER_NO_CERTIFICATE), "no-certificate");
}

/* --- several hosts of one peer --- */

static int judge_by(const struct peer *one, const char *host, const char *dns,
	struct peer_verdict *ret)
{
	const struct lab_spec spec = {.sans = {{'D', dns, 0}}};
	gnutls_datum_t chain[16];
	struct lab_id id;
	unsigned count;
	int result;

	lab_issue(&id, &spec, &world.root);
	count = lab_chain(&id, chain, 16);
	result = peer_judge(one->set, host ? one : NULL,
		&(struct peer_shown){.chain = chain, .chain_len = count, .host = host},
		ret);
	lab_chain_free(chain, count);
	lab_drop(&id);
	return result;
}

static void a_connection_proves_the_host_that_it_was_made_to(void **state)
{
	static char *further[] = {(char *)(uintptr_t) "two.example"};
	static char *others[] = {(char *)(uintptr_t) "other.example"};
	struct peer_verdict verdict;
	struct peer_set *set;
	struct peer *peer;

	(void)state;
	assert_int_equal(peer_set_new(&set), 0);
	assert_int_equal(peer_add(set,
				 &(struct peer_params){.id = "trunk t",
					 .name = "one.example",
					 .further_hosts = further,
					 .further_host_count = 1,
					 .other_names = others,
					 .other_name_count = 1,
					 .trust = world.trust},
				 &peer),
		0);
	assert_int_equal(judge_by(peer, "one.example", "one.example", &verdict), 0);
	assert_int_equal(judge_by(peer, "two.example", "two.example", &verdict), 0);
	assert_int_equal(judge_by(peer, "two.example", "other.example", &verdict), 0);
	assert_int_equal(
		judge_by(peer, "two.example", "one.example", &verdict), ERR_TRUST);
	assert_int_equal(verdict.rule, PEER_NAME);
	assert_string_equal(verdict.expected, "two.example, other.example");
	/* one that a reload took away */
	assert_int_equal(
		judge_by(peer, "three.example", "three.example", &verdict), ERR_TRUST);
	/* who connects to us may prove any */
	assert_int_equal(judge_by(peer, NULL, "one.example", &verdict), 0);
	assert_int_equal(judge_by(peer, NULL, "two.example", &verdict), 0);
	assert_int_equal(judge_by(peer, NULL, "three.example", &verdict), ERR_TRUST);
	assert_true(peer_has_host(peer, "TWO.example"));
	assert_false(peer_has_host(peer, "other.example"));
	peer_set_unref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_match_as_rfc_5922_says),
		cmocka_unit_test(the_peer_of_that_name_and_trust_is_taken),
		cmocka_unit_test(trust_in_one_partner_is_no_trust_in_another),
		cmocka_unit_test(a_stranger_is_told_what_is_wrong),
		cmocka_unit_test(a_missing_issuer_is_known_by_its_key_or_itself),
		cmocka_unit_test(who_is_let_in_leads_to_who_configured_it),
		cmocka_unit_test(an_authority_on_the_way_is_held_to_its_constraint),
		cmocka_unit_test(the_one_that_is_not_valid_yet_is_named),
		cmocka_unit_test(a_chain_is_of_one_to_eight),
		cmocka_unit_test(a_key_usage_without_signatures_does_not_sign),
		cmocka_unit_test(a_dns_name_beside_a_sip_uri_is_explained),
		cmocka_unit_test(no_chain_and_nonsense_are_refused),
		cmocka_unit_test(a_changed_certificate_is_refused),
		cmocka_unit_test(a_peer_is_named_in_the_words_of_the_log),
		cmocka_unit_test(every_rule_has_a_word),
		cmocka_unit_test(a_connection_proves_the_host_that_it_was_made_to),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
