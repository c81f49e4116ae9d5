#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "audit/entry.h"

#include "audit/members.h"
#include "evidence/digest.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static void begin(struct buf *out, uint64_t wall_us)
{
	buf_add_char(out, '{');
	members_time(out, MEMBER("time"), wall_us, 0, true);
}

static void end(struct buf *out)
{
	buf_add_str(out, "}\n");
}

void entry_act(struct buf *out, uint64_t wall_us, const struct entry_act *act)
{
	begin(out, wall_us);
	members_string(out, MEMBER("who"), act->who);
	members_string(out, MEMBER("noun"), act->noun);
	members_string(out, MEMBER("verb"), act->verb);
	members_name(out, MEMBER("args"));
	buf_add_char(out, '[');
	for (size_t i = 0; i < act->arg_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		members_value(out, act->args[i]);
	}
	buf_add_char(out, ']');
	members_uint(out, MEMBER("code"), act->code > 0 ? (uint64_t)act->code : 0);
	end(out);
}

void entry_refused(struct buf *out, uint64_t wall_us, uint64_t count, const char *party,
	const char *reason)
{
	begin(out, wall_us);
	members_uint(out, MEMBER("count"), count);
	members_string(out, MEMBER("party"), party);
	members_string(out, MEMBER("reason"), reason);
	end(out);
}

void entry_start(struct buf *out, uint64_t wall_us, const char *log, const char *key)
{
	begin(out, wall_us);
	members_string(out, MEMBER("version"), PACKAGE_VERSION);
	members_string(out, MEMBER("log"), log);
	members_string(out, MEMBER("key"), key);
	end(out);
}

void entry_report(struct buf *out, uint64_t wall_us, const struct entry_report *report)
{
	begin(out, wall_us);
	members_string(out, MEMBER("report"), report->report);
	members_time(out, MEMBER("since"), report->since_us, 0, true);
	members_time(out, MEMBER("until"), report->until_us, 0, true);
	members_uint(out, MEMBER("first"), report->first);
	members_uint(out, MEMBER("last"), report->last);
	members_uint(out, MEMBER("records"), report->records);
	members_uint(out, MEMBER("calls"), report->calls);
	members_uint(out, MEMBER("unprotected"), report->unprotected);
	members_string(out, MEMBER("sha256"), report->sum);
	end(out);
}

void entry_key(struct buf *out, uint64_t wall_us, const char *from, const char *to)
{
	begin(out, wall_us);
	members_string(out, MEMBER("old"), from);
	members_string(out, MEMBER("new"), to);
	end(out);
}

void entry_stop(struct buf *out, uint64_t wall_us)
{
	begin(out, wall_us);
	end(out);
}

void entry_crash(struct buf *out, uint64_t wall_us, const char *last, uint64_t calls)
{
	begin(out, wall_us);
	members_string(out, MEMBER("last"), last);
	members_uint(out, MEMBER("calls"), calls);
	end(out);
}

void entry_lost(struct buf *out, uint64_t wall_us, const char *id, uint64_t start_us)
{
	begin(out, wall_us);
	members_string(out, MEMBER("id"), id);
	members_time(out, MEMBER("start"), start_us, 0, true);
	end(out);
}

void entry_gap(struct buf *out, uint64_t wall_us, const char *what, uint64_t count,
	uint64_t since_us, const char *why)
{
	begin(out, wall_us);
	members_string(out, MEMBER("what"), what);
	members_uint(out, MEMBER("count"), count);
	members_time(out, MEMBER("since"), since_us, 0, since_us > 0);
	members_string(out, MEMBER("why"), why);
	end(out);
}

void entry_deleted(struct buf *out, uint64_t wall_us, const struct entry_deleted *deleted)
{
	begin(out, wall_us);
	members_string(out, MEMBER("id"), deleted->id);
	members_string(out, MEMBER("day"), deleted->day);
	members_string(out, MEMBER("why"), deleted->why);
	members_string(out, MEMBER("rule"), deleted->rule);
	members_uint(out, MEMBER("files"), deleted->files);
	members_uint(out, MEMBER("bytes"), deleted->bytes);
	members_time(
		out, MEMBER("written"), deleted->written_us, 0, deleted->written_us > 0);
	end(out);
}

void entry_file(struct buf *list, const struct entry_file *file)
{
	char text[DIGEST_TEXT_SIZE];

	buf_add_str(list, list->len > 0 ? ",{" : "{");
	members_string(list, MEMBER("name"), file->name);
	members_string(list, MEMBER("state"), file->state);
	members_uint(list, MEMBER("bytes"), file->bytes);
	members_string(list, MEMBER("sha256"), digest_text(file->sum, text));
	members_uint(list, MEMBER("packets"), file->packets);
	members_uint(list, MEMBER("blocks"), file->blocks);
	members_name(list, MEMBER("root"));
	if (file->root)
		members_value(list, digest_text(file->root, text));
	else
		buf_add_str(list, "null");
	buf_add_char(list, '}');
}

void entry_files(struct buf *out, uint64_t wall_us, const char *id, const char *day,
	uint64_t lost, struct span files)
{
	begin(out, wall_us);
	members_string(out, MEMBER("id"), id);
	members_string(out, MEMBER("day"), day);
	members_uint(out, MEMBER("lost"), lost);
	members_name(out, MEMBER("files"));
	buf_add_char(out, '[');
	buf_add_span(out, files);
	buf_add_char(out, ']');
	end(out);
}

void entry_export(struct buf *out, uint64_t wall_us, const struct entry_export *export)
{
	begin(out, wall_us);
	members_string(out, MEMBER("who"), export->who);
	members_string(out, MEMBER("for"), export->recipient);
	members_string(out, MEMBER("id"), export->id);
	members_bool(out, MEMBER("only_sip"), export->only_sip);
	members_bool(out, MEMBER("hide_numbers"), export->hide_numbers);
	members_string(out, MEMBER("sums"), export->sums);
	end(out);
}
