#include "media/udptl.h"

/* The bit of the choice that follows the primary packet, alone in its byte. */
#define RECOVERY_COPIES 0x00
#define RECOVERY_FEC 0x80

struct reader {
	const uint8_t *at;
	size_t left;
};

static bool read_byte(struct reader *reader, uint8_t *ret)
{
	if (reader->left == 0)
		return false;
	*ret = *reader->at++;
	reader->left--;
	return true;
}

/* X.691 11.9: one byte below 128, or two below 16K. Fragments, which are longer, do not fit in
 * a datagram. */
static bool read_length(struct reader *reader, size_t *ret)
{
	uint8_t high, low;

	if (!read_byte(reader, &high))
		return false;
	if (!(high & 0x80)) {
		*ret = high;
		return true;
	}
	if (high & 0x40 || !read_byte(reader, &low))
		return false;
	*ret = (size_t)(high & 0x3f) << 8 | low;
	return true;
}

/* An open type or an octet string. */
static bool skip_octets(struct reader *reader, size_t *ret_len)
{
	size_t len;

	if (!read_length(reader, &len) || len > reader->left)
		return false;
	reader->at += len;
	reader->left -= len;
	*ret_len = len;
	return true;
}

/* INTEGER without bounds; of a value that makes sense here the first byte is the last. */
static bool read_span(struct reader *reader, unsigned *ret)
{
	uint8_t len, value;

	if (!read_byte(reader, &len) || len != 1 || !read_byte(reader, &value) ||
		value > UDPTL_RECOVERY_MAX)
		return false;
	*ret = value;
	return true;
}

bool udptl_parse(const uint8_t *data, size_t len, struct udptl *ret)
{
	struct reader reader = {data, len};
	struct udptl udptl = {0};
	uint8_t high, low, choice;
	size_t count, ignored;

	if (!read_byte(&reader, &high) || !read_byte(&reader, &low) ||
		!skip_octets(&reader, &udptl.primary_len) || udptl.primary_len == 0 ||
		!read_byte(&reader, &choice) ||
		(choice != RECOVERY_COPIES && choice != RECOVERY_FEC))
		return false;
	udptl.seq = (uint16_t)(high << 8 | low);
	udptl.fec = choice == RECOVERY_FEC;
	if ((udptl.fec && !read_span(&reader, &udptl.fec_span)) ||
		!read_length(&reader, &count) || count > UDPTL_RECOVERY_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!skip_octets(&reader, &ignored))
			return false;
	if (reader.left > 0)
		return false;
	udptl.recovery = (unsigned)count;
	*ret = udptl;
	return true;
}
