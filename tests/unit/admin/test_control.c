/* The control socket and the table behind it, spoken to byte by byte. */
#include "../unit.h"

#include "admin/control.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char last_log[1024];

static void keep_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	snprintf(last_log, sizeof(last_log), "%s", line);
}

static enum api_code echo(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg;
	(void)text;
	*ret_result = json_array();
	for (size_t i = 0; i < arg_count; i++)
		json_array_append_new(*ret_result, json_string(args[i]));
	return API_OK;
}

static enum api_code refuse(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg;
	(void)args;
	(void)arg_count;
	*ret_result = json_pack("{s:[s]}", "errors", "a:1:1: error: x");
	err_set(text, 0, "refused");
	return API_CONFIG;
}

static enum api_code large(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	static char bytes[4000000];

	(void)arg;
	(void)args;
	(void)arg_count;
	(void)text;
	memset(bytes, 'x', sizeof(bytes) - 1);
	*ret_result = json_string(bytes);
	return API_OK;
}

/* An answer in parts: whoever has asked last. */
static struct api *asked_api;
static struct api_call *dripping;
static unsigned cancelled;

static void cancel_drip(void *arg)
{
	(void)arg;
	cancelled++;
	dripping = NULL;
}

static enum api_code drip(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg;
	(void)args;
	(void)arg_count;
	(void)ret_result;
	(void)text;
	dripping = api_defer(asked_api, cancel_drip, NULL);
	assert_non_null(dripping);
	assert_true(api_part(dripping, json_string("first")));
	return API_PENDING;
}

static const struct api_verb verbs[] = {
	{"drip", "", 0, 0, false, "drip", "", drip},
	{"echo", "", 0, 2, false, "echo [A [B]]", "", echo},
	{"act", "now", 1, 1, true, "act now X", "", echo},
	{"act", "often", 0, 2, true, "act often [X [N]]", "", echo},
	{"refuse", "", 0, 0, false, "refuse", "", refuse},
	{"large", "", 0, 0, false, "large", "", large},
	{.noun = NULL},
};

struct fixture {
	struct clock_virtual clock;
	struct loop *loop;
	struct api *api;
	struct control *control;
	char folder[64], path[128];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err_text text = {""};

	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(fixture->folder))
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/sock", fixture->folder);
	clock_virtual_init(&fixture->clock, 1);
	if (loop_new(&fixture->loop, &fixture->clock.clock) != 0 ||
		api_new(&fixture->api, verbs, NULL) != 0 ||
		control_new(&fixture->control, fixture->loop, fixture->path, (gid_t)-1,
			fixture->api, &text) != 0)
		return -1;
	log_set_sink(keep_log, NULL);
	asked_api = fixture->api;
	dripping = NULL;
	cancelled = 0;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	log_set_sink(NULL, NULL);
	control_free(fixture->control);
	api_free(fixture->api);
	loop_free(fixture->loop);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void turn(struct fixture *fixture, unsigned count)
{
	while (count-- > 0)
		loop_turn(fixture->loop, 0);
}

