/*
 * RTCP that passed: whatever is valid can be read, and what we make of it is valid, says what
 * it was told to say, and is never longer than its room.
 */
#include "media/report.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			(void)fprintf(                                                   \
				stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                         \
		}                                                                        \
	} while (0)

#define REPORTS_MAX 40

static void write_again(
	const struct rtcp_sender *sender, const struct rtcp_report *report)
{
	uint8_t out[RTCP_WRITE_MAX];
	struct rtcp_sender again;
	struct rtcp_report reports[2];
	size_t len = rtcp_write(out, sender, report, "0123456789abcdef01234567");

	MUST(len <= sizeof(out) && len % 4 == 0 && rtcp_is_valid(out, len));
	MUST(rtcp_sender(out, len, &again));
	MUST(again.ssrc == sender->ssrc && again.ntp == sender->ntp &&
		again.timestamp == sender->timestamp &&
		again.packets == sender->packets && again.octets == sender->octets);
	MUST(rtcp_reports(out, len, reports, 2) == (report ? 1 : 0));
	if (report)
		MUST(reports[0].source == report->source &&
			reports[0].lost == report->lost &&
			reports[0].highest_seq == report->highest_seq &&
			reports[0].jitter == report->jitter &&
			reports[0].last_sr == report->last_sr);
}

static void answer(const uint8_t *data, size_t len)
{
	struct report report = {0};
	struct quality quality = {.started = 1, .ssrc = 7, .max_seq = 9, .received = 3};
	const struct report_facts facts = {.now_us = 20000000,
		.wall_us = 1700000000000000,
		.stream = &quality,
		.stream_us = 19000000,
		.packets = 5,
		.octets = 800,
		.back = &quality,
		.cname = "cname"};
	uint8_t out[RTCP_WRITE_MAX];
	size_t made;

	report_passed(&report, data, len, 1000000);
	report_heard(&report, data, len, 1000500);
	made = report_make(&report, &facts, out);
	MUST(made <= sizeof(out) && rtcp_is_valid(out, made));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_report reports[REPORTS_MAX];
	struct rtcp_sender sender;
	size_t count;

	if (!rtcp_is_valid(data, size))
		return 0;
	MUST(size % 4 == 0 && size >= 8);
	count = rtcp_reports(data, size, reports, REPORTS_MAX);
	MUST(count <= REPORTS_MAX);
	if (rtcp_sender(data, size, &sender))
		write_again(&sender, count > 0 ? &reports[0] : NULL);
	answer(data, size);
	return 0;
}
