/* What an ICMP error costs: see test_txn.c for what it does. */
#include "txn_test.h"

#include "sip/txn_priv.h"

#include <errno.h>

static unsigned looks;

static bool count_look(const struct txn_base *base, struct span quoted)
{
	(void)base;
	(void)quoted;
	looks++;
	return false;
}

/* A far end that is gone sends one for each message of thousands of transactions: one that tells whose it is leads to
 * that one alone. */
static void icmp_errors_are_compared_with_what_they_can_be(void **state)
{
	static const struct {
		const char *quoted;
		unsigned looks;
	} rows[] = {
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a.example;branch=" BRANCH "\r\n", 0},
		{"ACK sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		 "a.example;branch=" BRANCH "\r\n",
			0},
		{"INVITE sip:b@b.example SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.example;branch=z9hG4bKother\r\n",
			0},
		{"INVITE sip:b@b.example SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.example;branch=z9hG4bKother;rport",
			0},
		{"BYE sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP "
		 "a.example;branch=" BRANCH "\r\n",
			0},
		{"INVITE sip:b@b.example SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.example;branch=" BRANCH "\r\n",
			1},
		{"INVITE sip:b@b.example;branch=z9hG4bKother SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.example;branch=" BRANCH ";rport",
			1},
		/* these may be any's */
		{"INVITE sip:b@b.example SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.example;branch=z9hG4bKoth",
			1},
		{"INVITE sip:b@b.example;branch=z9hG4bKother SIP/2.0\r\nVia: SIP/2.0/UDP",
			1},
		{"INVITE s", 1},
		{"", 1},
		/* as of a datagram that the kernel itself refused */
		{NULL, 1},
	};
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	start_client(&rig);
	txn_client_base(rig.client)->quoted_h = count_look;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		looks = 0;
		txn_unreachable(
			rig.layer, &rig.flow, span_of(rows[i].quoted), -ECONNREFUSED);
		if (looks != rows[i].looks)
			fail_msg("%u looks in row %zu", looks, i);
	}
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icmp_errors_are_compared_with_what_they_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
