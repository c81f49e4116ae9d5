/*
 * Captures for tests: one that is begun, packets in it.
 */
#pragma once

#include "audit/capture.h"
#include "audit/datagram.h"

#include <stdlib.h>
#include <string.h>

static inline struct classic *fixture_classic(void)
{
	static struct classic *classic;

	if (!classic && classic_new(&classic) != 0)
		abort();
	return classic;
}

/* As capture_new(), for "call.pcapng" or "call.pcap", ".age" behind it for RECIPIENTS. */
static inline int fixture_capture_new(struct capture **ret, int dir_fd,
	enum config_capture_format format, struct age_recipients *recipients)
{
	struct style *style = style_new(format, recipients, "sbc.example.com");
	const struct capture_params params = {.dir_fd = dir_fd,
		.style = style,
		.classic = fixture_classic(),
		.part = 1,
		.comment = "call 5f3c-000001"};
	int err = style ? capture_new(ret, &params) : -1;

	style_unref(style);
	return err;
}

static inline bool fixture_capture_add(struct capture *capture, uint32_t interface,
	uint64_t wall_us, const void *data, size_t len)
{
	const struct capture_packet packet = {.interface = interface,
		.wall_us = wall_us,
		.comment = "",
		.data = data,
		.len = len,
		.whole = len};

	return capture_add(capture, &packet);
}
