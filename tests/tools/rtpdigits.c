/*
 * The digits of telephone-events (RFC 4733) that come as SRTP.
 *
 *   rtpdigits PORT CRYPTO
 *
 * Hears what comes to PORT of 127.0.0.1, opens it with CRYPTO, a value of a=crypto, and prints each digit when
 * its end has come, once. A "!" stands for a packet that does not belong into an event as it should be: one that
 * does not open, a first one without the marker or before the event of before has ended, a later one with
 * the marker, of another event, or shorter than the one before it. It ends by a signal.
 */
#include "media/srtp.h"
#include "media/srtp_engine.h"
#include "sdp/sdes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 12
#define EVENT 4
#define PACKET_MAX 2048

struct hearing {
	uint32_t timestamp;
	unsigned duration;
	uint8_t event;
	bool goes_on; /* its end has not come */
};

static unsigned get16(const uint8_t *data)
{
	return (unsigned)data[0] << 8 | data[1];
}

static bool open_key(struct srtp_context **ret, const char *text)
{
	struct sdes_crypto crypto;
	struct relay_key key = {0};

	if (sdes_parse(&crypto, span_of(text), NULL))
		return false;
	key.suite = (enum relay_suite)crypto.suite;
	key.key = crypto.key;
	return srtp_context_new(ret, &key, SRTP_OPEN) == 0;
}

static int listen_on(const char *port_text)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint64_t port;
	int fd;

	if (span_uint(span_of(port_text), UINT16_MAX, &port))
		return -1;
	address.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One packet that was opened. The end comes more than once: all but the first belong to what is over. */
static bool hear(struct hearing *hearing, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789*#ABCD";
	const uint8_t *event = data + HEADER;
	bool marker, ends, is_new;
	uint32_t timestamp;

	if (len != HEADER + EVENT || event[0] >= sizeof(digits) - 1)
		return false;
	marker = data[1] & 0x80;
	ends = event[1] & 0x80;
	timestamp = (uint32_t)get16(data + 4) << 16 | get16(data + 6);
	is_new = timestamp != hearing->timestamp;
	if (marker != is_new || (is_new && hearing->goes_on) ||
		(!is_new && event[0] != hearing->event) ||
		(!is_new && get16(event + 2) < hearing->duration))
		return false;
	if (ends && (is_new || hearing->goes_on))
		putchar(digits[event[0]]);
	*hearing = (struct hearing){timestamp, get16(event + 2), event[0], !ends};
	return true;
}

int main(int argc, char **argv)
{
	struct hearing hearing = {0};
	struct srtp_context *context = NULL;
	int fd = argc == 3 ? listen_on(argv[1]) : -1;

	if (fd < 0 || srtp_library_start(&srtp_engine_nettle, NULL) != 0 ||
		!open_key(&context, argv[2])) {
		fputs("usage: rtpdigits free-port crypto\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	for (;;) {
		_Alignas(8) uint8_t data[PACKET_MAX];
		ssize_t got = recv(fd, data, sizeof(data), 0);
		size_t len = got > 0 ? (size_t)got : 0;

		if (got < 0)
			return 1;
		/* what shares the port with RTP */
		if (len >= 2 && data[1] >= 192 && data[1] <= 223)
			continue;
		if (srtp_context_open(context, false, data, &len) != 0 ||
			!hear(&hearing, data, len))
			putchar('!');
	}
}
