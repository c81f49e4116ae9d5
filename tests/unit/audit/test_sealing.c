/* What is recorded of files that are closed for good is what lies there. Time is the test's; coreutils and age are the judges. */
#include "../file_limit.h"

#include "audit/certs.h"
#include "audit/datagram.h"
#include "evidence/digest.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void told_h(void *arg, const struct seal *seal)
{
	struct fixture *fixture = arg;

	fixture->told++;
	snprintf(fixture->id, sizeof(fixture->id), "%s", seal->id);
	snprintf(fixture->date, sizeof(fixture->date), "%s", seal->date);
	fixture->lost = seal->lost;
	snprintf(fixture->files, sizeof(fixture->files), "%.*s", (int)seal->files.len,
		seal->files.data ? seal->files.data : "");
}

static void start(struct fixture *fixture)
{
	start_store(fixture);
	store_set_seal(fixture->store, told_h, fixture);
}

static int setup(void **state)
{
	struct fixture *fixture = fixture_new(false);

	start(fixture);
	*state = fixture;
	return 0;
}

/* The call ends, and so long after it that nothing more can come. */
static void end(struct fixture *fixture)
{
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 6 * SECOND_US);
	assert_int_equal(fixture->told, 0);
	pass(fixture, 34 * SECOND_US);
	assert_int_equal(fixture->told, 1);
}

static char *read_all(const struct fixture *fixture, const char *name, size_t *ret_len)
{
	char path[4400], *data = NULL;
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	data = malloc((size_t)st.st_size + 1);
	*ret_len = fread(data, 1, (size_t)st.st_size, file);
	assert_int_equal(*ret_len, st.st_size);
	fclose(file);
	return data;
}

/* The tree over the blocks of a file of pcapng, that is read by its lengths alone; to LEAVES, where it is not NULL, their hashes. */
static unsigned tree_of(const char *data, size_t len, unsigned *ret_packets,
	char root[static DIGEST_TEXT_SIZE], struct buf *leaves)
{
	struct tlog_tree tree = {.size = 0};
	struct tlog_hash hash;
	uint32_t head[2];

	*ret_packets = 0;
	for (size_t at = 0; at < len; at += head[1]) {
		assert_true(len - at >= 12);
		memcpy(head, data + at, sizeof(head));
		assert_true(head[1] >= 12 && head[1] <= len - at);
		*ret_packets += head[0] == 6;
		assert_int_equal(tlog_leaf(&hash, (struct span){data + at, head[1]}), 0);
		tlog_tree_add(&tree, &hash);
		if (leaves)
			buf_add(leaves, hash.bytes, sizeof(hash.bytes));
	}
	tlog_tree_root(&tree, &hash);
	digest_text(&hash, root);
	return (unsigned)tree.size;
}

/* NAME is in the list as STATE, with the sum that sha256sum(1) finds; and its tree is that of PLAIN, NULL: it has none. */
static void assert_sealed(const struct fixture *fixture, const char *name,
	const char *state, const char *plain)
{
	char expected[2048], command[400], sum[65], path[200], root[DIGEST_TEXT_SIZE];
	unsigned packets = 0, blocks = 0;
	size_t len, file_len;
	char *data, *file;
	FILE *pipe;

	snprintf(command, sizeof(command), "sha256sum '%s/" CALL_FOLDER "%s'",
		fixture->folder, name);
	pipe = popen(command, "r");
	assert_int_equal(fscanf(pipe, "%64s", sum), 1);
	assert_int_equal(pclose(pipe), 0);
	snprintf(path, sizeof(path), CALL_FOLDER "%s", name);
	file = read_all(fixture, path, &file_len);
	if (plain) {
		data = read_all(fixture, plain, &len);
		blocks = tree_of(data, len, &packets, root, NULL);
		free(data);
	}
	free(file);
	if (plain)
		snprintf(expected, sizeof(expected),
			"{\"name\":\"%s\",\"state\":\"%s\",\"bytes\":%zu,\"sha256\":\"%"
			"s\","
			"\"packets\":%u,\"blocks\":%u,\"root\":\"%s\"}",
			name, state, file_len, sum, packets, blocks, root);
	else
		snprintf(expected, sizeof(expected),
			"{\"name\":\"%s\",\"state\":\"%s\",\"bytes\":%zu,\"sha256\":\"%"
			"s\"",
			name, state, file_len, sum);
	if (!strstr(fixture->files, expected))
		fail_msg("%s\nis not in\n%s", expected, fixture->files);
}