static int connect_client(struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, fixture->path, strlen(fixture->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	turn(fixture, 1);
	return fd;
}

static void say(struct fixture *fixture, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turn(fixture, 3);
}

static void expect(int fd, const char *answer)
{
	char text[4096];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		fail_msg("%s instead of %s", strerror(errno), answer);
	text[len] = '\0';
	assert_string_equal(text, answer);
}

static void expect_nothing(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void expect_closed(int fd)
{
	char byte;

	assert_true(recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET);
	close(fd);
}

static void a_request_is_answered_by_a_line(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	struct stat st;

	say(fixture, fd, "{\"noun\":\"echo\",\"args\":[\"a\",\"b\"]}\n");
	expect(fd, "{\"code\":0,\"result\":[\"a\",\"b\"]}\n");
	say(fixture, fd, "{\"noun\":\"echo\",\"verb\":\"\"}\n{\"noun\":\"refuse\"}\n");
	expect(fd, "{\"code\":0,\"result\":[]}\n"
		   "{\"code\":6,\"error\":\"refused\",\"result\":{\"errors\":[\"a:1:1: "
		   "error: x\"]}}\n");
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	close(fd);
}

static void half_a_line_waits_for_its_end(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	say(fixture, fd, "{\"noun\":");
	expect_nothing(fd);
	say(fixture, fd, "\"echo\"}");
	expect_nothing(fd);
	say(fixture, fd, "\n");
	expect(fd, "{\"code\":0,\"result\":[]}\n");
	close(fd);
}

static void a_client_that_shuts_down_writing_is_still_answered(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	assert_true(send(fd, "{\"noun\":\"echo\"}\n", 16, 0) == 16);
	shutdown(fd, SHUT_WR);
	turn(fixture, 4);
	expect(fd, "{\"code\":0,\"result\":[]}\n");
	expect_closed(fd);
}

static void mistakes_are_usage_errors(void **state)
{
	static const char nine_args[] =
		"{\"noun\":\"echo\",\"args\":[\"\",\"\",\"\",\"\","
		"\"\",\"\",\"\",\"\",\"\"]}\n";
	const char *const requests[] = {"hello\n", "\n", "[]\n", "{}\n", "{\"noun\":1}\n",
		"{\"noun\":\"nothing\"}\n", "{\"noun\":\"echo\",\"args\":3}\n",
		"{\"noun\":\"echo\",\"args\":[1]}\n",
		"{\"noun\":\"act\",\"verb\":\"now\"}\n",
		"{\"noun\":\"echo\",\"args\":[\"1\",\"2\",\"3\"]}\n", nine_args,
		"{\"noun\":\"echo\",\"noun\":\"echo\"}\n",
		"{\"noun\":\"echo\\u0000\"}\n"};
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	char text[1024];
	ssize_t len;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		say(fixture, fd, requests[i]);
		len = recv(fd, text, sizeof(text) - 1, 0);
		assert_true(len > 0);
		text[len] = '\0';
		if (strncmp(text, "{\"code\":2,", 10) != 0)
			fail_msg("%s answered by %s", requests[i], text);
	}
	close(fd);
}

static void an_endless_request_is_cut(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	char block[4096];

	memset(block, ' ', sizeof(block));
	for (unsigned i = 0; i < 40 && send(fd, block, sizeof(block), MSG_NOSIGNAL) > 0;
		i++)
		turn(fixture, 2);
	expect(fd, "{\"code\":2,\"error\":\"the request is longer than 64 kB\"}\n");
	expect_closed(fd);
}

static void slow_clients_are_cut_and_idle_ones_not(void **state)
{
	struct fixture *fixture = *state;
	int idle = connect_client(fixture), half = connect_client(fixture);
	int deaf = connect_client(fixture);

	say(fixture, half, "{\"noun\":");
	say(fixture, deaf, "{\"noun\":\"large\"}\n");
	clock_virtual_advance(&fixture->clock, 31000000);
	turn(fixture, 2);
	expect_closed(half);
	say(fixture, idle, "{\"noun\":\"echo\"}\n");
	expect(idle, "{\"code\":0,\"result\":[]}\n");
	assert_int_equal(send(deaf, "x", 1, MSG_NOSIGNAL), -1);
	close(idle);
	close(deaf);
}

static void a_large_answer_arrives_whole(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	static char block[65536];
	size_t total = 0;
	ssize_t len;

	say(fixture, fd, "{\"noun\":\"large\"}\n");
	for (;;) {
		len = recv(fd, block, sizeof(block), 0);
		if (len < 0)
			break;
		total += (size_t)len;
		turn(fixture, 1);
	}
	assert_int_equal(total, 3999999 + strlen("{\"code\":0,\"result\":\"\"}\n"));
	close(fd);
}

static void a_client_that_vanishes_does_no_harm(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture), other;

	send(fd, "{\"noun\":\"large\"}\n{\"noun\":\"la", 28, 0);
	close(fd);
	turn(fixture, 5);
	fd = connect_client(fixture);
	say(fixture, fd, "{\"noun\":\"large\"}\n");
	close(fd);
	turn(fixture, 5);
	other = connect_client(fixture);
	say(fixture, other, "{\"noun\":\"echo\"}\n");
	expect(other, "{\"code\":0,\"result\":[]}\n");
	close(other);
}

