/* Secrets of connections for captures on the wire: whose are kept, where, and for whom. */
#include "../file_limit.h"

#include "audit/wire.h"
#include "audit_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define WALL_US UINT64_C(1767225600000000) /* 2026-01-01 */
#define FOLDER "audit/wire/2026-01-01T00-00-00-000000Z"

struct fixture {
	char *folder;
	struct addr near, far;
	struct wire_params params;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->folder = fixture_folder();
	f->near = fixture_addr("192.0.2.1:5061");
	f->far = fixture_addr("192.0.2.2:40000");
	f->params = (struct wire_params){.state_dir = f->folder, .wall_us = WALL_US};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	age_recipients_unref(f->params.recipients);
	fixture_remove(f->folder);
	free(f);
	return 0;
}

/* What the file NAME of the folder has; its mode is 0600. */
static size_t content(const struct fixture *f, const char *name, char *out, size_t size)
{
	char path[4400];
	struct stat st;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/" FOLDER "/keys/%s", f->folder, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	len = fread(out, 1, size - 1, file);
	out[len] = '\0';
	fclose(file);
	return len;
}

static void begin(struct fixture *f, struct wire **ret)
{
	struct err_text text = {""};

	if (wire_new(ret, &f->params, &text) != 0)
		fail_msg("%s", text.text);
}

/* Whoever reads it is RECIPIENT. */
static void begin_encrypted(struct fixture *f, struct wire **ret)
{
	struct err_text text;

	assert_int_equal(
		age_recipients_read(&f->params.recipients, span_of(RECIPIENT), &text), 0);
	begin(f, ret);
}

