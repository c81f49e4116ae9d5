/*
 * A store of captures with one call, "a", whose time is the test's; the folder has age's key to what is encrypted.
 */
#pragma once

#include "../unit.h"

#include "audit/store.h"
#include "audit_fixture.h"

#include <stdio.h>

#define WALL_US UINT64_C(1767225600000000) /* 2026-01-01 */
#define CALL_FOLDER "audit/2026-01-01/a/"
#define SECOND_US UINT64_C(1000000)

struct fixture {
	char *folder;
	struct health health;
	struct store *store;
	struct style *style;
	uint64_t mono_us;
	/* What was said of the files of a call, where the test asks for it. */
	unsigned told; /* how often */
	char id[STORE_ID_SIZE], date[STORE_DATE_SIZE];
	uint64_t lost;
	char files[8192];
};

static inline void start_store(struct fixture *fixture)
{
	struct err_text text = {""};

	if (store_new(&fixture->store, fixture->folder, 64, &fixture->health, &text) != 0)
		fail_msg("%s", text.text);
}

static inline void set_style(
	struct fixture *fixture, enum config_capture_format format, bool encrypted)
{
	struct age_recipients *recipients = NULL;
	struct err_text text = {""};

	if (encrypted)
		assert_int_equal(
			age_recipients_read(&recipients, span_of(RECIPIENT), &text), 0);
	style_unref(fixture->style);
	fixture->style = style_new(format, recipients, "sbc.example.com");
	age_recipients_unref(recipients);
}

/* A folder, and the style of a capture; the store is not begun. */
static inline struct fixture *fixture_new(bool encrypted)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char path[4300];
	FILE *file;

	fixture->folder = fixture_folder();
	fixture->mono_us = 7000 * SECOND_US;
	health_init(&fixture->health);
	snprintf(path, sizeof(path), "%s/key", fixture->folder);
	file = fopen(path, "w");
	fputs(IDENTITY "\n", file);
	fclose(file);
	set_style(fixture, CONFIG_CAPTURE_PCAPNG, encrypted);
	return fixture;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	store_free(fixture->store);
	style_unref(fixture->style);
	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static inline void begin(struct fixture *fixture)
{
	const struct store_call call = {.call = 1,
		.id = "a",
		.wall_us = WALL_US,
		.mono_us = fixture->mono_us,
		.style = fixture->style};

	store_begin(fixture->store, &call);
}

/* A message of LEN bytes that begins with WORD. */
static inline void add(struct fixture *fixture, const char *word, size_t len)
{
	char *text = malloc(len + 1);
	const struct store_datagram datagram = {.call = 1,
		.mono_us = fixture->mono_us,
		.source = fixture_addr("192.0.2.1:5060"),
		.destination = fixture_addr("192.0.2.2:5060"),
		.how = "UDP",
		.data = text,
		.len = len};

	memset(text, 'x', len);
	memcpy(text, word, strlen(word));
	assert_true(store_add(fixture->store, &datagram));
	free(text);
}

static inline void pass(struct fixture *fixture, uint64_t us)
{
	fixture->mono_us += us;
	store_flush(fixture->store);
	store_expire(fixture->store, fixture->mono_us);
}

/* What a shell says to COMMAND in the folder, as system(3). */
static inline int run(const struct fixture *fixture, const char *command)
{
	char text[5000];

	snprintf(text, sizeof(text), "cd '%s' && { %s; } >/dev/null 2>&1",
		fixture->folder, command);
	return system(text);
}

static inline void need_age(void)
{
	if (system("command -v age >/dev/null 2>&1") != 0)
		skip();
}
