/*
 * Its record, if it has ended, and its capture are looked for and read beside the loop, and so is the answer given later.
 */
#include "admin/call_show.h"

#include "admin/ladder.h"
#include "admin/ladder_record.h"
#include "admin/lookup.h"
#include "admin/question.h"
#include "audit/capture_read.h"
#include "audit/cdr.h"
#include "audit/folder.h"
#include "audit/store_name.h"
#include "audit/writer.h"
#include "base/buf.h"
#include "bridge/bridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Blocks of a capture in one step; a block of media has 300 bytes, a message a thousand. */
#define STEP_BLOCKS 256
/* Steps for one capture: 20 minutes of media both ways. */
#define STEPS_MAX 1000
/* What is in the queue of the audit thread is in the file then. */
#define SETTLE_MS 25

#define USAGE "usage: call show ID [--brief | --messages]"

struct wish {
	const char *id;
	bool brief;    /* without a ladder */
	bool messages; /* each one whole */
};

/* A call for one who waits. */
struct showing {
	struct question question;
	bool brief, messages, standing;
	char id[STORE_ID_SIZE]; /* of one that ended */
	bool parties_told;      /* to the ladder, from the record */
	json_t *object;         /* what is shown; NULL: not found yet */
	struct ladder *ladder;
	char note[200];
};

json_t *call_show_json(const struct verbs_context *context, const struct record *record,
	const char *state)
{
	json_t *object = NULL;
	struct buf line;

	buf_init(&line, 0);
	cdr_format(record, &line);
	if (!line.err)
		object = json_loadb(line.data, line.len, 0, NULL);
	buf_free(&line);
	if (!object)
		return NULL;
	json_object_set_new(object, "state", json_string(state));
	json_object_set_new(object, "capture",
		json_string(writer_capture_path(context->writer, record->call)));
	/* Not yet so. */
	json_object_set_new(object, "end", json_null());
	return object;
}

static bool read_wish(struct wish *ret, const char *const *args, size_t arg_count)
{
	*ret = (struct wish){.id = args[0]};
	for (size_t i = 1; i < arg_count; i++) {
		if (strcmp(args[i], "--brief") == 0)
			ret->brief = true;
		else if (strcmp(args[i], "--messages") == 0)
			ret->messages = true;
		else
			return false;
	}
	return !(ret->brief && ret->messages);
}

static const char *word_of(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));

	return word ? word : "";
}

static void free_h(struct question *question)
{
	struct showing *showing = (struct showing *)question;

	ladder_free(showing->ladder);
	json_decref(showing->object);
	free(showing);
}

/* ---- beside the loop: its capture ---- */

/* Of its capture, where that gave anything, else of its record. */
static json_t *make_ladder(struct showing *showing)
{
	if (showing->ladder && ladder_has_messages(showing->ladder))
		return ladder_json(showing->ladder, "capture", showing->note);
	return ladder_record_json(showing->object, showing->note);
}

/* The comment of a message is "leg b, trunk carrier-a, TLS1.3 ..."; that of nobody's is how it came alone. */
static struct span how_of(const struct capture_item *item)
{
	struct span rest = item->comment, part;

	if (!span_starts(rest, "leg "))
		return rest;
	span_next(&rest, ',', &part);
	span_next(&rest, ',', &part);
	return rest.p ? span_trim(rest) : (struct span){"", 0};
}

static bool datagram_h(void *arg, const struct capture_item *item)
{
	struct showing *showing = arg;
	const struct ladder_datagram datagram = {.wall_us = item->wall_us,
		.source = item->source,
		.destination = item->destination,
		.knows = item->knows,
		.sent = item->sent,
		.leg = item->leg,
		.name = item->trunk,
		.how = how_of(item),
		.data = item->data};

	/* the classic format does not say who they are */
	if (!item->knows && !showing->parties_told) {
		ladder_record_parties(showing->ladder, showing->object);
		showing->parties_told = true;
	}
	ladder_add(showing->ladder, &datagram);
	return true;
}

static const char *why_not(int err)
{
	if (err == ERR_FORMAT)
		return "it is damaged, or none of ours";
	return err == -ELOOP || err == -EPERM ? "it is no plain file" : err_str(err);
}

static void note_missing(struct showing *showing, int err)
{
	const char *id = word_of(showing->object, "id");
	char *note = showing->note;
	const size_t size = sizeof(showing->note);

	if (err == ERR_STATE)
		snprintf(note, size,
			"its capture is encrypted, for others: this is what its record "
			"says");
	else if (err != -ENOENT)
		snprintf(note, size,
			"its capture cannot be read: %s; this is what its record says",
			why_not(err));
	else if (showing->standing)
		snprintf(note, size,
			"it is not captured; to see more: `tandemctl trace --call %.40s` "
			"or `tandemctl capture start --call %.40s --for 10m`",
			id, id);
	else
		snprintf(note, size,
			"it was not captured, or its capture was deleted: this is what "
			"its record says");
}

static void read_messages(struct showing *showing, struct capture_reader *reader,
	const atomic_bool *cancelled)
{
	unsigned steps = 0;
	int err;

	do
		err = capture_reader_step(reader, STEP_BLOCKS, datagram_h, showing);
	while (err == -EAGAIN && ++steps < STEPS_MAX && !atomic_load(cancelled));
	if (!err && !ladder_has_messages(showing->ladder))
		snprintf(showing->note, sizeof(showing->note),
			"its capture has no message: this is what its record says");
	else if (err == -EAGAIN)
		snprintf(showing->note, sizeof(showing->note),
			"its capture is longer: this is what it begins with");
	else if (err && !ladder_has_messages(showing->ladder))
		note_missing(showing, err);
	/* what is being written may end anywhere */
	else if (err && !showing->standing)
		snprintf(showing->note, sizeof(showing->note),
			"its capture is damaged behind this");
}

