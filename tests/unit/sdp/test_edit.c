#include "sdp_text.h"

#include "base/err.h"

#define SHORT "v=0\r\no=- 7 8 IN IP4 192.0.2.1\r\n"

static void nothing_but_the_edited_lines_change(void **state)
{
	struct sdp *sdp = sdp_of(
		"v=0\r\no=- 7 8 IN IP4 192.0.2.1\r\ns=a  b\r\nc=IN IP4 192.0.2.1\r\n"
		"b=AS:64\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
		"c=IN IP4 192.0.2.2\r\na=odd: x  y\r\na=sendonly\r\n");
	struct addr address = addr_of("203.0.113.5");

	(void)state;
	assert_int_equal(sdp_set_origin(sdp, "tandem", 11, 12, &address), 0);
	assert_int_equal(sdp_set_connection(sdp, SDP_SESSION, &address), 0);
	assert_int_equal(sdp_set_connection(sdp, 0, &address), 0);
	assert_int_equal(sdp_set_media(sdp, 0, 40000, "RTP/SAVP"), 0);
	assert_int_equal(sdp_add_attribute(sdp, 0, "crypto", "1 x"), 0);
	assert_sdp(sdp,
		"v=0\r\no=tandem 11 12 IN IP4 203.0.113.5\r\ns=a  b\r\n"
		"c=IN IP4 203.0.113.5\r\nb=AS:64\r\nt=0 0\r\n"
		"m=audio 40000 RTP/SAVP 0\r\nc=IN IP4 203.0.113.5\r\na=odd: x  y\r\n"
		"a=sendonly\r\na=crypto:1 x\r\n");
	assert_int_equal(sdp_origin_version(sdp), 12);
	assert_addr(&sdp_media(sdp, 0)->rtp, "203.0.113.5:40000");
	assert_addr(&sdp_media(sdp, 0)->rtcp, "203.0.113.5:40001");
	assert_int_equal(sdp_media(sdp, 0)->proto, SDP_PROTO_SAVP);
	sdp_free(sdp);
}

static void origin_takes_ipv6_and_the_largest_numbers(void **state)
{
	struct sdp *sdp = sdp_of(SESSION);
	struct addr address = addr_of("2001:db8::1");

	(void)state;
	assert_int_equal(sdp_set_origin(sdp, "-", UINT64_MAX, 0, &address), 0);
	assert_sdp(sdp, "v=0\r\no=- 18446744073709551615 0 IN IP6 2001:db8::1\r\ns=-\r\n"
			"c=IN IP4 192.0.2.1\r\nt=0 0\r\n");
	sdp_free(sdp);
}

static void scope_of_an_address_is_not_told(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct addr address = addr_of("fe80::1");

	(void)state;
	address.v6.sin6_scope_id = 1;
	assert_int_equal(sdp_set_origin(sdp, "-", 1, 2, &address), 0);
	assert_int_equal(sdp_set_connection(sdp, SDP_SESSION, &address), 0);
	assert_sdp(sdp, "v=0\r\no=- 1 2 IN IP6 fe80::1\r\ns=-\r\nc=IN IP6 fe80::1\r\n"
			"t=0 0\r\n" AUDIO);
	assert_addr(&sdp_media(sdp, 0)->rtp, "[fe80::1]:5000");
	sdp_free(sdp);
}

static void name_is_replaced_or_put_behind_origin(void **state)
{
	struct sdp *sdp = sdp_of(SESSION);
	struct sdp *nameless = sdp_of(SHORT "t=0 0\r\n");

	(void)state;
	assert_int_equal(sdp_set_name(sdp, "call"), 0);
	assert_sdp(sdp, SHORT "s=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n");
	assert_int_equal(sdp_set_name(nameless, "a b"), 0);
	assert_sdp(nameless, SHORT "s=a b\r\nt=0 0\r\n");
	sdp_free(sdp);
	sdp_free(nameless);
}

