#include "bridge/attributes.h"

#include "base/hash.h"
#include "base/log.h"
#include "config/attribute.h"
#include "config/words.h"

#include <string.h>

/* Longer names are cut in the log. */
#define NAME_SHOWN 64

enum place {
	IN_SESSION = 1 << 0,
	IN_RTP = 1 << 1,
	IN_FAX = 1 << 2,
};

struct attribute {
	const char *name;
	unsigned places;
	bool of_format; /* its value begins with a format of the line, or "*" */
};

/* What a far end needs in order to understand a line. The direction is written by us. */
static const struct attribute crossing[] = {
	{"rtpmap", IN_RTP, true},
	{"fmtp", IN_RTP, true},
	{"rtcp-fb", IN_RTP, true},
	{"imageattr", IN_RTP, true},
	{"ptime", IN_RTP, false},
	{"maxptime", IN_RTP, false},
	{"mptime", IN_RTP, false},
	{"maxprate", IN_RTP, false},
	{"rtcp-xr", IN_RTP, false},
	{"extmap", IN_RTP, false},
	{"extmap-allow-mixed", IN_RTP | IN_SESSION, false},
	{"silenceSupp", IN_RTP, false},
	{"xg726bitorder", IN_RTP, false},
	{"framerate", IN_RTP, false},
	{"quality", IN_RTP, false},
	{"orient", IN_RTP, false},
	{"label", IN_RTP | IN_FAX, false},
	{"content", IN_RTP | IN_FAX, false},
	{"lang", IN_RTP | IN_FAX, false},
	{"sdplang", IN_RTP | IN_FAX, false},
	{"T38FaxVersion", IN_FAX, false},
	{"T38MaxBitRate", IN_FAX, false},
	{"T38FaxFillBitRemoval", IN_FAX, false},
	{"T38FaxTranscodingMMR", IN_FAX, false},
	{"T38FaxTranscodingJBIG", IN_FAX, false},
	{"T38FaxRateManagement", IN_FAX, false},
	{"T38FaxMaxBuffer", IN_FAX, false},
	{"T38FaxMaxDatagram", IN_FAX, false},
	{"T38FaxMaxIFP", IN_FAX, false},
	{"T38FaxUdpEC", IN_FAX, false},
	{"T38FaxUdpECDepth", IN_FAX, false},
	{"T38FaxUdpFECMaxSpan", IN_FAX, false},
	{"T38ModemType", IN_FAX, false},
	{"T38VendorInfo", IN_FAX, false},
};

struct filter {
	enum place place;
	struct span formats; /* of the m= line */
	const struct leg *from, *to;
};

static const struct attribute *find(struct span name, enum place place)
{
	for (size_t i = 0; i < sizeof(crossing) / sizeof(crossing[0]); i++)
		if ((crossing[i].places & place) &&
			span_equal_str(name, crossing[i].name))
			return &crossing[i];
	return NULL;
}

static bool is_added(struct span name, const struct leg *leg)
{
	return words_have(&leg->settings->media.sdp_attributes, name);
}

/* A key, whatever the attribute calls itself (RFC 4568 9.1). */
static bool has_key(struct span value)
{
	static const char method[] = "inline:";
	const size_t len = sizeof(method) - 1;

	const char *colon;

	/* the colon is the rarest of its bytes */
	while ((colon = value.len ? memchr(value.p, ':', value.len) : NULL)) {
		size_t before = (size_t)(colon - value.p);

		if (before + 1 >= len &&
			span_equal_nocase((struct span){colon + 1 - len, len}, method))
			return true;
		value = (struct span){colon + 1, value.len - before - 1};
	}
	return false;
}

static bool lists_format(struct span formats, struct span value)
{
	struct span format, wanted;

	value = span_trim(value);
	if (!span_next(&value, ' ', &wanted))
		return false;
	if (span_equal_str(wanted, "*"))
		return true;
	while (span_next(&formats, ' ', &format))
		if (span_equal(format, wanted))
			return true;
	return false;
}

/* Says once a trunk that attributes of this name stay behind, other than those of the hop, which
 * it has of its own: a peer that makes up names fills no memory and no log. */
static void note_left_out(const struct leg *leg, struct span name)
{
	const char *trunk = leg->settings->id;

	if (!trunk || log_finest_level() < LOG_LEVEL_DEBUG)
		return;
	if (!hash_mark(leg->home->attributes_said, sizeof(leg->home->attributes_said) * 8,
		    hash_bytes(name.p, name.len, hash_bytes(trunk, strlen(trunk), 0))))
		return;
	if (name.len > NAME_SHOWN)
		name.len = NAME_SHOWN;
	log_debug("call", "%s=%s event=sdp-attribute-left-out what=%.*s",
		trunk_word(leg->server ? TRUNK_SERVER : TRUNK_GATEWAY), trunk,
		SPAN_ARG(name));
}

static bool crosses(struct span name, struct span value, void *arg)
{
	const struct filter *filter = arg;
	const struct attribute *attribute = find(name, filter->place);

	if (attribute && attribute->of_format)
		return lists_format(filter->formats, value) && !has_key(value);
	if (attribute && !has_key(value))
		return true;
	if (attribute_is_of_hop(name))
		return false;
	if (!has_key(value) &&
		(is_added(name, filter->from) || is_added(name, filter->to)))
		return true;
	note_left_out(filter->from, name);
	return false;
}

void attributes_filter(
	struct sdp *out, int media, const struct leg *from, const struct leg *to)
{
	struct filter filter = {.place = IN_SESSION, .from = from, .to = to};

	if (media != SDP_SESSION) {
		const struct sdp_media *line = sdp_media(out, (unsigned)media);

		filter.place = line->proto == SDP_PROTO_UDPTL ? IN_FAX : IN_RTP;
		filter.formats = line->formats;
	}
	sdp_keep_attributes(out, media, crosses, &filter);
}
