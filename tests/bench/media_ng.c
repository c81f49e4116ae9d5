#include "media_ng.h"

#include "sdp/sdes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 4096
#define ANSWER_MS 2000

struct media_ng {
	int fd;
	unsigned cookie;
	char out[MESSAGE_MAX];
	char in[MESSAGE_MAX];
};

void media_ng_address(struct addr *ret, const struct addr *local)
{
	int fd = socket(local->sa.sa_family, SOCK_DGRAM, 0);

	*ret = *local;
	if (fd < 0 || bind(fd, &ret->sa, ret->len) != 0 ||
		getsockname(fd, &ret->sa, &ret->len) != 0)
		media_check(-errno, "ng address");
	close(fd);
}

void media_ng_exec(const struct addr *ng)
{
	char host[ADDR_TEXT_SIZE], control[ADDR_TEXT_SIZE];
	int null = open("/dev/null", O_RDWR);

	addr_host_text(ng, host);
	addr_text(ng, control);
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return;
	execlp("rtpengine", "rtpengine", "--config-file=none", "--table=-1", "-f", "-E",
		"-L", "1", "-i", host, "-n", control, "--num-threads=1",
		"--media-num-threads=1", "-m", "10000", "-M", "32767", "--delete-delay=0",
		"--timeout=3600", "--silent-timeout=3600", (char *)NULL);
}

/* A string as bencode has it, after its key. */
__attribute__((format(printf, 3, 4))) static void put(
	struct media_ng *ng, const char *key, const char *format, ...)
{
	size_t len = strlen(ng->out);
	char value[MESSAGE_MAX / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	snprintf(ng->out + len, sizeof(ng->out) - len, "%zu:%s%zu:%s", strlen(key), key,
		strlen(value), value);
}

static void begin(struct media_ng *ng, const char *command)
{
	snprintf(ng->out, sizeof(ng->out), "%u d", ++ng->cookie);
	put(ng, "command", "%s", command);
}

/* Sends what was put and waits for its answer, which is in IN then. False: none came. */
static bool ask(struct media_ng *ng)
{
	struct pollfd wait = {.fd = ng->fd, .events = POLLIN};
	size_t len = strlen(ng->out);
	unsigned cookie;

	snprintf(ng->out + len, sizeof(ng->out) - len, "e");
	if (send(ng->fd, ng->out, len + 1, 0) < 0)
		return false;
	while (poll(&wait, 1, ANSWER_MS) == 1) {
		ssize_t got = recv(ng->fd, ng->in, sizeof(ng->in) - 1, 0);

		if (got < 0)
			return false;
		ng->in[got] = '\0';
		if (sscanf(ng->in, "%u ", &cookie) == 1 && cookie == ng->cookie)
			return true;
	}
	return false;
}

static void demand(struct media_ng *ng)
{
	if (ask(ng) && strstr(ng->in, "6:result2:ok"))
		return;
	fprintf(stderr, "rtpengine: %.200s\n", ng->in);
	exit(1);
}

int media_ng_new(struct media_ng **ret, const struct addr *address, unsigned wait_ms,
	struct err_text *text)
{
	struct media_ng *ng = calloc(1, sizeof(*ng));

	if (!ng)
		return err_set(text, -ENOMEM, "out of memory");
	ng->fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ng->fd < 0 || connect(ng->fd, &address->sa, address->len) != 0) {
		media_ng_free(ng);
		return err_set(text, -errno, "socket: %s", err_str(-errno));
	}
	for (unsigned ms = 0; ms < wait_ms; ms += 50) {
		begin(ng, "ping");
		if (ask(ng)) {
			*ret = ng;
			return 0;
		}
		usleep(50000);
	}
	media_ng_free(ng);
	return err_set(text, ERR_SUPPORT,
		"rtpengine does not answer: is the package rtpengine-daemon installed?");
}

void media_ng_free(struct media_ng *ng)
{
	if (ng)
		close(ng->fd);
	free(ng);
}

/* Calls */

static void put_sdp(struct media_ng *ng, const struct addr peer[2], const char *crypto)
{
	char host[ADDR_TEXT_SIZE];

	addr_host_text(&peer[0], host);
	put(ng, "sdp",
		"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		"m=audio %u RTP/%s 8\r\na=rtcp:%u\r\n%s%s%s",
		host, host, addr_port(&peer[0]), crypto ? "SAVP" : "AVP",
		addr_port(&peer[1]), crypto ? "a=crypto:" : "", crypto ? crypto : "",
		crypto ? "\r\n" : "");
}

/* Where it listens, by the description in its answer. */
static void get_local(const struct media_ng *ng, struct addr ret[2])
{
	const char *media = strstr(ng->in, "\r\nm=audio ");
	const char *origin = strstr(ng->in, "\r\nc=IN IP4 ");
	const char *rtcp = strstr(ng->in, "\r\na=rtcp:");
	char host[ADDR_TEXT_SIZE];
	unsigned port, rtcp_port;

	if (!media || !origin || sscanf(media, " m=audio %u", &port) != 1 ||
		sscanf(origin, " c=IN IP4 %79[0-9.]", host) != 1)
		media_check(ERR_FORMAT, "rtpengine's description");
	if (!rtcp || sscanf(rtcp, " a=rtcp:%u", &rtcp_port) != 1)
		rtcp_port = port + 1;
	media_check(addr_parse(&ret[0], host, (uint16_t)port), host);
	media_check(addr_parse(&ret[1], host, (uint16_t)rtcp_port), host);
}

static void get_key(const struct media_ng *ng, struct relay_key *ret)
{
	const char *line = strstr(ng->in, "\r\na=crypto:");
	struct sdes_crypto crypto;
	struct span value;

	if (!line)
		media_check(ERR_FORMAT, "rtpengine's key");
	line += strlen("\r\na=crypto:");
	value = (struct span){line, strcspn(line, "\r\n")};
	media_check(sdes_parse(&crypto, value, NULL), "rtpengine's key");
	*ret = (struct relay_key){
		.suite = (enum relay_suite)crypto.suite, .key = crypto.key};
}

static void describe(struct media_ng *ng, const char *command, unsigned number)
{
	begin(ng, command);
	put(ng, "call-id", "bench-%u", number);
	put(ng, "from-tag", "inside");
	put(ng, "ICE", "remove");
	/* The sources that the descriptions announce, and no others. */
	strcat(ng->out, "5:flagsl13:strict-sourcee");
}

void media_ng_open(struct media_ng *ng, unsigned number, enum relay_suite suite,
	struct media_call *call)
{
	struct sdes_crypto crypto = {.tag = 1, .suite = (enum sdes_suite)suite};
	const struct relay_key to = media_key(suite, 2 * number);
	struct relay_key from;
	struct buf text;

	buf_init(&text, 0);
	call->to = media_pass(&to);
	crypto.key = to.key;
	sdes_print(&crypto, &text);

	describe(ng, "offer", number);
	put(ng, "transport-protocol", "RTP/AVP");
	put_sdp(ng, call->peer[RELAY_A], buf_str(&text));
	demand(ng);
	get_local(ng, call->local[RELAY_B]);

	describe(ng, "answer", number);
	put(ng, "to-tag", "outside");
	put_sdp(ng, call->peer[RELAY_B], NULL);
	demand(ng);
	get_local(ng, call->local[RELAY_A]);
	get_key(ng, &from);
	call->from = media_pass(&from);
	buf_free(&text);
}

void media_ng_close(struct media_ng *ng, unsigned number)
{
	begin(ng, "delete");
	put(ng, "call-id", "bench-%u", number);
	put(ng, "from-tag", "inside");
	demand(ng);
}