static void connection_is_added_in_its_place(void **state)
{
	struct sdp *sdp =
		sdp_of(SHORT "s=-\r\ni=x\r\nu=http://example.com/\r\nb=AS:1\r\nt=0 0\r\n"
			     "m=audio 0 RTP/AVP 0\r\ni=y\r\nb=AS:1\r\na=sendonly\r\n"
			     "m=video 0 RTP/AVP 31");
	struct addr address = addr_of("203.0.113.5");

	(void)state;
	assert_int_equal(sdp_set_connection(sdp, 1, &address), 0);
	assert_int_equal(sdp_set_connection(sdp, 0, &address), 0);
	assert_int_equal(sdp_set_connection(sdp, SDP_SESSION, &address), 0);
	assert_sdp(sdp,
		SHORT "s=-\r\ni=x\r\nu=http://example.com/\r\nc=IN IP4 203.0.113.5\r\n"
		      "b=AS:1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\ni=y\r\n"
		      "c=IN IP4 203.0.113.5\r\nb=AS:1\r\na=sendonly\r\n"
		      "m=video 0 RTP/AVP 31\r\nc=IN IP4 203.0.113.5\r\n");
	sdp_free(sdp);
}

static void connection_replaces_all_that_stand(void **state)
{
	struct sdp *sdp = sdp_of(
		SESSION "m=audio 5000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n"
			"b=AS:1\r\nc=IN IP4 224.2.1.2/127\r\nc=IN IP4 h.example\r\n");
	struct addr address = addr_of("2001:db8::7");

	(void)state;
	assert_int_equal(sdp_set_connection(sdp, 0, &address), 0);
	assert_sdp(sdp,
		SESSION "m=audio 5000 RTP/AVP 0\r\nc=IN IP6 2001:db8::7\r\nb=AS:1\r\n");
	assert_addr(&sdp_media(sdp, 0)->rtp, "[2001:db8::7]:5000");
	sdp_free(sdp);
}

static void session_connection_reaches_media_without_one(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO AUDIO "c=IN IP4 192.0.2.2\r\n");
	struct addr hold = addr_of("0.0.0.0");

	(void)state;
	assert_int_equal(sdp_set_connection(sdp, SDP_SESSION, &hold), 0);
	assert_addr(&sdp_media(sdp, 0)->rtp, "0.0.0.0:5000");
	assert_true(sdp_media(sdp, 0)->on_hold_address);
	assert_addr(&sdp_media(sdp, 1)->rtp, "192.0.2.2:5000");
	sdp_free(sdp);
}

static void connection_goes_only_when_no_media_needs_it(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO AUDIO "c=IN IP4 192.0.2.2\r\n");
	struct addr address = addr_of("192.0.2.3");

	(void)state;
	assert_int_equal(sdp_remove_connection(sdp, SDP_SESSION), ERR_FORMAT);
	assert_int_equal(sdp_remove_connection(sdp, 1), 0);
	assert_addr(&sdp_media(sdp, 1)->rtp, "192.0.2.1:5000");
	assert_int_equal(sdp_set_connection(sdp, 0, &address), 0);
	assert_int_equal(sdp_set_media(sdp, 1, 0, NULL), 0);
	assert_int_equal(sdp_remove_connection(sdp, SDP_SESSION), 0);
	assert_int_equal(sdp_remove_connection(sdp, 0), ERR_FORMAT);
	assert_sdp(sdp, SHORT "s=-\r\nt=0 0\r\n" AUDIO "c=IN IP4 192.0.2.3\r\n"
			      "m=audio 0 RTP/AVP 0\r\n");
	assert_int_equal(sdp_media(sdp, 1)->rtp.len, 0);
	/* ... and then no port may be given to the line that has none. */
	assert_int_equal(sdp_set_media(sdp, 1, 5000, NULL), ERR_FORMAT);
	sdp_free(sdp);
}

static void media_line_keeps_what_is_not_set(void **state)
{
	struct sdp *sdp = sdp_of(
		SESSION "m=audio  5000/2 RTP/AVP  0  8 \r\nm=image 9 udptl t38\r\n");

	(void)state;
	assert_int_equal(sdp_set_media(sdp, 0, 0, NULL), 0);
	assert_int_equal(sdp_set_media(sdp, 1, 65535, NULL), 0);
	assert_sdp(sdp, SESSION "m=audio 0 RTP/AVP 0 8\r\nm=image 65535 udptl t38\r\n");
	assert_int_equal(sdp_media(sdp, 0)->port_count, 1);
	sdp_free(sdp);
}

