/*
 * Every allocation of src/sdp fails once: each function then says -ENOMEM and has changed
 * nothing. Linked with --wrap=malloc,--wrap=realloc.
 */
#include "sdp_text.h"

#include "sdp/offer.h"

#include <errno.h>

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

/* The allocation that fails, from 1; 0 or less: none. */
static int allocations_left = -1;

static bool fails(void)
{
	return allocations_left > 0 && --allocations_left == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

/* Many lines, so that the array of lines is full, and a last one without line end. */
static struct sdp *full_sdp(void)
{
	struct buf buf;

	buf_init(&buf, 0);
	buf_add_str(&buf, SESSION AUDIO);
	for (unsigned i = 0; i < 58; i++)
		buf_add_str(&buf, i == 57 ? "i=x" : "i=x\r\n");
	struct sdp *sdp = sdp_of_bytes(buf.data, buf.len);

	buf_free(&buf);
	return sdp;
}

static void parse_and_copy_fail_cleanly(void **state)
{
	static const char text[] = SESSION AUDIO;
	struct sdp *sdp = NULL;
	int err = -ENOMEM;
	int needed = 0;

	(void)state;
	while (err) {
		allocations_left = ++needed;
		err = sdp_read(&sdp, text, strlen(text), NULL);
		allocations_left = -1;
		if (err)
			assert_int_equal(err, -ENOMEM);
		assert_int_equal(sdp == NULL, err != 0);
	}
	/* the text put in order with the array for it, its copy, an array of lines, one struct */
	assert_int_equal(needed, 6);
	struct sdp *copy = NULL;

	for (needed = 0; !copy;) {
		allocations_left = ++needed;
		copy = sdp_copy(sdp);
		allocations_left = -1;
	}
	assert_int_equal(needed, 4);
	assert_sdp(copy, text);
	sdp_free(copy);
	sdp_free(sdp);
}

enum edit { ADD, NAME, CONNECTION, MEDIA, FORMATS, DIRECTION, ORIGIN, EDITS };

static int edit_once(struct sdp *sdp, enum edit edit)
{
	static const struct span format = {"8", 1};
	struct addr address = addr_of("192.0.2.9");
	static char value[900];

	memset(value, 'x', sizeof(value) - 1);
	switch (edit) {
	case ADD:
		return sdp_add_attribute(sdp, 0, "x", value);
	case NAME:
		return sdp_set_name(sdp, value);
	case CONNECTION:
		return sdp_set_connection(sdp, 0, &address);
	case MEDIA:
		return sdp_set_media(sdp, 0, 9, "RTP/SAVP");
	case FORMATS:
		return sdp_keep_formats(sdp, 0, &format, 1);
	case DIRECTION:
		return sdp_set_direction(sdp, 0, SDP_INACTIVE);
	case ORIGIN:
	case EDITS:
		break;
	}
	return sdp_set_origin(sdp, "-", 1, 1, &address);
}

/* Takes up what the first chunk of the arena has to spare. */
static void use_up_spare_room(struct sdp *sdp)
{
	allocations_left = 1;
	while (sdp_set_name(sdp, "-") == 0)
		continue;
	allocations_left = -1;
}

static void edits_fail_cleanly(void **state)
{
	(void)state;
	for (unsigned edit = 0; edit < EDITS; edit++) {
		struct sdp *sdp = full_sdp();
		struct buf before;
		int err;

		use_up_spare_room(sdp);
		buf_init(&before, 0);
		sdp_write(sdp, &before);
		for (int n = 1;; n++) {
			allocations_left = n;
			err = edit_once(sdp, (enum edit)edit);
			allocations_left = -1;
			if (!err)
				break;
			assert_int_equal(err, -ENOMEM);
			assert_sdp(sdp, buf_str(&before));
			assert_int_equal(sdp_media(sdp, 0)->port, 5000);
			assert_int_equal(sdp_media(sdp, 0)->direction, SDP_SENDRECV);
		}
		buf_free(&before);
		sdp_free(sdp);
	}
}

static void send_fails_cleanly(void **state)
{
	struct addr address = addr_of("192.0.2.9");
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct offer offer;
	int err = -ENOMEM;

	(void)state;
	offer_init(&offer);
	for (int n = 1; err; n++) {
		allocations_left = n;
		err = offer_send(&offer, sdp, &address);
		allocations_left = -1;
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(offer.state, OFFER_IDLE);
		assert_int_equal(offer.version, 0);
		assert_null(offer.local);
	}
	assert_int_equal(offer.version, 1);
	sdp_free(sdp);
	offer_free(&offer);
}

static void rest_and_wake_fail_cleanly(void **state)
{
	struct addr address = addr_of("192.0.2.9");
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct err_text error;
	struct offer offer;
	bool is_offer;
	int err = -ENOMEM;

	(void)state;
	offer_init(&offer);
	assert_int_equal(
		offer_receive(&offer, sdp_of(SESSION AUDIO), &is_offer, &error), 0);
	assert_int_equal(offer_send(&offer, sdp, &address), 0);
	/* what was edited is in several pieces, and takes memory */
	assert_int_equal(sdp_set_name(offer.remote, "x"), 0);
	allocations_left = 1;
	offer_rest(&offer);
	allocations_left = -1;
	assert_non_null(offer.local_text);
	assert_non_null(offer.remote);
	assert_null(offer.remote_text);
	offer_rest(&offer);
	assert_null(offer.remote);
	for (int n = 1; err; n++) {
		allocations_left = n;
		err = offer_wake(&offer);
		allocations_left = -1;
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_true(offer.local_text || offer.remote_text);
	}
	assert_span(sdp_media(offer.remote, 0)->formats, "0");
	assert_span(sdp_media(offer.local, 0)->formats, "0");
	sdp_free(sdp);
	offer_free(&offer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_copy_fail_cleanly),
		cmocka_unit_test(edits_fail_cleanly),
		cmocka_unit_test(send_fails_cleanly),
		cmocka_unit_test(rest_and_wake_fail_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