static void a_capture_is_sealed_when_nothing_more_can_come(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (unsigned i = 0; i < 20; i++) {
		add(fixture, "INVITE", 100 + 77 * i);
		/* now and then its file rests */
		for (unsigned round = 0; round < i; round++)
			pass(fixture, SECOND_US / 4);
	}
	store_end(fixture->store, 1, 3, fixture->mono_us);
	pass(fixture, 6 * SECOND_US);
	/* it is closed by then, and goes on */
	add(fixture, "BYE again", 200);
	assert_int_equal(run(fixture, "grep -q '^+2026-01-01.a$' audit/open.log"), 0);
	pass(fixture, 34 * SECOND_US);
	assert_int_equal(fixture->told, 1);
	assert_string_equal(fixture->id, "a");
	assert_string_equal(fixture->date, "2026-01-01");
	assert_int_equal(fixture->lost, 3);
	assert_sealed(fixture, "call.pcapng", "whole", CALL_FOLDER "call.pcapng");
	assert_non_null(strstr(fixture->files, "\"packets\":21,"));
	/* of a file that anybody can read the leaves are not kept */
	assert_int_equal(run(fixture, "test -e " CALL_FOLDER "call.leaves"), 256);
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "tail -1 audit/open.log | grep -q '^-'"), 0);
}

static void a_stop_seals(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	add(fixture, "INVITE", 100);
	store_free(fixture->store);
	assert_int_equal(fixture->told, 1);
	assert_sealed(fixture, "call.pcapng", "whole", CALL_FOLDER "call.pcapng");
	start(fixture);
	pass(fixture, SECOND_US);
	assert_int_equal(fixture->told, 1);
	/* a call that outlives its process has a second file */
	begin(fixture);
	add(fixture, "BYE", 100);
	fixture->told = 0;
	end(fixture);
	assert_sealed(fixture, "call.2.pcapng", "whole", CALL_FOLDER "call.2.pcapng");
}

static void a_call_without_a_file_has_no_seal(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(fixture->told, 0);
	/* but for what was lost */
	begin(fixture);
	store_end(fixture->store, 1, 5, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(fixture->told, 1);
	assert_int_equal(fixture->lost, 5);
	assert_string_equal(fixture->files, "");
}

/* The classic format has no room for a salt, so there is no tree over what would be guessed. */
static void classic_captures_have_a_sum_alone(void **state)
{
	struct fixture *fixture = *state;

	set_style(fixture, CONFIG_CAPTURE_PCAP, false);
	begin(fixture);
	for (unsigned i = 0; i < 5; i++)
		add(fixture, "INVITE", 100);
	end(fixture);
	assert_sealed(fixture, "call.pcap", "whole", NULL);
	assert_non_null(
		strstr(fixture->files, "\"packets\":5,\"blocks\":0,\"root\":null}"));
}

/* Leaves are of the blocks in clear, wherever the chunks of the encryption end. */
static void encrypted_captures_have_their_leaves_beside_them(void **state)
{
	struct fixture *fixture = *state;
	char root[DIGEST_TEXT_SIZE], *plain, *kept;
	size_t len, kept_len;
	struct buf leaves;
	unsigned packets;

	need_age();
	set_style(fixture, CONFIG_CAPTURE_PCAPNG, true);
	begin(fixture);
	for (unsigned i = 0; i < 900; i++) {
		add(fixture, "INVITE", 40 + 991 * i % 1400);
		if (i % 50 == 0)
			pass(fixture, 3 * SECOND_US);
	}
	end(fixture);
	assert_int_equal(
		run(fixture, "age -d -i key " CALL_FOLDER "call.pcapng.age >plain"), 0);
	assert_sealed(fixture, "call.pcapng.age", "whole", "plain");
	plain = read_all(fixture, "plain", &len);
	buf_init(&leaves, 0);
	tree_of(plain, len, &packets, root, &leaves);
	assert_int_equal(packets, 900);
	kept = read_all(fixture, CALL_FOLDER "call.leaves", &kept_len);
	assert_int_equal(kept_len, leaves.len);
	assert_memory_equal(kept, leaves.data, kept_len);
	buf_free(&leaves);
	free(plain);
	free(kept);
}

/* What the disk refused is in neither sum. */
static void a_full_disk_does_not_spoil_the_sums(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (rlim_t size = 200; size < 40000; size += 1999) {
		limit_files(size);
		add(fixture, "one", 700);
		add(fixture, "two", 1300);
		pass(fixture, SECOND_US);
		limit_files(RLIM_INFINITY);
	}
	add(fixture, "end", 20);
	assert_true(health_is_failing(&fixture->health));
	end(fixture);
	assert_true(fixture->lost > 3);
	assert_sealed(fixture, "call.pcapng", "whole", CALL_FOLDER "call.pcapng");
}

static void encrypted_ones_neither(void **state)
{
	struct fixture *fixture = *state;

	need_age();
	set_style(fixture, CONFIG_CAPTURE_PCAPNG, true);
	begin(fixture);
	for (rlim_t size = 100; size < 200000; size += 30011) {
		limit_files(size);
		add(fixture, "one", 30000);
		pass(fixture, SECOND_US);
		limit_files(RLIM_INFINITY);
	}
	end(fixture);
	assert_int_equal(
		run(fixture, "age -d -i key " CALL_FOLDER "call.pcapng.age >plain"), 0);
	assert_sealed(fixture, "call.pcapng.age", "whole", "plain");
}

/* Both are told: what is gone, by what was written, and what came after. */
static void a_file_that_was_removed_is_named(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	add(fixture, "one", 100);
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "rm " CALL_FOLDER "call.pcapng"), 0);
	add(fixture, "two", 100);
	pass(fixture, SECOND_US);
	add(fixture, "three", 100);
	end(fixture);
	assert_non_null(strstr(
		fixture->files, "{\"name\":\"call.pcapng\",\"state\":\"removed\","));
	assert_sealed(fixture, "call.pcapng", "whole", CALL_FOLDER "call.pcapng");
	assert_int_equal(fixture->lost, 1);
}