static void left_out_formats_take_their_attributes_along(void **state)
{
	static const struct span formats[] = {{"101", 3}, {"0", 1}};
	struct sdp *sdp =
		sdp_of(SESSION "m=audio 5000/2 RTP/AVPF 0 8 97 101\r\n"
			       "a=rtpmap:8 PCMA/8000\r\na=rtpmap:97 iLBC/8000\r\n"
			       "a=fmtp:97 mode=20\r\na=rtcp-fb:97 nack\r\n"
			       "a=rtcp-fb:* nack\r\na=rtpmap:101 telephone-event/8000\r\n"
			       "a=fmtp:101 0-16\r\na=rtpmap\r\na=ptime:20\r\n"
			       "m=video 5002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n");

	(void)state;
	assert_int_equal(sdp_keep_formats(sdp, 0, formats, 2), 0);
	assert_sdp(sdp, SESSION "m=audio 5000/2 RTP/AVPF 101 0\r\na=rtcp-fb:* nack\r\n"
				"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
				"a=rtpmap\r\na=ptime:20\r\n"
				"m=video 5002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n");
	assert_span(sdp_media(sdp, 0)->formats, "101 0");
	sdp_free(sdp);
}

static void formats_may_be_taken_from_the_sdp_itself(void **state)
{
	struct sdp *sdp = sdp_of(SESSION "m=audio 5000 RTP/AVP 0 8\r\n");
	struct span format = sdp_media(sdp, 0)->formats;

	(void)state;
	format.len = 1;
	assert_int_equal(sdp_keep_formats(sdp, 0, &format, 1), 0);
	assert_sdp(sdp, SESSION AUDIO);
	sdp_free(sdp);
}

static unsigned remove_attribute(struct sdp *sdp, int media, const char *name)
{
	return sdp_remove_attributes(sdp, media, &name, 1);
}

static void attributes_are_removed_from_their_section_alone(void **state)
{
	struct sdp *sdp =
		sdp_of(SESSION "a=crypto:0\r\n" AUDIO "a=crypto:1\r\na=cryptos:2\r\n"
			       "a=crypto :3\r\na=crypto\r\n" AUDIO "a=crypto:4");

	(void)state;
	assert_int_equal(remove_attribute(sdp, 0, "crypto"), 3);
	assert_int_equal(remove_attribute(sdp, 0, "crypto"), 0);
	assert_sdp(sdp,
		SESSION "a=crypto:0\r\n" AUDIO "a=cryptos:2\r\n" AUDIO "a=crypto:4\r\n");
	assert_int_equal(remove_attribute(sdp, 1, "crypto"), 1);
	assert_int_equal(remove_attribute(sdp, SDP_SESSION, "crypto"), 1);
	assert_sdp(sdp, SESSION AUDIO "a=cryptos:2\r\n" AUDIO);
	sdp_free(sdp);
}

static void several_names_and_types_are_removed_at_once(void **state)
{
	static const char *const names[] = {"rtcp", "crypto", "sendonly"};
	struct sdp *sdp = sdp_of(SESSION
		"i=x\r\nb=AS:1\r\nu=x\r\na=crypto:0\r\n" AUDIO
		"i=x\r\na=rtcp:9\r\na=rtcp-mux\r\na=x\r\na=crypto:1\r\na=sendonly\r\n"
		"a=cryptos:2\r\n");
	const struct sdp_media *media = sdp_media(sdp, 0);

	(void)state;
	assert_int_equal(sdp_remove_attributes(sdp, 0, names, 3), 3);
	assert_int_equal(media->direction, SDP_SENDRECV);
	assert_true(media->rtcp_mux);
	assert_addr(&media->rtcp, "192.0.2.1:5001");
	assert_int_equal(sdp_remove_attributes(sdp, 0, names, 0), 0);
	assert_int_equal(sdp_remove_lines(sdp, SDP_SESSION, "uimsc"), 2);
	assert_sdp(sdp, SHORT "s=-\r\nc=IN IP4 192.0.2.1\r\nb=AS:1\r\nt=0 0\r\n"
			      "a=crypto:0\r\n" AUDIO
			      "i=x\r\na=rtcp-mux\r\na=x\r\na=cryptos:2\r\n");
	sdp_free(sdp);
}

