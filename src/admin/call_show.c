/*
 * Its record, if it has ended, and its capture are looked for and read between other work of the loop, a step a turn, and so is the
 * answer given later.
 */
#include "admin/call_show.h"

#include "admin/job.h"
#include "admin/ladder.h"
#include "admin/ladder_record.h"
#include "admin/lookup.h"
#include "audit/capture_read.h"
#include "audit/cdr.h"
#include "audit/folder.h"
#include "audit/writer.h"
#include "base/buf.h"
#include "bridge/bridge.h"
#include "config/config.h"

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
	struct job job;
	struct lookup *lookup; /* NULL: it stands, or was found */
	bool brief, standing;
	bool parties_told; /* to the ladder, from the record */
	json_t *object;    /* what is shown; NULL: not found yet */
	struct ladder *ladder;
	struct capture_reader *reader; /* NULL: no capture is read */
	unsigned steps;
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

static const char *state_dir(const struct verbs_context *context)
{
	return context->config_h(context->arg)->tandem.state_dir;
}

/* ---- its end ---- */

static void free_h(void *arg)
{
	struct showing *showing = arg;

	lookup_cancel(showing->lookup);
	capture_reader_free(showing->reader);
	ladder_free(showing->ladder);
	json_decref(showing->object);
	free(showing);
}

/* Of its capture, where that gave anything, else of its record. */
static json_t *make_ladder(struct showing *showing)
{
	if (showing->ladder && ladder_has_messages(showing->ladder))
		return ladder_json(showing->ladder, "capture", showing->note);
	return ladder_record_json(showing->object, showing->note);
}

static void finish(struct showing *showing)
{
	json_t *object = json_incref(showing->object);

	if (!showing->brief)
		json_object_set_new(object, "ladder", make_ladder(showing));
	job_finish(&showing->job, API_OK, object, NULL);
}

/* ---- its capture ---- */

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

static void step_h(void *arg)
{
	struct showing *showing = arg;
	const int err =
		capture_reader_step(showing->reader, STEP_BLOCKS, datagram_h, showing);

	if (err == -EAGAIN && ++showing->steps < STEPS_MAX) {
		job_go_on(&showing->job, 0, step_h);
		return;
	}
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
	finish(showing);
}

/* The folder of its capture. A descriptor, or negative. */
static int open_folder(const struct showing *showing, char day[static STORE_DATE_SIZE])
{
	const char *id = word_of(showing->object, "id");
	const int root = folder_root(state_dir(showing->job.context));
	int fd = -ENOENT;

	if (root < 0)
		return root;
	if (store_id_ok(id) && folder_day_of(root, id, day))
		fd = folder_find(root, day, id);
	close(root);
	return fd;
}

/* Finds its capture, and says where it is. */
static void begin_capture_h(void *arg)
{
	struct showing *showing = arg;
	char day[STORE_DATE_SIZE];
	const int fd = open_folder(showing, day);
	const char *name = fd < 0 ? NULL : capture_read_name(fd);
	int err = fd;

	if (fd >= 0) {
		err = showing->brief ? 0 : capture_reader_open(&showing->reader, fd);
		close(fd);
	}
	if (!showing->standing)
		json_object_set_new(showing->object, "capture",
			name ? json_sprintf("%s/audit/%s/%s/%s",
				       state_dir(showing->job.context), day,
				       word_of(showing->object, "id"), name)
			     : json_string(""));
	if (!err && !showing->brief) {
		job_go_on(&showing->job, 0, step_h);
		return;
	}
	if (!showing->brief)
		note_missing(showing, err);
	finish(showing);
}

/* ---- its record ---- */

static void found_h(void *arg, int err, struct span line, const struct err_text *why)
{
	struct showing *showing = arg;
	struct err_text text = {""};

	showing->lookup = NULL;
	if (!err)
		showing->object = json_loadb(line.p, line.len, 0, NULL);
	if (!err && !showing->object)
		err = err_set(&text, ERR_FORMAT, "its record cannot be read");
	else if (err == -ENOENT)
		err_set(&text, err, "no such call, and %s", why->text);
	else if (err)
		err_set(&text, err, "cannot read the records: %s", why->text);
	if (err) {
		job_finish(&showing->job, err == -ENOENT ? API_NOT_FOUND : API_FAILED,
			NULL, &text);
		return;
	}
	json_object_set_new(showing->object, "state", json_string("ended"));
	begin_capture_h(showing);
}

/* ---- its beginning ---- */

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

/* Of a call that ended: its record is to be found. */
static enum api_code find_record(
	struct showing *showing, const char *id, struct err_text *text)
{
	struct verbs_context *context = showing->job.context;
	char name[BRIDGE_CALL_ID_SIZE];
	uint64_t number;
	int err;

	/* numbers begin anew with each start: one of this process is meant */
	if (span_uint(span_of(id), UINT32_MAX, &number) == 0)
		id = bridge_call_id(context->bridge, number, name);
	err = lookup_start(&showing->lookup, context, id, found_h, showing, text);
	if (err == ERR_FORMAT)
		err_set(text, 0, "no such call: %.100s", id);
	return !err ? API_OK : err == ERR_FORMAT ? API_NOT_FOUND : API_FAILED;
}

/* OBJECT is taken. */
static enum api_code begin(struct verbs_context *context, const struct wish *wish,
	json_t *object, struct err_text *text)
{
	struct showing *showing = calloc(1, sizeof(*showing));
	enum api_code code;

	if (!showing) {
		json_decref(object);
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	job_init(&showing->job, context, VERBS_JOB_SHOW, free_h, showing);
	showing->brief = wish->brief;
	showing->object = object;
	showing->standing = object != NULL;
	showing->ladder = ladder_new(wish->messages);
	if (!showing->ladder) {
		err_set(text, -ENOMEM, "out of memory");
		code = API_FAILED;
	} else if (object) {
		job_go_on(&showing->job, SETTLE_MS, begin_capture_h);
		code = API_OK;
	} else {
		code = find_record(showing, wish->id, text);
	}
	if (code != API_OK) {
		job_drop(&showing->job);
		return code;
	}
	code = job_defer(&showing->job, text);
	/* who looks at whole messages is on record, as who changes something is */
	if (code == API_PENDING && wish->messages)
		api_tell(context->api);
	return code;
}

enum api_code call_verb_show(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct shown shown = {.context = context};
	struct wish wish;

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
	if (!job_has_room(context, VERBS_JOB_SHOW, text)) {
		json_decref(shown.object);
		return API_FAILED;
	}
	return begin(context, &wish, shown.object, text);
}
