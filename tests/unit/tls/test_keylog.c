/* Secrets of connections for captures on the wire: whoever listens is told of each, also of one that is lost. */
#include "../unit.h"
#include "pair_fixture.h"

#include "tls/keylog.h"

#include <errno.h>
#include <sys/socket.h>

struct heard {
	unsigned lines, lost, nowhere;
	unsigned of_client, of_server; /* traffic secrets */
};

static bool has_no_room, has_no_peer;

void __real_buf_add_hex(struct buf *buf, struct span bytes);
void __wrap_buf_add_hex(struct buf *buf, struct span bytes);
void __wrap_buf_add_hex(struct buf *buf, struct span bytes)
{
	__real_buf_add_hex(buf, bytes);
	if (has_no_room)
		buf->err = -ENOMEM;
}

int __real_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	if (has_no_peer) {
		errno = ENOTCONN;
		return -1;
	}
	return __real_getpeername(fd, addr, len);
}

static void key_h(void *arg, const struct addr *remote, struct span line)
{
	struct heard *heard = arg;

	if (remote->len == 0)
		heard->nowhere++;
	if (!line.p) {
		heard->lost++;
		return;
	}
	heard->lines++;
	heard->of_client += span_starts(line, "CLIENT_TRAFFIC_SECRET_0 ");
	heard->of_server += span_starts(line, "SERVER_TRAFFIC_SECRET_0 ");
	assert_int_equal(line.p[line.len - 1], '\n');
}

static void shake(struct heard *ret, bool listens)
{
	struct pair pair;

	*ret = (struct heard){0};
	keylog_set(listens ? key_h : NULL, ret);
	pair_open(&pair, true, world.cred, world.peer, &world.good, FAR_13);
	assert_int_equal(pair_shake(&pair), 0);
	keylog_set(NULL, NULL);
	pair_stop(&pair);
}

static void each_secret_is_told(void **state)
{
	struct heard heard;

	(void)state;
	shake(&heard, true);
	assert_true(heard.lines >= 4);
	assert_int_equal(heard.of_client, 1);
	assert_int_equal(heard.of_server, 1);
	assert_int_equal(heard.lost, 0);
	assert_int_equal(heard.nowhere, 0);
	shake(&heard, false);
	assert_int_equal(heard.lines, 0);
}

static void one_without_room_is_told_as_lost(void **state)
{
	struct heard heard;

	(void)state;
	has_no_room = true;
	shake(&heard, true);
	has_no_room = false;
	assert_int_equal(heard.lines, 0);
	assert_true(heard.lost >= 4);
}

static void one_of_a_connection_that_is_gone_is_told_too(void **state)
{
	struct heard heard;

	(void)state;
	has_no_peer = true;
	shake(&heard, true);
	has_no_peer = false;
	assert_true(heard.lines >= 4);
	assert_int_equal(heard.nowhere, heard.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_secret_is_told),
		cmocka_unit_test(one_without_room_is_told_as_lost),
		cmocka_unit_test(one_of_a_connection_that_is_gone_is_told_too),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
