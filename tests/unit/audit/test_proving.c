/* A record is found, and proved. */
#include "../unit.h"

#include "audit/chronicle.h"
#include "audit/proving.h"
#include "audit/record_find.h"
#include "audit_fixture.h"
#include "evidence/note.h"
#include "evidence/verify.h"

#include <errno.h>

struct fixture {
	char *folder;
	struct health health;
	struct ledger_state log;
};

/* Calls 1 to 2000, the first half of them in the file that was rotated. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct chronicle *chronicle;
	struct chronicle_params params = {.name = "med1", .health = &fixture->health};
	struct err_text text = {""};
	char command[5000], body[800], noise[500];

	memset(noise, 'n', sizeof(noise));
	fixture->folder = fixture_folder();
	params.state_dir = fixture->folder;
	health_init(&fixture->health);
	assert_int_equal(chronicle_new(&chronicle, &params, &text), 0);
	for (unsigned i = 1; i <= 2000; i++) {
		snprintf(body, sizeof(body),
			"{\"id\":\"5f3c-%06u\",\"end\":\"2026\",\"detail\":\"%.500s\","
			"\"internal\":{\"party\":\"a\"},\"external\":{\"party\":\"b\"}}"
			"\n",
			i, noise);
		chronicle_add(chronicle, i, body, strlen(body));
		if (i == 1000) {
			(void)chronicle_tick(chronicle, i * 1000000, false);
			snprintf(command, sizeof(command),
				"mv '%s/cdr.jsonl' '%s/cdr.jsonl.1'", fixture->folder,
				fixture->folder);
			assert_int_equal(system(command), 0);
			(void)chronicle_tick(chronicle, i * 2000000, false);
		}
	}
	chronicle_state(chronicle, &fixture->log);
	chronicle_free(chronicle);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* 0 with the line, or what the search ended with. */
static int find(struct fixture *fixture, const char *what, struct buf *ret)
{
	struct err_text text = {""};
	struct record_find *find;
	struct span line;
	int err;

	buf_init(ret, 0);
	if (record_find_new(&find, fixture->folder, what, &text) != 0)
		fail_msg("%s", text.text);
	while ((err = record_find_step(find, &line)) == -EAGAIN)
		;
	if (!err)
		buf_add_span(ret, line);
	record_find_free(find);
	return err;
}

static void a_record_is_found_wherever_it_is(void **state)
{
	static const unsigned numbers[] = {1, 2, 400, 999, 1000, 1001, 1500, 1999, 2000};
	struct fixture *fixture = *state;
	char id[32], number[32], expected[64];
	struct buf line;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(id, sizeof(id), "5f3c-%06u", numbers[i]);
		assert_int_equal(find(fixture, id, &line), 0);
		snprintf(expected, sizeof(expected), "{\"v\":1,\"seq\":%u,", numbers[i]);
		assert_memory_equal(line.data, expected, strlen(expected));
		assert_memory_equal(line.data + line.len - 2, "}}", 2);
		buf_free(&line);
		snprintf(number, sizeof(number), "%u", numbers[i]);
		assert_int_equal(find(fixture, number, &line), 0);
		assert_memory_equal(line.data, expected, strlen(expected));
		buf_free(&line);
	}
	assert_int_equal(find(fixture, "0", &line), 0);
	assert_non_null(memmem(line.data, line.len, "\"start\"", 7));
	buf_free(&line);
	assert_int_equal(find(fixture, "2001", &line), 0);
	assert_non_null(memmem(line.data, line.len, "\"stop\"", 6));
	buf_free(&line);
}

static void what_is_not_there_is_not_found(void **state)
{
	static const char *const bad[] = {"", "../x", "a b", "\"", "a\nb"};
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct record_find *none = NULL;
	struct buf line;

	assert_int_equal(find(fixture, "5f3c-002001", &line), -ENOENT);
	assert_int_equal(find(fixture, "5f3c-00200", &line), -ENOENT);
	assert_int_equal(find(fixture, "2002", &line), -ENOENT);
	assert_int_equal(find(fixture, "99999999999999999999", &line), -ENOENT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(record_find_new(&none, fixture->folder, bad[i], &text),
			ERR_FORMAT);
	assert_null(none);
}

static void each_record_is_proved(void **state)
{
	static const char *const numbers[] = {"0", "1", "255", "256", "1000", "2001"};
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct keychain keys;
	struct note_key key;
	struct buf line, proof, got;
	uint64_t index, verified;

	assert_int_equal(note_key_read(&key, span_of(fixture->log.key)), 0);
	keychain_init(&keys, &key);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(find(fixture, numbers[i], &line), 0);
		buf_init(&proof, 0);
		buf_init(&got, 0);
		if (proving_make(
			    &proof, &index, fixture->folder, buf_span(&line), &text) != 0)
			fail_msg("%s", text.text);
		assert_int_equal(index, atoi(numbers[i]));
		assert_int_equal(verify_proof(buf_span(&proof), (struct span){NULL, 0},
					 &keys, &verified, &got, &text),
			0);
		assert_int_equal(verified, index);
		assert_true(span_equal(buf_span(&got), buf_span(&line)));
		buf_free(&line);
		buf_free(&proof);
		buf_free(&got);
	}
}

static void what_cannot_be_proved_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct buf line, proof;
	uint64_t index = 77;
	char command[5000];

	buf_init(&proof, 0);
	assert_int_equal(find(fixture, "1500", &line), 0);
	line.data[line.len - 20] ^= 1;
	assert_int_equal(
		proving_make(&proof, &index, fixture->folder, buf_span(&line), &text),
		ERR_TRUST);
	assert_non_null(strstr(text.text, "1500"));
	line.data[line.len - 20] ^= 1;
	assert_int_equal(proving_make(&proof, &index, fixture->folder,
				 span_of("{\"id\":\"old\"}"), &text),
		ERR_FORMAT);
	assert_int_equal(proving_make(&proof, &index, fixture->folder,
				 span_of("{\"v\":1,\"seq\":2002,\"salt\":"
					 "\"00000000000000000000000000000000\",\"kind\":"
					 "\"call\"}"),
				 &text),
		ERR_STATE);
	snprintf(command, sizeof(command), "rm '%s/log/tile/0/005'", fixture->folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(
		proving_make(&proof, &index, fixture->folder, buf_span(&line), &text),
		-ENOENT);
	snprintf(command, sizeof(command), "rm '%s/log/checkpoint'", fixture->folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(
		proving_make(&proof, &index, fixture->folder, buf_span(&line), &text),
		ERR_STATE);
	assert_int_equal(proving_make(&proof, &index, "/nowhere", buf_span(&line), &text),
		-ENOENT);
	assert_int_equal(index, 77);
	assert_int_equal(proof.len, 0);
	buf_free(&line);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_record_is_found_wherever_it_is),
		CASE(what_is_not_there_is_not_found),
		CASE(each_record_is_proved),
		CASE(what_cannot_be_proved_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
