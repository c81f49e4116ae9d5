#include "pinged.h"

#include "inside.h"

#include "base/loop.h"
#include "sip/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer on its way. */
struct pong {
	struct list node; /* in stage->pongs */
	struct timer timer;
	struct stage *stage;
	struct party *party;
	struct flow *flow; /* a reference */
	char *text;
};

static void free_pong(struct pong *pong)
{
	timer_stop(&pong->timer);
	list_remove(&pong->node);
	flow_unref(pong->flow);
	free(pong->text);
	free(pong);
}

/* "200", "503,200", "silent", "by" */
static int set_statuses(struct pinged *pinged, const char *how)
{
	struct span rest = span_of(how), word;
	uint64_t status;

	if (!strcmp(how, "by"))
		return 0;
	while (span_next(&rest, ',', &word)) {
		if (pinged->statuses == sizeof(pinged->status) / sizeof(*pinged->status))
			return ERR_FORMAT;
		if (span_equal_str(word, "silent"))
			pinged->status[pinged->statuses++] = PINGED_SILENT;
		else if (!span_uint(word, 699, &status) && status >= 200)
			pinged->status[pinged->statuses++] = (int)status;
		else
			return ERR_FORMAT;
	}
	return pinged->statuses ? 0 : ERR_FORMAT;
}

int pinged_set(struct party *party, char *const *words, unsigned count)
{
	struct pinged pinged = {.count = party->pinged.count,
		.keepalives = party->pinged.keepalives,
		.mute = party->pinged.mute};
	const char *how = count ? words[0] : "";

	if (set_statuses(&pinged, how))
		return ERR_FORMAT;
	for (unsigned i = 1; i < count; i++) {
		if (!strncmp(words[i], "Retry-After=", 12))
			pinged.retry_after = words[i] + 12;
		else if (!strncmp(words[i], "after=", 6))
			pinged.after_ms = strtoull(words[i] + 6, NULL, 10);
		else if (!strcmp(words[i], "tagless"))
			pinged.tagless = true;
		else if (strcmp(words[i], "hand") != 0)
			return ERR_FORMAT;
	}
	pinged.retry_after = pinged.retry_after ? strdup(pinged.retry_after) : NULL;
	free(party->pinged.retry_after);
	party->pinged = pinged;
	return 0;
}

static void answer_h(void *arg)
{
	struct pong *pong = arg;
	bool was = inside_set(false);

	stage_note(pong->stage, "%s -> tandem: answer to OPTIONS", pong->party->name);
	if (!pong->flow->closed)
		wire_receive(pong->flow, pong->text, strlen(pong->text));
	free_pong(pong);
	inside_set(was);
}

static void answer(struct stage *stage, const struct stage_passed *passed, int status)
{
	const struct pinged *pinged = &passed->party->pinged;
	struct pong *pong = calloc(1, sizeof(*pong));
	struct buf out;

	buf_init(&out, 0);
	if (!pong || compose_response(&out, passed->message, status, NULL,
			     pinged->tagless ? NULL : "pinged"))
		abort();
	if (pinged->retry_after)
		compose_header_str(&out, "Retry-After", pinged->retry_after);
	compose_body(&out, NULL, (struct span){0});
	pong->stage = stage;
	pong->party = passed->party;
	pong->flow = flow_ref(passed->flow);
	pong->text = strdup(buf_str(&out));
	buf_free(&out);
	list_append(&stage->pongs, &pong->node);
	timer_start(
		loop_timers(stage->loop), &pong->timer, pinged->after_ms, answer_h, pong);
}

bool pinged_take(struct stage *stage, const struct stage_passed *passed)
{
	struct party *party = passed->party;
	int status;

	if (!party || !party->pinged.statuses || !passed->message ||
		!message_is_request(passed->message) ||
		message_method(passed->message) != MESSAGE_OPTIONS ||
		message_to(passed->message)->tag.len)
		return false;
	party->pinged.count++;
	status = party->pinged.status[party->pinged.at];
	if (party->pinged.at + 1 < party->pinged.statuses)
		party->pinged.at++;
	if (status != PINGED_SILENT)
		answer(stage, passed, status);
	return true;
}

bool pinged_take_keepalive(
	struct stage *stage, struct party *party, struct flow *flow, struct span text)
{
	if (!span_equal_str(text, WIRE_KEEPALIVE))
		return false;
	stage_note(stage, "tandem -> %s: CRLF CRLF", party ? party->name : "?");
	if (!party)
		return true;
	party->pinged.keepalives++;
	if (!party->pinged.mute && flow_is_reliable(flow))
		wire_pong(flow);
	return true;
}

unsigned pinged_count_keepalives(struct party *party)
{
	unsigned count = party->pinged.keepalives;

	party->pinged.keepalives = 0;
	return count;
}

unsigned pinged_count(struct party *party)
{
	unsigned count = party->pinged.count;

	party->pinged.count = 0;
	return count;
}

void pinged_end(struct stage *stage)
{
	LIST_FOREACH (&stage->pongs, node, next)
		free_pong(LIST_ENTRY(node, struct pong, node));
}