static void removed_and_added_attributes_show_in_the_media(void **state)
{
	struct sdp *sdp =
		sdp_of(SESSION "a=sendonly\r\n" AUDIO "a=rtcp:9\r\na=rtcp-mux\r\n");
	const struct sdp_media *media = sdp_media(sdp, 0);

	(void)state;
	assert_int_equal(remove_attribute(sdp, 0, "rtcp"), 1);
	assert_addr(&media->rtcp, "192.0.2.1:5001");
	assert_true(media->rtcp_mux);
	assert_int_equal(sdp_add_attribute(sdp, 0, "rtcp", "5005"), 0);
	assert_addr(&media->rtcp, "192.0.2.1:5005");
	assert_int_equal(remove_attribute(sdp, SDP_SESSION, "sendonly"), 1);
	assert_int_equal(media->direction, SDP_SENDRECV);
	assert_int_equal(sdp_add_attribute(sdp, SDP_SESSION, "recvonly", NULL), 0);
	assert_int_equal(media->direction, SDP_RECVONLY);
	assert_int_equal(sdp_remove_lines(sdp, 0, "a"), 2);
	assert_false(media->rtcp_mux);
	assert_addr(&media->rtcp, "192.0.2.1:5001");
	assert_sdp(sdp, SESSION "a=recvonly\r\n" AUDIO);
	sdp_free(sdp);
}

static bool keep_short(struct span name, struct span value, void *arg)
{
	unsigned *seen = arg;

	++*seen;
	return name.len + value.len < 4;
}

static void attributes_are_kept_by_a_judge(void **state)
{
	struct sdp *sdp = sdp_of(SESSION
		"a=sendonly\r\n" AUDIO "a=ab:c\r\na=abc:d\r\na=recvonly\r\na=x\r\n" AUDIO
		"a=long:er\r\n");
	unsigned seen = 0;

	(void)state;
	assert_int_equal(sdp_keep_attributes(sdp, 0, keep_short, &seen), 2);
	assert_int_equal(seen, 4);
	assert_sdp(sdp,
		SESSION "a=sendonly\r\n" AUDIO "a=ab:c\r\na=x\r\n" AUDIO "a=long:er\r\n");
	assert_int_equal(sdp_media(sdp, 0)->direction, SDP_SENDONLY);
	assert_int_equal(sdp_keep_attributes(sdp, SDP_SESSION, keep_short, &seen), 1);
	assert_int_equal(sdp_media(sdp, 0)->direction, SDP_SENDRECV);
	sdp_free(sdp);
}

static void refused_line_says_nothing_but_what_was_offered(void **state)
{
	static const char line[] = "m=audio 5000 RTP/AVP 0 8\r\ni=x\r\n"
				   "c=IN IP4 192.0.2.2\r\nb=AS:1\r\na=ptime:20\r\n";
	struct sdp *offer = sdp_of(SESSION "m=audio 9 RTP/SAVPF 97 98\r\n");
	char text[512];
	struct sdp *sdp;

	(void)state;
	snprintf(text, sizeof(text), "%s%s%s", SESSION, line, line);
	sdp = sdp_of(text);
	assert_int_equal(sdp_refuse_media(sdp, 0, NULL), 0);
	assert_int_equal(sdp_refuse_media(sdp, 1, sdp_media(offer, 0)), 0);
	assert_sdp(sdp, SESSION "m=audio 0 RTP/AVP 0 8\r\nm=audio 0 RTP/SAVPF 97 98\r\n");
	assert_int_equal(sdp_media(sdp, 1)->proto, SDP_PROTO_SAVPF);
	sdp_free(sdp);
	sdp_free(offer);
}

static void time_is_taken_from_another_description(void **state)
{
	struct sdp *from = sdp_of(SHORT "s=-\r\nt=11 12\r\nt=13 14\r\n");
	struct sdp *sdp = sdp_of(SESSION AUDIO);

	(void)state;
	assert_int_equal(sdp_set_time(sdp, from), 0);
	assert_sdp(sdp, SHORT "s=-\r\nc=IN IP4 192.0.2.1\r\nt=11 12\r\n" AUDIO);
	sdp_free(sdp);
	sdp_free(from);
}

