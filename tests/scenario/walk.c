#include "walk.h"

#include "actor.h"
#include "chance.h"
#include "generate.h"
#include "judge.h"
#include "outside.h"
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 64*T1 and 5 s, as at the end of a scenario. */
#define WALK_REST_MS 37000

/* Calls of one walk whose ends are named after who called. */
#define WALK_CALLS 64
/* Ends of one call at one party, such as after failover. */
#define WALK_ENDS 16

struct walk {
	struct stage stage;
	struct judge judge;
	struct list actors;
	struct generator generator;
	const struct walk_params *params;
	struct walk_result *result;
	char playing[32];           /* ".7" of the endpoint that plays */
	char names[WALK_CALLS][32]; /* by call: ".7" of who called */
};

/* ---- what came of a step ---- */

static void note_letter(struct walk *walk, const struct letter *letter,
	const struct endpoint *endpoint, const struct party *party)
{
	struct buf *out = &walk->result->scenario;
	const struct message *message = letter->message;
	const char *name = endpoint ? endpoint->name : party->name;

	if (message_is_request(message))
		buf_printf(out, "expect %s %.*s\n", name,
			SPAN_ARG(message_method_name(message)));
	else
		buf_printf(out, "expect %s %d %s\n", name, message_status(message),
			message_method_str(message_method(message)));
}

/*
 * Ends of one call have one number, whatever else happens in the walk, so that steps that
 * are left out do not change the names in those that stay.
 */
static struct endpoint *make_endpoint(
	struct walk *walk, const struct party *party, uint64_t call)
{
	const char *number = call < WALK_CALLS ? walk->names[call] : "";

	for (unsigned i = 0; i < WALK_ENDS; i++) {
		struct endpoint *endpoint;
		char name[80];

		snprintf(name, sizeof(name), "%s%s", party->name, number);
		if (i)
			snprintf(name, sizeof(name), "%s%s%u", party->name,
				*number ? number : ".", i + 1);
		endpoint = endpoint_find(&walk->stage, name);
		if (!endpoint->call_id)
			return endpoint;
	}
	return NULL;
}

static struct endpoint *find_reader(
	struct walk *walk, const struct party *party, const struct letter *letter)
{
	struct endpoint *endpoint = actors_reader(&walk->stage, party, letter->message);

	if (endpoint || !message_is_request(letter->message) ||
		message_to(letter->message)->tag.len)
		return endpoint;
	return make_endpoint(walk, party, letter->call);
}

static void begun_h(void *arg, uint64_t call)
{
	struct walk *walk = arg;

	if (call < WALK_CALLS)
		memcpy(walk->names[call], walk->playing, sizeof(walk->playing));
}

static void read_letter(struct walk *walk, struct party *party, struct letter *letter)
{
	struct endpoint *endpoint = find_reader(walk, party, letter);

	note_letter(walk, letter, endpoint, party);
	if (endpoint) {
		actor_reads(actors_get(&walk->actors, endpoint), letter->message);
		endpoint_read(endpoint, letter);
	}
	stage_letter_free(letter);
}

static void read_records(struct walk *walk)
{
	LIST_FOREACH (&walk->stage.records, node, next) {
		struct record_text *entry = LIST_ENTRY(node, struct record_text, node);

		buf_printf(&walk->result->scenario, "expect cdr %.*s\n",
			(int)strcspn(entry->text, " "), entry->text);
		list_remove(node);
		free(entry->text);
		free(entry);
	}
}

static void read_all(struct walk *walk)
{
	struct party *party;

	while ((party = stage_unread(&walk->stage)) != NULL)
		read_letter(
			walk, party, LIST_ENTRY(party->inbox.next, struct letter, node));
	read_records(walk);
}

/* ---- steps ---- */

static void learn_step(struct walk *walk, const struct step *step)
{
	struct endpoint *endpoint = NULL;
	struct actor *actor, *other;

	if (step->count >= 3 &&
		(!strcmp(step->words[1], "sends") || !strcmp(step->words[1], "replies") ||
			!strcmp(step->words[1], "forks")))
		endpoint = endpoint_find(&walk->stage, step->words[0]);
	if (!endpoint)
		return;
	actor = actors_get(&walk->actors, endpoint);
	actor_plays(actor, step);
	if (strcmp(step->words[1], "forks") != 0)
		return;
	other = actors_get(&walk->actors, endpoint_find(&walk->stage, step->words[2]));
	actor->asked[MESSAGE_INVITE] = true;
	actor->cseq[MESSAGE_INVITE] = other->cseq[MESSAGE_INVITE];
	actor->offered = other->offered;
	actor->dialog = ACTOR_EARLY;
}

static void forgive(struct walk *walk)
{
	if (!walk->params->lenient)
		return;
	walk->judge.rule = NULL;
	walk->stage.fault.text[0] = '\0';
}

