/*
 * What SRTP costs: nanoseconds to seal and to open a packet of 172 bytes (20 ms of G.711),
 * for each suite, with 1 and with 1,000 sessions in turn, with libsrtp2's own
 * primitives and with those of our engines. Usage: bench_srtp [PACKETS]
 */
#include "media/srtp.h"
#include "media/srtp_engine.h"

#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKET 172
#define SESSIONS_MAX 1000
#define BATCH_MIN 64 /* packets between two looks at the clock */

struct session {
	struct srtp_context *seal;
	struct srtp_context *open;
	uint16_t seq;
};

struct packet {
	_Alignas(8) uint8_t data[PACKET + SRTP_TRAILER_MAX];
	size_t len;
};

static struct session sessions[SESSIONS_MAX];
static struct packet packets[SESSIONS_MAX];

static const size_t key_len[] = {44, 28, 46, 30, 46, 30};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void check(int err, const char *what)
{
	if (err == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err_str(err));
	exit(1);
}

static void start(enum relay_suite suite, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct relay_key key = {.suite = suite};

		check(secret_random(&key.key, key_len[suite]), "random");
		check(srtp_context_new(&sessions[i].seal, &key, SRTP_SEAL), "seal");
		check(srtp_context_new(&sessions[i].open, &key, SRTP_OPEN), "open");
		sessions[i].seq = 1;
	}
}

static void stop(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		srtp_context_free(sessions[i].seal);
		srtp_context_free(sessions[i].open);
	}
}

static void fill(struct packet *packet, uint16_t seq)
{
	memset(packet->data, 0x55, PACKET);
	packet->data[0] = 0x80;
	packet->data[1] = 0;
	packet->data[2] = (uint8_t)(seq >> 8);
	packet->data[3] = (uint8_t)seq;
	packet->len = PACKET;
}

static void measure(enum relay_suite suite, unsigned count, unsigned long total)
{
	unsigned batch = count > BATCH_MIN ? count : BATCH_MIN;
	double began, sealed = 0, opened = 0;
	unsigned long done = 0;

	start(suite, count);
	while (done < total) {
		for (unsigned i = 0; i < batch; i++)
			fill(&packets[i], sessions[i % count].seq++);
		began = now_ns();
		for (unsigned i = 0; i < batch; i++)
			check(srtp_context_seal(sessions[i % count].seal, false,
				      packets[i].data, &packets[i].len),
				"seal");
		sealed += now_ns() - began;
		began = now_ns();
		for (unsigned i = 0; i < batch; i++)
			check(srtp_context_open(sessions[i % count].open, false,
				      packets[i].data, &packets[i].len),
				"open");
		opened += now_ns() - began;
		done += batch;
	}
	printf(" %6.0f %6.0f", sealed / (double)done, opened / (double)done);
	stop(count);
}

static void measure_all(const char *engine, unsigned long total)
{
	printf("%-24s %-6s %13s %13s\n", engine, "", "1 session", "1,000");
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		printf("%-24s %-6s", relay_suite_name(suite), "ns");
		measure(suite, 1, total);
		measure(suite, SESSIONS_MAX, total);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	const struct srtp_engine *const engines[] = {
		&srtp_engine_nettle, &srtp_engine_gnutls};
	unsigned long total = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	struct err_text text = {""};

	if (srtp_init() != srtp_err_status_ok)
		return 1;
	printf("seal and open, one packet of %d bytes, %lu packets\n", PACKET, total);
	measure_all("libsrtp2 as built", total / 10);
	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (srtp_engine_install(engines[i], &text) != 0) {
			fprintf(stderr, "%s\n", text.text);
			return 1;
		}
		measure_all(engines[i]->name, total);
	}
	return 0;
}
