#include "web.h"

#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void hang_up(struct web *web)
{
	int fd = web->connection.fd;

	if (!web->connection.loop)
		return;
	loop_unwatch(&web->connection);
	close(fd);
	buf_clear(&web->request);
}

/* Head and as many bytes as that says. */
static bool is_whole(struct web *web)
{
	const char *text = buf_str(&web->request);
	const char *end = strstr(text, "\r\n\r\n");
	const char *len = strstr(text, "Content-Length: ");

	return end && len &&
	       web->request.len >= (size_t)(end + 4 - text) + strtoul(len + 16, NULL, 10);
}

static void read_h(void *arg, uint32_t events)
{
	struct web *web = arg;
	char bytes[4096];
	ssize_t n = read(web->connection.fd, bytes, sizeof(bytes));

	(void)events;
	if (n > 0) {
		buf_add(&web->request, bytes, (size_t)n);
		if (!is_whole(web) || web->answer.len == 0)
			return;
		(void)!send(web->connection.fd, web->answer.data, web->answer.len,
			MSG_NOSIGNAL);
	}
	n = web->connection.fd;
	loop_unwatch(&web->connection);
	close((int)n);
}

static void accept_h(void *arg, uint32_t events)
{
	struct web *web = arg;
	int fd = accept(web->listener.fd, NULL, NULL);

	(void)events;
	assert_true(fd >= 0);
	hang_up(web);
	buf_clear(&web->request);
	web->connections++;
	assert_int_equal(
		loop_watch(web->loop, &web->connection, fd, EPOLLIN, read_h, web), 0);
}

void web_start(struct web *web, struct loop *loop)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memset(web, 0, sizeof(*web));
	web->loop = loop;
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	assert_int_equal(
		addr_parse_host(&web->address, "127.0.0.1", 9, ntohs(in.sin_port)), 0);
	assert_int_equal(loop_watch(loop, &web->listener, fd, EPOLLIN, accept_h, web), 0);
}

void web_stop(struct web *web)
{
	int fd = web->listener.fd;

	hang_up(web);
	loop_unwatch(&web->listener);
	close(fd);
	buf_free(&web->answer);
	buf_free(&web->request);
}

void web_say(struct web *web, const char *head, const void *body, size_t len)
{
	buf_clear(&web->answer);
	buf_printf(&web->answer, "HTTP/1.1 %s\r\n\r\n", head);
	buf_add(&web->answer, body, len);
}