/* A step that cannot be, such as a reply to nothing, is passed over. */
static void play_text(struct walk *walk, const char *text)
{
	struct script script = {0};
	struct err_text error = {{0}};

	if (walk->params->step_h)
		walk->params->step_h(walk->params->arg, text);
	if (script_parse(&script, text, &error) || script.count != 1)
		abort();
	walk->result->events++;
	snprintf(walk->playing, sizeof(walk->playing), "%s",
		strchr(script.steps[0].words[0], '.')
			? strchr(script.steps[0].words[0], '.')
			: "");
	judge_played(&walk->judge, &script.steps[0]);
	if (!play_step(&walk->stage, &script.steps[0], &error) ||
		walk->stage.fault.text[0]) {
		buf_printf(&walk->result->scenario, "%s\n", text);
		learn_step(walk, &script.steps[0]);
	} else {
		stage_note(&walk->stage, "(passed over: %s: %s)", script.steps[0].text,
			error.text);
	}
	script_free(&script);
	if (!stage_started(&walk->stage))
		return;
	read_all(walk);
	judge_step(&walk->judge);
	forgive(walk);
}

static void play_steps(struct walk *walk, const struct steps *steps)
{
	for (unsigned i = 0; i < steps->count && !walk->judge.rule; i++)
		play_text(walk, steps->texts[i]);
}

static void play_made(
	struct walk *walk, void (*make)(struct generator *generator, struct steps *out))
{
	struct steps steps = {0};

	make(&walk->generator, &steps);
	play_steps(walk, &steps);
	steps_free(&steps);
}

static void play_seed(struct walk *walk)
{
	unsigned events = walk->params->events;

	if (!events)
		events = 20 + dice_below(&walk->generator.dice, 120);
	play_made(walk, generate_world);
	while (walk->result->events < events && !walk->judge.rule)
		play_made(walk, generate_next);
	if (!walk->judge.rule)
		play_made(walk, generate_end);
}

/* ---- the end ---- */

static void rest(struct walk *walk, uint64_t ms)
{
	if (walk->judge.rule)
		return;
	stage_advance(&walk->stage, ms);
	read_all(walk);
	judge_step(&walk->judge);
	forgive(walk);
}

/* The steps end with `operator ends all`; after that nobody answers any more. */
static void finish(struct walk *walk)
{
	struct err_text error = {{0}};

	if (walk->judge.rule)
		return;
	play_text(walk, "operator ends all");
	if (!stage_started(&walk->stage))
		return;
	if (!walk->stage.outside)
		stage_end_upkeep(&walk->stage);
	rest(walk, WALK_REST_MS);
	rest(walk, WALK_REST_MS);
	if (!walk->judge.rule && play_leaks(&walk->stage, &error))
		judge_fault(&walk->judge, "left-over", "%s", error.text);
	if (!walk->judge.rule && !walk->params->lenient)
		judge_end(&walk->judge);
}

void walk_run(const struct walk_params *params, struct walk_result *ret)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		abort();
	*ret = (struct walk_result){0};
	buf_init(&ret->scenario, 0);
	buf_init(&ret->ladder, 0);
	walk->params = params;
	walk->result = ret;
	list_init(&walk->actors);
	chance_seed(params->seed);
	stage_init(&walk->stage);
	walk->stage.outside = params->outside;
	if (params->outside)
		params->outside->stage = &walk->stage;
	judge_init(&walk->judge, &walk->stage, params->known);
	walk->stage.watches[1] = (struct stage_watch){.begun_h = begun_h, .arg = walk};
	generator_init(&walk->generator, params->seed, &walk->stage, &walk->actors,
		params->known);
	if (params->steps)
		play_steps(walk, params->steps);
	else
		play_seed(walk);
	finish(walk);
	ret->rule = walk->judge.rule;
	snprintf(ret->text, sizeof(ret->text), "%s", walk->judge.text.text);
	buf_add_span(&ret->ladder, buf_span(&walk->stage.ladder));
	actors_free(&walk->actors);
	stage_free(&walk->stage);
	judge_free(&walk->judge);
	free(walk);
}

int walk_read(struct steps *steps, const char *path, struct err_text *text)
{
	struct script script = {0};
	int err = script_read(&script, path, text);

	for (unsigned i = 0; i < script.count && !err; i++) {
		const struct step *step = &script.steps[i];
		struct buf whole;

		if (!strcmp(step->words[0], "expect") || !strcmp(step->words[0], "after"))
			continue;
		buf_init(&whole, 0);
		buf_add_str(&whole, step->text);
		for (unsigned j = 0; j < step->clause_count; j++)
			buf_printf(&whole, "\n\t%s", step->clauses[j]);
		steps_add(steps, buf_str(&whole));
		buf_free(&whole);
	}
	script_free(&script);
	return err;
}

void walk_result_free(struct walk_result *result)
{
	buf_free(&result->scenario);
	buf_free(&result->ladder);
}