static void lines_of_a_type_are_removed_but_never_the_frame(void **state)
{
	static const char text[] = SHORT "s=-\r\nc=IN IP4 192.0.2.1\r\nb=AS:1\r\n"
					 "b=CT:2\r\nt=0 0\r\n" AUDIO "b=AS:3\r\n";
	struct sdp *sdp = sdp_of(text);

	(void)state;
	for (const char *type = "vostmc"; *type; type++)
		assert_int_equal(sdp_remove_lines(sdp, SDP_SESSION, type), 0);
	assert_int_equal(sdp_remove_lines(sdp, SDP_SESSION, ""), 0);
	assert_sdp(sdp, text);
	assert_int_equal(sdp_remove_lines(sdp, SDP_SESSION, "b"), 2);
	assert_sdp(sdp, SESSION AUDIO "b=AS:3\r\n");
	assert_int_equal(sdp_remove_lines(sdp, 0, "b"), 1);
	assert_sdp(sdp, SESSION AUDIO);
	sdp_free(sdp);
}

static void attributes_are_added_at_the_end_of_the_section(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO AUDIO "b=AS:1\r\n");

	(void)state;
	assert_int_equal(sdp_add_attribute(sdp, 1, "b", "two:2"), 0);
	assert_int_equal(sdp_add_attribute(sdp, 0, "a", ""), 0);
	assert_int_equal(sdp_add_attribute(sdp, SDP_SESSION, "flag", NULL), 0);
	assert_sdp(sdp,
		SESSION "a=flag\r\n" AUDIO "a=a:\r\n" AUDIO "b=AS:1\r\na=b:two:2\r\n");
	sdp_free(sdp);
}

static void direction_is_replaced_or_added(void **state)
{
	struct sdp *sdp = sdp_of(SESSION "a=inactive\r\n" AUDIO
					 "a=sendonly\r\na=x\r\na=recvonly\r\n" AUDIO);

	(void)state;
	assert_int_equal(sdp_set_direction(sdp, 0, SDP_RECVONLY), 0);
	assert_int_equal(sdp_set_direction(sdp, 1, SDP_SENDRECV), 0);
	assert_int_equal(sdp_media(sdp, 0)->direction, SDP_RECVONLY);
	assert_int_equal(sdp_media(sdp, 1)->direction, SDP_SENDRECV);
	assert_sdp(sdp, SESSION "a=inactive\r\n" AUDIO "a=recvonly\r\na=x\r\n" AUDIO
				"a=sendrecv\r\n");
	sdp_free(sdp);
}

static void what_would_break_the_text_is_refused(void **state)
{
	static const char text[] = SESSION "m=application 5000 TCP/BFCP *\r\n";
	static const struct span bad_format = {"0 8", 3};
	static const struct span good_format = {"x", 1};
	struct sdp *sdp = sdp_of(text);
	struct addr address = addr_of("192.0.2.9");
	struct addr none = {.len = 0};

	(void)state;
	assert_int_equal(sdp_set_origin(sdp, "", 1, 1, &address), ERR_FORMAT);
	assert_int_equal(sdp_set_origin(sdp, "a b", 1, 1, &address), ERR_FORMAT);
	assert_int_equal(sdp_set_origin(sdp, "a\r\n", 1, 1, &address), ERR_FORMAT);
	assert_int_equal(sdp_set_origin(sdp, "-", 1, 1, &none), ERR_FORMAT);
	assert_int_equal(sdp_set_name(sdp, ""), ERR_FORMAT);
	assert_int_equal(sdp_set_name(sdp, "x\nm=audio 1 RTP/AVP 0"), ERR_FORMAT);
	assert_int_equal(sdp_set_connection(sdp, 0, &none), ERR_FORMAT);
	assert_int_equal(sdp_set_media(sdp, 0, 1, "RTP/AVP 0\r\na=x"), ERR_FORMAT);
	assert_int_equal(sdp_set_media(sdp, 0, 1, "RTP/AVP 0"), ERR_FORMAT);
	assert_int_equal(sdp_set_media(sdp, 0, 1, ""), ERR_FORMAT);
	assert_int_equal(sdp_set_media(sdp, 0, 1, "RTP//AVP"), ERR_FORMAT);
	/* "*" is no payload type */
	assert_int_equal(sdp_set_media(sdp, 0, 1, "RTP/AVP"), ERR_FORMAT);
	assert_int_equal(sdp_keep_formats(sdp, 0, NULL, 0), ERR_FORMAT);
	assert_int_equal(sdp_keep_formats(sdp, 0, &bad_format, 1), ERR_FORMAT);
	assert_int_equal(sdp_add_attribute(sdp, 0, "", NULL), ERR_FORMAT);
	assert_int_equal(sdp_add_attribute(sdp, 0, "a b", NULL), ERR_FORMAT);
	assert_int_equal(sdp_add_attribute(sdp, 0, "a:b", NULL), ERR_FORMAT);
	assert_int_equal(sdp_add_attribute(sdp, 0, "a", "x\ry"), ERR_FORMAT);
	assert_sdp(sdp, text);
	assert_int_equal(sdp_keep_formats(sdp, 0, &good_format, 1), 0);
	sdp_free(sdp);
}