/* What a kill left: cut back, and sealed as it was found. */
static void what_was_left_is_sealed_by_the_next_start(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (unsigned i = 0; i < 50; i++)
		add(fixture, "one", 1000);
	pass(fixture, SECOND_US);
	assert_int_equal(
		run(fixture, "cp -r audit left && "
			     "head -c 500 /dev/urandom >>left/2026-01-01/a/call.pcapng"),
		0);
	store_free(fixture->store);
	fixture->told = 0;
	assert_int_equal(run(fixture, "rm -r audit; mv left audit"), 0);
	start(fixture);
	/* killed again before it came to that: it stays marked */
	assert_int_equal(run(fixture, "cp -r audit left"), 0);
	store_free(fixture->store);
	assert_int_equal(fixture->told, 0);
	assert_int_equal(run(fixture, "grep -q '^+2026-01-01.a$' audit/open.log"), 0);
	assert_int_equal(run(fixture, "rm -r audit; mv left audit"), 0);
	start(fixture);
	pass(fixture, SECOND_US);
	assert_int_equal(fixture->told, 1);
	assert_string_equal(fixture->id, "a");
	assert_sealed(fixture, "call.pcapng", "repaired", CALL_FOLDER "call.pcapng");
	assert_non_null(strstr(fixture->files, "\"packets\":50,"));
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "grep -q '^-2026-01-01.a$' audit/open.log"), 0);
	assert_int_equal(fixture->told, 1);
}

static void of_an_encrypted_one_what_is_written(void **state)
{
	struct fixture *fixture = *state;
	char *kept, expected[100];
	size_t len;

	set_style(fixture, CONFIG_CAPTURE_PCAPNG, true);
	begin(fixture);
	for (unsigned i = 0; i < 100; i++)
		add(fixture, "one", 1000);
	for (unsigned round = 0; round < 20; round++)
		pass(fixture, SECOND_US / 4);
	assert_int_equal(run(fixture, "cp -r audit left"), 0);
	store_free(fixture->store);
	fixture->told = 0;
	assert_int_equal(run(fixture, "rm -r audit; mv left audit"), 0);
	start(fixture);
	pass(fixture, SECOND_US);
	assert_int_equal(fixture->told, 1);
	assert_sealed(fixture, "call.pcapng.age.part", "repaired", NULL);
	/* those blocks alone that end within its whole chunks */
	kept = read_all(fixture, CALL_FOLDER "call.leaves", &len);
	free(kept);
	assert_true(len / 32 > 50 && len / 32 < 65);
	snprintf(expected, sizeof(expected), "\"packets\":0,\"blocks\":%zu,\"root\":\"",
		len / 32);
	assert_non_null(strstr(fixture->files, expected));
}