/* The folder of its capture. A descriptor, or negative. */
static int open_folder(const struct showing *showing, char day[static STORE_DATE_SIZE])
{
	const char *id = word_of(showing->object, "id");
	const int root = folder_root(showing->question.state_dir);
	int fd = -ENOENT;

	if (root < 0)
		return root;
	if (store_id_ok(id) && folder_day_of(root, id, day))
		fd = folder_find(root, day, id);
	close(root);
	return fd;
}

/* Where it is, of one that ended; that of one that stands is known. */
static void tell_place(struct showing *showing, int dir_fd, const char *day)
{
	const char *name = dir_fd < 0 ? NULL : capture_read_name(dir_fd);

	if (showing->standing)
		return;
	json_object_set_new(showing->object, "capture",
		name ? json_sprintf("%s/audit/%s/%s/%s", showing->question.state_dir, day,
			       word_of(showing->object, "id"), name)
		     : json_string(""));
}

static void read_capture(struct showing *showing, const atomic_bool *cancelled)
{
	struct capture_reader *reader = NULL;
	char day[STORE_DATE_SIZE];
	const int fd = open_folder(showing, day);
	int err = fd;

	tell_place(showing, fd, day);
	if (fd >= 0) {
		err = showing->brief ? 0 : capture_reader_open(&reader, fd);
		close(fd);
	}
	if (showing->brief)
		return;
	if (err)
		note_missing(showing, err);
	else
		read_messages(showing, reader, cancelled);
	capture_reader_free(reader);
	json_object_set_new(showing->object, "ladder", make_ladder(showing));
}

/* ---- beside the loop: its record ---- */

/* 0, or negative: the question has failed. */
static int read_record(struct showing *showing, const atomic_bool *cancelled)
{
	struct question *question = &showing->question;
	struct err_text why = {""};
	struct buf line;
	int err;

	buf_init(&line, 0);
	err = lookup_record(&line, question->state_dir, question->index_folder,
		showing->id, cancelled, &why);
	if (!err)
		showing->object = json_loadb(line.data, line.len, 0, NULL);
	buf_free(&line);
	if (!err && !showing->object)
		err = err_set(&question->text, ERR_FORMAT, "its record cannot be read");
	else if (err == -ENOENT)
		err_set(&question->text, err, "no such call, and %s", why.text);
	else if (err)
		err_set(&question->text, err, "cannot read the records: %s", why.text);
	if (err)
		question_fail(question, err == -ENOENT ? API_NOT_FOUND : API_FAILED);
	else
		json_object_set_new(showing->object, "state", json_string("ended"));
	return err;
}

static void ask_h(struct question *question, const atomic_bool *cancelled)
{
	struct showing *showing = (struct showing *)question;

	if (!showing->standing && read_record(showing, cancelled) != 0)
		return;
	showing->ladder = ladder_new(showing->messages);
	if (!showing->ladder) {
		question_answer(question, NULL);
		return;
	}
	read_capture(showing, cancelled);
	question_answer(question, showing->object);
	showing->object = NULL;
}

/* ---- the loop ---- */

/* Takes the one call that is shown. */
struct shown {
	const struct verbs_context *context;
	json_t *object;
};

static void take_call(void *arg, const struct record *record, const char *state)
{
	struct shown *shown = arg;

	json_decref(shown->object);
	shown->object = call_show_json(shown->context, record, state);
}

static const struct question_kind kind = {
	.job = VERBS_JOB_SHOW, .name = "show", .ask_h = ask_h, .free_h = free_h};

/* OBJECT, of a call that stands, is taken. */
static enum api_code begin(struct verbs_context *context, const struct wish *wish,
	const char *id, json_t *object, struct err_text *text)
{
	struct showing *showing = question_new(context, &kind, sizeof(*showing), text);
	enum api_code code;

	if (!showing) {
		json_decref(object);
		return API_FAILED;
	}
	showing->brief = wish->brief;
	showing->messages = wish->messages;
	showing->object = object;
	showing->standing = object != NULL;
	snprintf(showing->id, sizeof(showing->id), "%s", id);
	code = question_ask(
		context, &showing->question, showing->standing ? SETTLE_MS : 0, text);
	/* who looks at whole messages is on record, as who changes something is */
	if (code == API_PENDING && wish->messages)
		api_tell(context->api);
	return code;
}

/* ID of the call that is meant; "": it can be none. */
static const char *id_of(const struct verbs_context *context, const char *id,
	char name[static BRIDGE_CALL_ID_SIZE])
{
	uint64_t number;

	/* numbers begin anew with each start: one of this process is meant */
	if (span_uint(span_of(id), UINT32_MAX, &number) == 0)
		return bridge_call_id(context->bridge, number, name);
	return store_id_ok(id) ? id : "";
}

enum api_code call_verb_show(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct shown shown = {.context = context};
	char name[BRIDGE_CALL_ID_SIZE];
	struct wish wish;
	const char *id;

	if (!read_wish(&wish, args, arg_count)) {
		err_set(text, 0, USAGE);
		return API_USAGE;
	}
	if (bridge_show_call(context->bridge, wish.id, take_call, &shown)) {
		if (!shown.object) {
			err_set(text, -ENOMEM, "out of memory");
			return API_FAILED;
		}
		if (wish.brief) {
			*ret_result = shown.object;
			return API_OK;
		}
	}
	id = id_of(context, wish.id, name);
	if (!shown.object && !id[0]) {
		err_set(text, 0, "no such call: %.100s", wish.id);
		return API_NOT_FOUND;
	}
	return begin(context, &wish, id, shown.object, text);
}