static void lines_over_the_bound_are_refused(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct addr address = addr_of("192.0.2.9");
	char value[SDP_MAX_LINE + 1];
	struct span formats[SDP_MAX_LINE / 2];

	(void)state;
	memset(value, 'x', sizeof(value));
	value[SDP_MAX_LINE - 3] = '\0'; /* with "a=", "n" and ":" one too many */
	assert_int_equal(sdp_add_attribute(sdp, 0, "n", value), ERR_LIMIT);
	assert_int_equal(sdp_set_origin(sdp, value, 1, 1, &address), ERR_LIMIT);
	value[SDP_MAX_LINE - 3] = 'x';
	value[SDP_MAX_LINE - 1] = '\0'; /* with "s=" one too many */
	assert_int_equal(sdp_set_name(sdp, value), ERR_LIMIT);
	assert_int_equal(sdp_set_media(sdp, 0, 1, value), ERR_LIMIT);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		formats[i] = (struct span){"0", 1};
	assert_int_equal(
		sdp_keep_formats(sdp, 0, formats, sizeof(formats) / sizeof(formats[0])),
		ERR_LIMIT);
	assert_sdp(sdp, SESSION AUDIO);

	value[SDP_MAX_LINE - 4] = '\0';
	assert_int_equal(sdp_add_attribute(sdp, 0, "n", value), 0);
	sdp_free(sdp);
}

static void sections_over_the_bound_are_refused(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO AUDIO);

	(void)state;
	/* each section has its own */
	assert_int_equal(sdp_add_attribute(sdp, 1, "x", NULL), 0);
	assert_int_equal(sdp_add_attribute(sdp, SDP_SESSION, "x", NULL), 0);
	for (unsigned i = 0; i < SDP_MAX_ATTRIBUTES + SDP_SPARE_ATTRIBUTES; i++)
		assert_int_equal(sdp_add_attribute(sdp, 0, "x", NULL), 0);
	assert_int_equal(sdp_add_attribute(sdp, 0, "x", NULL), ERR_LIMIT);
	assert_int_equal(sdp_set_direction(sdp, 0, SDP_INACTIVE), ERR_LIMIT);
	assert_int_equal(sdp_add_attribute(sdp, 1, "x", NULL), 0);
	assert_int_equal(
		remove_attribute(sdp, 0, "x"), SDP_MAX_ATTRIBUTES + SDP_SPARE_ATTRIBUTES);
	assert_sdp(sdp, SESSION "a=x\r\n" AUDIO AUDIO "a=x\r\na=x\r\n");
	sdp_free(sdp);
}