/* Whoever has the folder may have put anything there. */
static void what_is_planted_is_not_read(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	add(fixture, "one", 1000);
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "cp -r audit left"), 0);
	store_free(fixture->store);
	fixture->told = 0;
	assert_int_equal(
		run(fixture, "rm -r audit; mv left audit; cd " CALL_FOLDER "; "
			     "ln -s /etc/passwd call.2.pcapng; mkfifo call.3.pcap.age; "
			     "mkdir call.4.pcapng; echo x >call.5.pcapng.age; "
			     "echo x >calls; touch call.6.pcap; ln -s /etc/passwd "
			     "call.leaves"),
		0);
	/* what is no file of ours is left alone, and so the capture stays marked */
	start(fixture);
	pass(fixture, SECOND_US);
	assert_int_equal(fixture->told, 0);
	assert_int_equal(
		run(fixture, "rm " CALL_FOLDER "call.2.pcapng; rmdir " CALL_FOLDER
			     "call.4.pcapng"),
		0);
	store_free(fixture->store);
	start(fixture);
	pass(fixture, SECOND_US);
	assert_int_equal(fixture->told, 1);
	assert_sealed(fixture, "call.pcapng", "repaired", CALL_FOLDER "call.pcapng");
	assert_sealed(fixture, "call.5.pcapng.age", "repaired", NULL);
	assert_null(strstr(fixture->files, "call.3"));
	assert_null(strstr(fixture->files, "call.6"));
	assert_null(strstr(fixture->files, "\"calls\""));
}

static void present(
	struct fixture *fixture, uint32_t party, const char *one, const char *two)
{
	static char bytes[CERTS_BYTES_MAX];
	size_t len = 0;

	assert_true(certs_put(bytes, &len, span_of(one)));
	assert_true(certs_put(bytes, &len, span_of(two)));
	store_certs(fixture->store, 1, party, (struct span){bytes, len});
}

static void what_far_ends_presented_is_kept_and_sealed(void **state)
{
	struct fixture *fixture = *state;
	const struct tap_party party = {
		.call = 1, .party = 7, .leg = "b", .trunk = "trunk carrier-a"};
	char longer[100];
	size_t len;
	char *text;

	memset(longer, 'l', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	begin(fixture);
	store_party(fixture->store, &party);
	present(fixture, 7, "leaf", "issuer");
	/* the first ones count */
	present(fixture, 7, "another", "issuer");
	present(fixture, 8, longer, "issuer");
	add(fixture, "INVITE", 100);
	end(fixture);
	assert_sealed(fixture, "call.pcapng", "whole", CALL_FOLDER "call.pcapng");
	assert_sealed(fixture, "call.certs.pem", "whole", NULL);
	text = read_all(fixture, CALL_FOLDER "call.certs.pem", &len);
	text[len] = '\0';
	assert_string_equal(text,
		"leg b, trunk carrier-a\n"
		"-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n"
		"-----BEGIN CERTIFICATE-----\naXNzdWVy\n-----END CERTIFICATE-----\n"
		"nobody known\n"
		"-----BEGIN CERTIFICATE-----\n"
		"bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxs\n"
		"bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxs\n"
		"bGxs\n-----END CERTIFICATE-----\n"
		"-----BEGIN CERTIFICATE-----\naXNzdWVy\n-----END CERTIFICATE-----\n");
	free(text);
}

/* Of a call without a file nothing is kept, and no more of a chain than there is room for. */
static void certificates_are_bounded(void **state)
{
	static char bytes[CERTS_BYTES_MAX], big[CERTS_BYTES_MAX];
	struct fixture *fixture = *state;
	size_t len = 0;

	assert_false(certs_put(bytes, &len, (struct span){big, sizeof(big)}));
	assert_int_equal(len, 0);
	assert_true(certs_put(bytes, &len, (struct span){big, sizeof(big) - 4}));
	assert_int_equal(len, sizeof(bytes));
	assert_false(certs_put(bytes, &len, (struct span){big, 1}));
	begin(fixture);
	for (unsigned i = 0; i < 2 * CERTS_PARTIES_MAX; i++)
		present(fixture, i, "leaf", "issuer");
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(fixture->told, 0);
	assert_int_equal(run(fixture, "test -e " CALL_FOLDER), 256);
}

#define stored(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		stored(a_capture_is_sealed_when_nothing_more_can_come),
		stored(a_stop_seals),
		stored(a_call_without_a_file_has_no_seal),
		stored(classic_captures_have_a_sum_alone),
		stored(encrypted_captures_have_their_leaves_beside_them),
		stored(a_full_disk_does_not_spoil_the_sums),
		stored(encrypted_ones_neither),
		stored(a_file_that_was_removed_is_named),
		stored(what_was_left_is_sealed_by_the_next_start),
		stored(of_an_encrypted_one_what_is_written),
		stored(what_is_planted_is_not_read),
		stored(what_far_ends_presented_is_kept_and_sealed),
		stored(certificates_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