static void secrets_stand_in_a_file_of_their_own(void **state)
{
	struct fixture *f = *state;
	char out[200], path[4400];
	struct wire *wire;
	struct stat st;

	begin(f, &wire);
	wire_key(wire, &f->near, span_of("ONE 01 02\n"));
	wire_key(wire, &f->far, span_of("TWO 03 04\n"));
	/* at once, for whoever reads meanwhile */
	assert_int_equal(content(f, "tls.keys", out, sizeof(out)), 20);
	assert_string_equal(out, "ONE 01 02\nTWO 03 04\n");
	assert_int_equal(wire_count(wire).kept, 2);
	assert_int_equal(wire_count(wire).lost, 0);
	snprintf(path, sizeof(path), "%s/" FOLDER, f->folder);
	assert_string_equal(wire_folder(wire), path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	wire_free(wire);
}

static void those_of_other_hosts_are_not_kept(void **state)
{
	const struct addr host = fixture_addr("192.0.2.2:5061");
	struct fixture *f = *state;
	struct wire *wire;
	char out[200];

	f->params.hosts = &host;
	f->params.host_count = 1;
	begin(f, &wire);
	wire_key(wire, &f->near, span_of("ONE 01 02\n"));
	wire_key(wire, &f->far, span_of("TWO 03 04\n"));
	assert_int_equal(wire_count(wire).kept, 1);
	wire_free(wire);
	content(f, "tls.keys", out, sizeof(out));
	assert_string_equal(out, "TWO 03 04\n");
}

static void those_of_media_stand_apart(void **state)
{
	struct fixture *f = *state;
	struct wire *wire;
	char out[200];

	begin(f, &wire);
	wire_key(wire, &f->near, span_of("ONE 01 02\n"));
	wire_media_key(wire, span_of("TWO\n"));
	wire_media_key(wire, span_of("THREE\n"));
	assert_int_equal(content(f, "tls.keys", out, sizeof(out)), 10);
	assert_int_equal(content(f, "srtp.keys", out, sizeof(out)), 10);
	assert_string_equal(out, "TWO\nTHREE\n");
	assert_int_equal(wire_count(wire).kept, 1);
	assert_int_equal(wire_media_count(wire).kept, 2);
	wire_free(wire);
}

static void what_is_lost_is_counted(void **state)
{
	const struct addr nobody = {.len = 0};
	const struct span none = {NULL, 0};
	struct fixture *f = *state;
	struct wire *wire;
	char out[200];

	begin(f, &wire);
	wire_key(wire, &f->near, none);
	wire_key(wire, &nobody, span_of("ONE 01 02\n"));
	wire_media_key(wire, none);
	wire_media_key(wire, none);
	assert_int_equal(wire_count(wire).lost, 1);
	assert_int_equal(wire_count(wire).kept, 1);
	assert_int_equal(wire_media_count(wire).lost, 2);
	wire_media_key(wire, span_of("TWO\n"));
	assert_int_equal(wire_media_count(wire).kept, 1);
	wire_free(wire);
	assert_int_equal(content(f, "tls.keys", out, sizeof(out)), 10);
	/* whose a connection was that is gone is not known, and nobody's are kept for all */
	f->params.wall_us++;
	f->params.hosts = &f->near;
	f->params.host_count = 1;
	begin(f, &wire);
	wire_key(wire, &nobody, span_of("ONE 01 02\n"));
	assert_int_equal(wire_count(wire).kept, 0);
	assert_int_equal(wire_count(wire).lost, 1);
	wire_free(wire);
}

/* A disk takes part of a line: those before and behind it are whole. */
static void one_that_was_cut_spoils_no_other(void **state)
{
	struct fixture *f = *state;
	struct wire *wire;
	char out[200];

	begin(f, &wire);
	wire_key(wire, &f->near, span_of("ONE 01 02\n"));
	limit_files(15);
	wire_key(wire, &f->near, span_of("TWO 03 04\n"));
	limit_files(RLIM_INFINITY);
	wire_key(wire, &f->near, span_of("THREE\n"));
	content(f, "tls.keys", out, sizeof(out));
	assert_string_equal(out, "ONE 01 02\nTHREE\n");
	assert_int_equal(wire_count(wire).kept, 2);
	assert_int_equal(wire_count(wire).lost, 1);
	wire_free(wire);
}

static void one_lost_for_want_of_memory_does_not_end_what_is_encrypted(void **state)
{
	struct fixture *f = *state;
	struct wire *wire;
	char out[1000];

	begin_encrypted(f, &wire);
	wire_media_key(wire, (struct span){NULL, 0});
	wire_media_key(wire, span_of("TWO\n"));
	assert_int_equal(wire_media_count(wire).kept, 1);
	assert_int_equal(wire_media_count(wire).lost, 1);
	wire_free(wire);
	assert_true(content(f, "srtp.keys.age", out, sizeof(out)) > 200);
	assert_int_equal(content(f, "srtp.keys.age.part", out, sizeof(out)), 0);
	assert_int_equal(content(f, "srtp.keys", out, sizeof(out)), 0);
}

static void with_recipients_nothing_is_in_clear(void **state)
{
	struct fixture *f = *state;
	struct wire *wire;
	char out[1000];

	begin_encrypted(f, &wire);
	wire_key(wire, &f->near, span_of("ONE 01 02\n"));
	assert_int_equal(content(f, "tls.keys.age", out, sizeof(out)), 0);
	assert_true(content(f, "tls.keys.age.part", out, sizeof(out)) > 0);
	assert_null(strstr(out, "ONE"));
	wire_free(wire);
	assert_int_equal(content(f, "tls.keys.age.part", out, sizeof(out)), 0);
	assert_true(content(f, "tls.keys.age", out, sizeof(out)) > 200);
	assert_int_equal(memcmp(out, "age-encryption.org/v1\n", 22), 0);
	assert_null(memmem(out, sizeof(out), "ONE", 3));
	assert_int_equal(content(f, "tls.keys", out, sizeof(out)), 0);
}

static void what_stands_there_is_left(void **state)
{
	struct fixture *f = *state;
	struct err_text text = {""};
	struct wire *wire = NULL;
	char path[4400];

	begin(f, &wire);
	wire_free(wire);
	/* the same moment again */
	assert_int_equal(wire_new(&wire, &f->params, &text), -EEXIST);
	assert_non_null(strstr(text.text, FOLDER));
	f->params.wall_us++;
	snprintf(path, sizeof(path), "%s/audit/wire/2026-01-01T00-00-00-000001Z",
		f->folder);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(wire_new(&wire, &f->params, &text) < 0);
	f->params.state_dir = "/nowhere";
	assert_int_equal(wire_new(&wire, &f->params, &text), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(secrets_stand_in_a_file_of_their_own),
		TEST(those_of_other_hosts_are_not_kept),
		TEST(those_of_media_stand_apart),
		TEST(what_is_lost_is_counted),
		TEST(one_that_was_cut_spoils_no_other),
		TEST(one_lost_for_want_of_memory_does_not_end_what_is_encrypted),
		TEST(with_recipients_nothing_is_in_clear),
		TEST(what_stands_there_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