static void too_many_clients_are_told(void **state)
{
	struct fixture *fixture = *state;
	int fds[32], more;

	for (unsigned i = 0; i < 32; i++)
		fds[i] = connect_client(fixture);
	more = connect_client(fixture);
	expect(more, "{\"code\":1,\"error\":\"too many control clients\"}\n");
	expect_closed(more);
	for (unsigned i = 0; i < 32; i++)
		close(fds[i]);
	turn(fixture, 2);
	more = connect_client(fixture);
	expect_nothing(more);
	close(more);
}

static void acts_are_logged_with_who_did_them(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	char who[64];

	say(fixture, fd,
		"{\"noun\":\"act\",\"verb\":\"now\",\"args\":[\"x "
		"y\\n\"],\"user\":\"ann\\\" code=0\"}\n");
	expect(fd, "{\"code\":0,\"result\":[\"x y\\n\"]}\n");
	snprintf(who, sizeof(who), "who=\"uid %u pid %d user ann\\\"", (unsigned)getuid(),
		(int)getpid());
	assert_non_null(strstr(last_log, who));
	assert_non_null(strstr(last_log, "noun=act verb=now"));
	assert_null(strchr(last_log, '\n'));
	assert_non_null(strstr(last_log, " arg="));
	assert_null(strstr(last_log, " value="));
	say(fixture, fd,
		"{\"noun\":\"act\",\"verb\":\"often\",\"args\":[\"x\",\"9\"]}\n");
	expect(fd, "{\"code\":0,\"result\":[\"x\",\"9\"]}\n");
	assert_non_null(strstr(last_log, " noun=act verb=often arg=\"x\" value="));
	say(fixture, fd, "{\"noun\":\"act\",\"verb\":\"often\"}\n");
	expect(fd, "{\"code\":0,\"result\":[]}\n");
	assert_non_null(strstr(last_log, " noun=act verb=often who="));
	last_log[0] = '\0';
	say(fixture, fd, "{\"noun\":\"echo\"}\n");
	assert_string_equal(last_log, "");
	close(fd);
}

static void a_live_socket_is_respected_and_a_dead_one_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct control *other = NULL;
	struct err_text text = {""};
	char dead[160], file[160];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	assert_true(control_new(&other, fixture->loop, fixture->path, (gid_t)-1,
			    fixture->api, &text) < 0);
	assert_non_null(strstr(text.text, "another server"));
	assert_int_equal(access(fixture->path, F_OK), 0);

	snprintf(dead, sizeof(dead), "%s/dead", fixture->folder);
	memcpy(address.sun_path, dead, strlen(dead) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(
		control_new(&other, fixture->loop, dead, (gid_t)-1, fixture->api, &text),
		0);
	control_free(other);
	assert_int_equal(access(dead, F_OK), -1);

	snprintf(file, sizeof(file), "%s/file", fixture->folder);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_true(control_new(&other, fixture->loop, file, (gid_t)-1, fixture->api,
			    &text) < 0);
	assert_int_equal(unlink(file), 0);
}

static void an_answer_comes_in_parts(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	say(fixture, fd, "{\"noun\":\"drip\"}\n");
	expect(fd, "{\"part\":\"first\"}\n");
	assert_true(api_part(dripping, json_string("a")));
	assert_true(api_part(dripping, json_string("b")));
	expect_nothing(fd);
	turn(fixture, 1);
	expect(fd, "{\"part\":\"a\"}\n{\"part\":\"b\"}\n");
	/* It may take as long as it wants. */
	clock_virtual_advance(&fixture->clock, 310000000);
	turn(fixture, 2);
	expect_nothing(fd);
	api_finish(dripping, API_OK, json_true(), NULL);
	turn(fixture, 2);
	expect(fd, "{\"code\":0,\"result\":true}\n");
	say(fixture, fd, "{\"noun\":\"echo\"}\n");
	expect(fd, "{\"code\":0,\"result\":[]}\n");
	assert_int_equal(cancelled, 0);
	close(fd);
}

