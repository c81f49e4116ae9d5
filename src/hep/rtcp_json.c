#include "hep/rtcp_json.h"

#include "media/rtcp.h"

#include <inttypes.h>

static void add_sender(struct buf *out, const struct rtcp_sender *sender)
{
	buf_printf(out,
		",\"sender_information\":{\"ntp_timestamp_sec\":%" PRIu32
		",\"ntp_timestamp_usec\":%" PRIu32 ",\"rtp_timestamp\":%" PRIu32
		",\"packets\":%" PRIu32 ",\"octets\":%" PRIu32 "}",
		(uint32_t)(sender->ntp >> 32), (uint32_t)sender->ntp, sender->timestamp,
		sender->packets, sender->octets);
}

static void add_report(struct buf *out, const struct rtcp_report *report)
{
	buf_printf(out,
		"{\"source_ssrc\":%" PRIu32 ",\"fraction_lost\":%u"
		",\"packets_lost\":%" PRId32 ",\"highest_seq_no\":%" PRIu32
		",\"ia_jitter\":%" PRIu32 ",\"lsr\":%" PRIu32 ",\"dlsr\":%" PRIu32 "}",
		report->source, report->fraction_lost, report->lost, report->highest_seq,
		report->jitter, report->last_sr, report->delay_last_sr);
}

bool rtcp_json(const uint8_t *data, size_t len, struct buf *out)
{
	struct rtcp_report reports[RTCP_JSON_REPORTS];
	const size_t count = rtcp_reports(data, len, reports, RTCP_JSON_REPORTS);
	struct rtcp_sender sender;
	const bool sends = rtcp_sender(data, len, &sender);

	if (!sends && count == 0)
		return false;
	buf_printf(out, "{\"type\":%d,\"ssrc\":%" PRIu32 ",\"report_count\":%zu",
		sends ? RTCP_SR : RTCP_RR, sends ? sender.ssrc : reports[0].reporter,
		count);
	if (sends)
		add_sender(out, &sender);
	buf_add_str(out, ",\"report_blocks\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_report(out, &reports[i]);
	}
	buf_add_str(out, "]}");
	return true;
}