static void texts_over_the_bound_are_refused(void **state)
{
	struct sdp *sdp = sdp_of(
		"v=0\no=- 7 8 IN IP4 192.0.2.1\ns=-\nt=0 0\nc=IN IP4 192.0.2.1\n" AUDIO
		"a=last");
	struct addr long_address = addr_of("2001:db8:1111:2222:3333:4444:5555:6666");
	char value[1001];
	int err = 0;

	(void)state;
	memset(value, 'x', sizeof(value));
	value[1000] = '\0';
	while (!err)
		err = sdp_add_attribute(sdp, SDP_SESSION, "x", value);
	assert_int_equal(err, ERR_LIMIT);
	struct buf buf;

	buf_init(&buf, 0);
	sdp_write(sdp, &buf);
	/* "a=x:", what is left for the value, and the line end. */
	size_t left = SDP_MAX_BYTES - buf.len;

	value[left - 4 - 2 + 1] = '\0';
	assert_int_equal(sdp_add_attribute(sdp, 0, "x", value), ERR_LIMIT);
	value[left - 4 - 2] = '\0';
	assert_int_equal(sdp_add_attribute(sdp, 0, "x", value), 0);
	assert_int_equal(sdp_set_connection(sdp, SDP_SESSION, &long_address), ERR_LIMIT);
	assert_int_equal(sdp_set_connection(sdp, 0, &long_address), ERR_LIMIT);
	assert_addr(&sdp_media(sdp, 0)->rtp, "192.0.2.1:5000");
	buf_clear(&buf);
	sdp_write(sdp, &buf);
	assert_int_equal(buf.len, SDP_MAX_BYTES);
	struct sdp *again = sdp_of_bytes(buf.data, buf.len);

	sdp_free(again);
	/* what goes makes room, to the byte */
	assert_int_equal(remove_attribute(sdp, 0, "x"), 1);
	assert_int_equal(sdp_add_attribute(sdp, 0, "xx", value), ERR_LIMIT);
	assert_int_equal(sdp_add_attribute(sdp, 0, "y", value), 0);
	buf_free(&buf);
	sdp_free(sdp);
}

static void many_edits_need_many_chunks(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct addr address = addr_of("203.0.113.5");

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(sdp_set_origin(sdp, "-", 7, i, &address), 0);
	struct sdp *copy = sdp_copy(sdp);

	sdp_free(sdp);
	assert_sdp(copy, "v=0\r\no=- 7 999 IN IP4 203.0.113.5\r\ns=-\r\n"
			 "c=IN IP4 192.0.2.1\r\nt=0 0\r\n" AUDIO);
	assert_int_equal(sdp_origin_version(copy), 999);
	assert_int_equal(sdp_add_attribute(copy, 0, "x", NULL), 0);
	sdp_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_the_edited_lines_change),
		cmocka_unit_test(origin_takes_ipv6_and_the_largest_numbers),
		cmocka_unit_test(scope_of_an_address_is_not_told),
		cmocka_unit_test(name_is_replaced_or_put_behind_origin),
		cmocka_unit_test(connection_is_added_in_its_place),
		cmocka_unit_test(connection_replaces_all_that_stand),
		cmocka_unit_test(session_connection_reaches_media_without_one),
		cmocka_unit_test(connection_goes_only_when_no_media_needs_it),
		cmocka_unit_test(media_line_keeps_what_is_not_set),
		cmocka_unit_test(left_out_formats_take_their_attributes_along),
		cmocka_unit_test(formats_may_be_taken_from_the_sdp_itself),
		cmocka_unit_test(attributes_are_removed_from_their_section_alone),
		cmocka_unit_test(several_names_and_types_are_removed_at_once),
		cmocka_unit_test(removed_and_added_attributes_show_in_the_media),
		cmocka_unit_test(attributes_are_kept_by_a_judge),
		cmocka_unit_test(refused_line_says_nothing_but_what_was_offered),
		cmocka_unit_test(time_is_taken_from_another_description),
		cmocka_unit_test(lines_of_a_type_are_removed_but_never_the_frame),
		cmocka_unit_test(attributes_are_added_at_the_end_of_the_section),
		cmocka_unit_test(direction_is_replaced_or_added),
		cmocka_unit_test(what_would_break_the_text_is_refused),
		cmocka_unit_test(lines_over_the_bound_are_refused),
		cmocka_unit_test(sections_over_the_bound_are_refused),
		cmocka_unit_test(texts_over_the_bound_are_refused),
		cmocka_unit_test(many_edits_need_many_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
