#include "../unit.h"

#include "base/err.h"
#include "evidence/checkpoint.h"
#include "evidence_fixture.h"

/* The examples of C2SP tlog-checkpoint and tlog-proof, whose signatures are cut there. */
#define CHECKPOINT                                                                       \
	"example.com/behind-the-sofa\n20852163\n"                                        \
	"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define ROOT "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
#define NOTE                                                                             \
	"example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/"           \
	"EQi08=\n\nx\n"
#define PROOF_HEAD "c2sp.org/tlog-proof@v1\n"
#define HASHES                                                                           \
	"gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"                                 \
	"B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"

static void the_published_checkpoint_is_read_and_written(void **state)
{
	const struct tlog_hash root = hash_of(ROOT);
	struct checkpoint checkpoint;
	struct buf out;

	(void)state;
	assert_int_equal(checkpoint_read(&checkpoint, span_of(CHECKPOINT)), 0);
	assert_true(span_equal_str(checkpoint.origin, "example.com/behind-the-sofa"));
	assert_int_equal(checkpoint.size, 20852163);
	assert_true(tlog_equal(&checkpoint.root, &root));
	buf_init(&out, 0);
	checkpoint_write(&out, &checkpoint);
	assert_true(span_equal_str(buf_span(&out), CHECKPOINT));
	buf_free(&out);
}

static void further_lines_are_passed_over(void **state)
{
	struct checkpoint checkpoint;

	(void)state;
	assert_int_equal(
		checkpoint_read(&checkpoint, span_of(CHECKPOINT "extension\n2\n")), 0);
	assert_int_equal(checkpoint.size, 20852163);
}

static void what_is_no_checkpoint_is_refused(void **state)
{
#define HASH "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	static const char *const bad[] = {"", "o\n", "o\n1\n", "o\n1\n" HASH,
		"\n1\n" HASH "\n", "o\n\n" HASH "\n", "o\n01\n" HASH "\n",
		"o\n-1\n" HASH "\n", "o\n+1\n" HASH "\n", "o\n1 \n" HASH "\n",
		"o\n0x1\n" HASH "\n", "o\n4611686018427387905\n" HASH "\n",
		"o\n99999999999999999999999\n" HASH "\n", "o\n1\n\n", "o\n1\nCsUY\n",
		"o\n1\n" HASH "=\n", "o\n1\n" HASH "AAAA\n", "o\n1\n" HASH "\n\n",
		"o\n1\n" HASH "\nx\n\n", "o\n1\n" HASH "\nx"};
	struct checkpoint checkpoint = {.size = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (checkpoint_read(&checkpoint, span_of(bad[i])) != ERR_FORMAT)
			fail_msg("number %zu is no checkpoint", i);
	assert_int_equal(checkpoint.size, 77);
	assert_int_equal(checkpoint_read(&checkpoint, span_of("o\n0\n" HASH "\n")), 0);
	assert_int_equal(checkpoint.size, 0);
	assert_int_equal(checkpoint_read(&checkpoint,
				 span_of("o\n4611686018427387904\n" HASH "\n")),
		0);
	assert_true(checkpoint.size == TLOG_SIZE_MAX);
}

static void a_proof_is_read_and_written(void **state)
{
	const char *const text = PROOF_HEAD "extra Zm9v\nindex 73894\n" HASHES "\n" NOTE;
	struct proof proof;
	struct buf out;

	(void)state;
	assert_int_equal(proof_read(&proof, span_of(text)), 0);
	assert_true(span_equal_str(proof.extra, "Zm9v"));
	assert_int_equal(proof.index, 73894);
	assert_int_equal(proof.hashes.count, 2);
	assert_int_equal(proof.hashes.path[0].bytes[0], 0x81);
	assert_true(span_equal_str(proof.note, NOTE));
	buf_init(&out, 0);
	proof_write(&out, span_of("foo"), proof.index, &proof.hashes, proof.note);
	assert_true(span_equal_str(buf_span(&out), text));
	buf_free(&out);
	proof_write(&out, (struct span){NULL, 0}, 0, &(struct tlog_proof){.count = 0},
		span_of(NOTE));
	assert_true(span_equal_str(buf_span(&out), PROOF_HEAD "index 0\n\n" NOTE));
	assert_int_equal(proof_read(&proof, buf_span(&out)), 0);
	assert_null(proof.extra.p);
	assert_int_equal(proof.hashes.count, 0);
	buf_free(&out);
}

static void what_is_no_proof_is_refused(void **state)
{
	static const char *const bad[] = {"", PROOF_HEAD,
		"c2sp.org/tlog-proof@v2\nindex 0\n\n", PROOF_HEAD "index\n\n",
		PROOF_HEAD "index 00\n\n", PROOF_HEAD "index -1\n\n",
		PROOF_HEAD "index 1\n", PROOF_HEAD "index 1\n" HASHES,
		PROOF_HEAD "extra x\n", PROOF_HEAD "extra x\nextra y\nindex 1\n\n",
		PROOF_HEAD "index 1\nextra x\n\n", PROOF_HEAD "index 1\nshort\n\n",
		PROOF_HEAD "\nindex 1\n\n"};
	struct proof proof = {.index = 77};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (proof_read(&proof, span_of(bad[i])) != ERR_FORMAT)
			fail_msg("number %zu is no proof", i);
	buf_init(&out, 0);
	buf_add_str(&out, PROOF_HEAD "index 1\n");
	for (unsigned i = 0; i < TLOG_PROOF_MAX / 2 + 1; i++)
		buf_add_str(&out, HASHES);
	buf_add_str(&out, "\n");
	assert_int_equal(proof_read(&proof, buf_span(&out)), ERR_LIMIT);
	while (out.len <= PROOF_MAX)
		buf_add_str(&out, HASHES);
	assert_int_equal(proof_read(&proof, buf_span(&out)), ERR_LIMIT);
	buf_free(&out);
	assert_int_equal(proof.index, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_checkpoint_is_read_and_written),
		cmocka_unit_test(further_lines_are_passed_over),
		cmocka_unit_test(what_is_no_checkpoint_is_refused),
		cmocka_unit_test(a_proof_is_read_and_written),
		cmocka_unit_test(what_is_no_proof_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
