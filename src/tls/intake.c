#include "tls/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Bytes read ahead of the library, which would take two system calls for each record. */
#define AHEAD_BYTES 8192
/* RFC 8446 5.1: types of records. */
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22

void intake_free(struct intake *intake)
{
	free(intake->ahead);
	intake->ahead = NULL;
}

/* TLS begins with a handshake record, or with an alert that says no. */
static void intake_hear(struct intake *intake)
{
	if (intake->heard)
		return;
	intake->heard = true;
	intake->plain =
		intake->ahead[0] != RECORD_HANDSHAKE && intake->ahead[0] != RECORD_ALERT;
	if (intake->plain)
		spoken_text(
			intake->spoke, (const char *)intake->ahead, intake->ahead_len);
}

/* 1, 0 at the end of the stream, or -1 with errno. */
static int intake_fill(struct intake *intake)
{
	ssize_t n;

	if (intake->drained) {
		intake->drained = false;
		errno = EAGAIN;
		return -1;
	}
	intake->ahead = malloc(AHEAD_BYTES);
	if (!intake->ahead) {
		errno = ENOMEM;
		return -1;
	}
	n = recv(intake->fd, intake->ahead, AHEAD_BYTES, 0);
	if (n <= 0) {
		int saved = errno;

		intake_free(intake);
		intake->ended = n == 0;
		errno = saved;
		return (int)n;
	}
	intake->ahead_start = 0;
	intake->ahead_len = (size_t)n;
	intake->drained = n < AHEAD_BYTES;
	intake_hear(intake);
	return 1;
}

/* The library takes a record's header, and then the rest of it. */
static void intake_keep_last(struct intake *intake, const unsigned char *data, size_t len)
{
	const size_t size = sizeof(intake->last);

	if (len >= size) {
		memcpy(intake->last, data + len - size, size);
		return;
	}
	memmove(intake->last, intake->last + len, size - len);
	memcpy(intake->last + size - len, data, len);
}

ssize_t intake_pull_h(gnutls_transport_ptr_t arg, void *data, size_t len)
{
	struct intake *intake = arg;

	if (!intake->ahead) {
		int got = intake_fill(intake);

		if (got <= 0)
			return got;
	}
	if (len > intake->ahead_len)
		len = intake->ahead_len;
	memcpy(data, intake->ahead + intake->ahead_start, len);
	intake_keep_last(intake, data, len);
	intake->ahead_start += len;
	intake->ahead_len -= len;
	if (intake->ahead_len == 0)
		intake_free(intake);
	return (ssize_t)len;
}

bool intake_alert(const struct intake *intake, int *ret_alert)
{
	const unsigned char *last = intake->last;

	if (last[0] != RECORD_ALERT || last[1] != 3 || last[3] != 0 || last[4] != 2 ||
		last[5] != GNUTLS_AL_FATAL)
		return false;
	*ret_alert = last[6];
	return true;
}
