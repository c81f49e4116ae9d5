/*
 * libpcap writes to a stream, and cannot tell that a record was not written. So the stream is one of ours, that
 * leads into a buffer; the file behind it is capture.c's matter.
 */
#include <pcap.h>

#include "audit/classic.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN 262144
#define US_PER_S UINT64_C(1000000)

struct classic {
	pcap_dumper_t *dumper;
	FILE *stream; /* the dumper's */
	struct buf *out;
	struct buf head;
};

static ssize_t write_h(void *cookie, const char *data, size_t len)
{
	struct classic *classic = cookie;

	buf_add(classic->out, data, len);
	return (ssize_t)len;
}

int classic_new(struct classic **ret)
{
	const cookie_io_functions_t functions = {.write = write_h};
	struct classic *classic = calloc(1, sizeof(*classic));
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(
		DLT_RAW, SNAPLEN, PCAP_TSTAMP_PRECISION_MICRO);

	if (!classic || !pcap)
		goto out;
	buf_init(&classic->head, 0);
	classic->out = &classic->head;
	classic->stream = fopencookie(classic, "w", functions);
	if (!classic->stream)
		goto out;
	__fsetlocking(classic->stream, FSETLOCKING_BYCALLER); /* one thread alone */
	classic->dumper = pcap_dump_fopen(pcap, classic->stream);
	if (!classic->dumper)
		goto out;
	fflush(classic->stream);
	if (classic->head.err)
		goto out;
	pcap_close(pcap);
	*ret = classic;
	return 0;
out:
	if (pcap)
		pcap_close(pcap);
	classic_free(classic);
	return -ENOMEM;
}

void classic_free(struct classic *classic)
{
	if (!classic)
		return;
	if (classic->dumper)
		pcap_dump_close(classic->dumper);
	buf_free(&classic->head);
	free(classic);
}

void classic_head(const struct classic *classic, struct buf *out)
{
	buf_add_span(out, buf_span(&classic->head));
}

void classic_packet(struct classic *classic, struct buf *out, uint64_t wall_us,
	const void *packet, size_t len, size_t whole)
{
	const struct pcap_pkthdr head = {
		.ts = {.tv_sec = (time_t)(wall_us / US_PER_S),
			.tv_usec = (suseconds_t)(wall_us % US_PER_S)},
		.caplen = (bpf_u_int32)len,
		.len = (bpf_u_int32)whole,
	};

	classic->out = out;
	pcap_dump((u_char *)classic->dumper, &head, packet);
	fflush(classic->stream);
	classic->out = &classic->head;
}

size_t classic_record_len(const uint8_t head[static CLASSIC_RECORD_HEAD])
{
	uint32_t len;

	/* seconds, microseconds, bytes here, bytes once */
	memcpy(&len, head + 8, sizeof(len));
	return len <= SNAPLEN ? CLASSIC_RECORD_HEAD + len : 0;
}
