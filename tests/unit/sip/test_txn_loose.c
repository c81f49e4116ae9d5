/* Transactions that belong to no call: how many are kept. */
#include "txn_test.h"

#include <stdio.h>

static void assert_trace(struct rig *rig, const char *trace)
{
	assert_string_equal(buf_str(&rig->trace), trace);
	buf_clear(&rig->trace);
}

/* One more than are kept: it is answered, and again when it comes again, but nothing of it stays. What belongs to
 * a call does not count. */
static void of_too_many_nothing_is_kept(void **state)
{
	char branch[40];
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "BYE");
	deliver_request(&rig, "INFO", "z9hG4bKcall", ";tag=2");
	txn_server_set_owner(rig.server, 1);
	txn_server_reply(rig.server, 200, NULL, NULL, NULL);
	for (unsigned i = 0; i < TXN_LOOSE_MAX; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%u", i);
		deliver_request(&rig, i % 2 ? "BYE" : "INVITE", branch, ";tag=2");
		assert_int_equal(txn_server_reply(rig.server, 481, NULL, NULL, NULL), 0);
		buf_clear(&rig.trace);
	}
	assert_int_equal(txn_loose(rig.layer), TXN_LOOSE_MAX);
	assert_int_equal(txn_count(rig.layer), TXN_LOOSE_MAX + 1);
	for (unsigned i = 0; i < 4; i++) {
		deliver_request(&rig, i < 2 ? "BYE" : "INVITE",
			i < 2 ? "z9hG4bKbye" : "z9hG4bKinvite", ";tag=2");
		assert_int_equal(txn_server_reply(rig.server, 481, NULL, NULL, NULL), 0);
		assert_trace(&rig, i < 2 ? "<BYE >481 ended " : "<INVITE >481 ended ");
		assert_int_equal(txn_loose(rig.layer), TXN_LOOSE_MAX);
	}
	/* one that waits for its answer is kept, whatever there is */
	deliver_request(&rig, "INVITE", "z9hG4bKwaits", ";tag=2");
	assert_int_equal(txn_loose(rig.layer), TXN_LOOSE_MAX + 1);
	txn_server_set_owner(rig.server, 2);
	txn_server_reply(rig.server, 486, NULL, NULL, NULL);
	assert_trace(&rig, "<INVITE >486 ");
	assert_int_equal(txn_count(rig.layer), TXN_LOOSE_MAX + 2);
	pass(&rig, 33000);
	assert_int_equal(txn_loose(rig.layer), 0);
	assert_int_equal(txn_count(rig.layer), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_too_many_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