static void parts_that_are_not_read_are_dropped(void **state)
{
	static char long_text[4096];
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	unsigned taken = 0, before;

	memset(long_text, 'x', sizeof(long_text) - 1);
	say(fixture, fd, "{\"noun\":\"drip\"}\n");
	/* Until the kernel's buffer and ours are full; then for ever. */
	for (unsigned i = 0; i < 1000; i++) {
		taken += api_part(dripping, json_string(long_text));
		turn(fixture, 1);
	}
	assert_in_range(taken, 64, 900);
	before = taken;
	taken += api_part(dripping, json_string(long_text));
	assert_int_equal(taken, before);
	/* It is slow, and stays. */
	clock_virtual_advance(&fixture->clock, 310000000);
	turn(fixture, 2);
	assert_int_equal(cancelled, 0);
	while (recv(fd, long_text, sizeof(long_text), MSG_DONTWAIT) > 0)
		turn(fixture, 1);
	assert_true(api_part(dripping, json_string("again")));
	close(fd);
	turn(fixture, 2);
	assert_int_equal(cancelled, 1);
}

static void who_vanishes_gets_no_more_parts(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	say(fixture, fd, "{\"noun\":\"drip\"}\n");
	close(fd);
	/* Not freed under the feet of whoever sends. */
	api_part(dripping, json_string("a"));
	assert_int_equal(cancelled, 0);
	turn(fixture, 2);
	assert_int_equal(cancelled, 1);
}

/* All descriptors are taken by others: operators get in by the reserve, one after the other without
 * end, and a few at a time; whoever comes too many waits, and costs no turns. */
static void an_operator_gets_in_without_descriptors(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct rlimit usual, low;
	int fds[DESCRIPTORS_RESERVE + 1], next;

	memcpy(address.sun_path, fixture->path, strlen(fixture->path) + 1);
	for (unsigned i = 0; i <= DESCRIPTORS_RESERVE; i++)
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	next = dup(0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	low = usual;
	low.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (unsigned i = 0; i <= DESCRIPTORS_RESERVE; i++) {
		assert_int_equal(
			connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
		say(fixture, fds[i], "{\"noun\":\"echo\"}\n");
		if (i < DESCRIPTORS_RESERVE)
			expect(fds[i], "{\"code\":0,\"result\":[]}\n");
	}
	expect_nothing(fds[DESCRIPTORS_RESERVE]);
	shutdown(fds[0], SHUT_RDWR);
	turn(fixture, 3);
	expect_nothing(fds[DESCRIPTORS_RESERVE]); /* it rests */
	clock_virtual_advance(&fixture->clock, 101000);
	turn(fixture, 4);
	expect(fds[DESCRIPTORS_RESERVE], "{\"code\":0,\"result\":[]}\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	for (unsigned i = 0; i <= DESCRIPTORS_RESERVE; i++)
		close(fds[i]);
	turn(fixture, 3);
}

static void assert_text(const char *in, const char *out)
{
	json_t *string = api_text(in);

	assert_string_equal(json_string_value(string), out);
	json_decref(string);
}

/* What peers wrote goes out as JSON, whatever bytes it has. */
static void a_text_that_is_no_utf8_can_be_read(void **state)
{
	(void)state;
	assert_text("J\xc3\xbcrgen", "J\xc3\xbcrgen");
	assert_text("J\xfcrgen\x7f", "J?rgen\x7f");
	assert_text("\x80", "?");
	assert_text("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_request_is_answered_by_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			half_a_line_waits_for_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_that_shuts_down_writing_is_still_answered, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			mistakes_are_usage_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_endless_request_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(
			slow_clients_are_cut_and_idle_ones_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_large_answer_arrives_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_that_vanishes_does_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(
			too_many_clients_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_operator_gets_in_without_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(
			acts_are_logged_with_who_did_them, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_live_socket_is_respected_and_a_dead_one_replaced, setup,
			teardown),
		cmocka_unit_test(a_text_that_is_no_utf8_can_be_read),
		cmocka_unit_test_setup_teardown(
			an_answer_comes_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			parts_that_are_not_read_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_vanishes_gets_no_more_parts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
