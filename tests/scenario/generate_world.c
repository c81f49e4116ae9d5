/* What the world does in a random flow: the configuration, connections, the operator, time. */
#include "generate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void generator_init(struct generator *generator, uint64_t seed, struct stage *stage,
	struct list *actors, const struct known_set *known)
{
	static const unsigned chaos[] = {0, 0, 5, 10, 20, 40};
	static const unsigned odd[] = {0, 3, 10, 25};
	static const unsigned deaf[] = {0, 0, 5, 20};
	static const unsigned rebirth[] = {0, 0, 2, 6};
	struct dice *dice = &generator->dice;

	*generator = (struct generator){.stage = stage, .actors = actors, .known = known};
	dice_seed(dice, seed);
	generator->style = (struct generate_style){.world = dice_below(dice, 10),
		.time = 5 + dice_below(dice, 20),
		.chaos = chaos[dice_below(dice, 6)],
		.odd = odd[dice_below(dice, 4)],
		.deaf = deaf[dice_below(dice, 4)],
		.rebirth = stage->outside ? 0 : rebirth[dice_below(dice, 4)],
		.calls = 1 + dice_below(dice, 4)};
}

/* ---- before the curtain ---- */

static const char *const gateways[] = {"gateway gt transport=tcp priority=20",
	"gateway gt transport=tcp priority=200", "gateway gs tls=yes priority=20",
	"gateway gs tls=yes priority=200", "gateway gs tls=yes srtp=optional priority=20",
	"gateway gs tls=yes srtp=optional priority=200"};

/* Calls within one side, of one of two or of both. */
static void keep_on_one_side(struct dice *dice, struct steps *out)
{
	static const char *const ways[][2] = {
		{"gateway gw calls-to=gateways", "gateway gs tls=yes"},
		{"gateway gw calls-to=gateways", "gateway gt calls-to=gateways"},
		{"gateway gs tls=yes calls-to=gateways", "gateway gw calls-to=gateways"},
		{"server pbx calls-to=servers", "server pbx2 priority=20"},
		{"server pbx calls-to=servers", "server pbx2 calls-to=servers"}};
	const unsigned way = dice_below(dice, 5);

	steps_add(out, ways[way][0]);
	steps_add(out, ways[way][1]);
}

/* What crosses of statuses, reasons and headers. */
static const char *const crossings[] = {"gateway gw headers-pass=X-Cross-A",
	"gateway gw headers-pass=X-*,P-*,Re*,Se*,Id*,Ge*,In*,Co*,Wa*",
	"server pbx headers-pass=X-*,P-*,Re*,Se*,Id*,Ge*,In*,Co*,Wa*",
	"gateway gw headers-drop=X-Cross-A", "server pbx headers-drop=X-Cross-M*",
	"gateway gw headers-add=X-Cross-Ours:gw",
	"server pbx headers-add=X-Cross-Ours:pbx",
	"gateway gw codes=480->486,q850:17->600,500-599->480",
	"gateway gw codes=q850:1-127->rfc3398", "server pbx codes-out=480->603,486->603",
	"gateway gw codes-out=480->603", "gateway gw reason=make",
	"server pbx reason=make", "gateway gw reason=drop"};

void generate_world(struct generator *generator, struct steps *out)
{
	static const char *const settings[] = {"gateway gw dtmf=info",
		"gateway gw early-media=no", "gateway gw codecs=PCMA",
		"gateway gw hold=inactive", "gateway gw max-calls=1",
		"gateway gw t38=relay", "gateway gw transport=tcp",
		"gateway gw delayed-offer=make", "server pbx delayed-offer=make",
		"server pbx dtmf=info", "server pbx max-calls=2",
		"server pbx rekey-roc=keep",
		"server pbx t38=relay exception-until=2099-01-01",
		"server pbx2 priority=20", "set limits max-calls=2",
		"set limits max-duration=60s", "set limits setup-timeout=60s"};
	/* What comes by them stays a number, and reaches somebody. */
	static const char *const numbers[] = {
		"gateway gw country=49 area=30 national-prefix=0 numbers-out=national",
		"gateway gw country=49 area=30 national-prefix=0 numbers-in=e164 "
		"numbers-out=subscriber",
		"gateway gw country=1 national-prefix=1 numbers-in=e164 "
		"numbers-out=international",
		"gateway gw rewrite-called-out=^(\\d+)$->0$1 "
		"rewrite-called-out+=^\\+49(\\d+)$->0$1",
		"gateway gw rewrite-calling-out=^(.)+\\D$->1 "
		"rewrite-calling-out+=^(.*)$->1$1",
		"server pbx rewrite-called-in=^(\\d+)$->9$1 "
		"rewrite-calling-in=^\\+(.*)$->$1",
		"server pbx country=34 national-prefix=none short-numbers=0 "
		"numbers-in=digits numbers-out=digits"};
	struct dice *dice = &generator->dice;

	for (unsigned i = dice_below(dice, 3); i > 0; i--)
		steps_add(out, DICE_WORD(dice, gateways));
	if (dice_in(dice, 50))
		steps_add(out, DICE_WORD(dice, settings));
	if (dice_in(dice, 25))
		steps_add(out, DICE_WORD(dice, numbers));
	if (dice_in(dice, 30))
		keep_on_one_side(dice, out);
	if (dice_in(dice, 35))
		for (unsigned i = 1 + dice_below(dice, 3); i > 0; i--)
			steps_add(out, DICE_WORD(dice, crossings));
	generate_trunks(generator, out);
	generate_sessions(generator, out);
	generate_identities(generator, out);
	generate_transfers(generator, out);
	generate_exchanges(generator, out);
	generate_redirections(generator, out);
	steps_add(out, "advance 1");
}

/* ---- parties ---- */

static const struct party *any_party(struct generator *generator, bool configured)
{
	const struct party *parties[16];
	unsigned count = 0;

	LIST_FOREACH (&generator->stage->parties, node, next) {
		const struct party *party = LIST_ENTRY(node, struct party, node);

		if (count < 16 && (!configured || party->configured))
			parties[count++] = party;
	}
	return count ? parties[dice_below(&generator->dice, count)] : NULL;
}

static void add(struct steps *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct steps *out, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	steps_add(out, text);
}

static void move_party(struct generator *generator, struct steps *out)
{
	static const char *const streams[] = {"closes", "closes", "closes", "stalls",
		"stalls 1500", "reads again", "vanishes", "refuses", "returns", "returns",
		"shakes hands", "opens", "gives up"};
	static const char *const datagrams[] = {"vanishes", "returns"};
	const struct party *party = any_party(generator, true);

	if (!party)
		return;
	if (party->kind == TRANSPORT_TLS && dice_in(&generator->dice, 10))
		add(out, "%s refused", party->name);
	else
		add(out, "%s %s", party->name,
			party->kind == TRANSPORT_UDP
				? DICE_WORD(&generator->dice, datagrams)
				: DICE_WORD(&generator->dice, streams));
}

/* Another transport for a gateway: the party follows at once, later, or never. */
static void switch_tls(struct generator *generator, struct steps *out)
{
	static const char *const modes[] = {"yes", "no", "observe"};
	const struct party *party = any_party(generator, true);
	const char *mode = DICE_WORD(&generator->dice, modes);

	if (!party || party->side == SIDE_INTERNAL)
		return;
	add(out, "gateway %s host=%s tls=%s", party->name, party->host, mode);
	steps_add(out, "reload");
	if (dice_in(&generator->dice, 60))
		add(out, "%s speaks %s", party->name,
			*mode == 'y' ? "tls"
				     : (!strcmp(party->name, "gt") ? "tcp" : "udp"));
}

static void change_trunk(struct generator *generator, struct steps *out)
{
	static const char *const ways[] = {"other", "gateways", "servers"};
	const struct party *party = any_party(generator, true);
	bool internal;

	if (!party)
		return;
	internal = party->side == SIDE_INTERNAL;
	if (dice_in(&generator->dice, 40))
		add(out, "remove %s %s", internal ? "server" : "gateway", party->name);
	else if (dice_in(&generator->dice, 30))
		add(out, "%s %s host=%s calls-to=%s", internal ? "server" : "gateway",
			party->name, party->host, DICE_WORD(&generator->dice, ways));
	else if (internal)
		add(out, "server %s host=%s", party->name, party->host);
	else
		add(out, "gateway %s host=%s tls=%s", party->name, party->host,
			party->kind == TRANSPORT_TLS ? "yes" : "no");
	steps_add(out, "reload");
}

/* ---- the operator and the machine ---- */

static void operate(struct generator *generator, struct steps *out)
{
	const struct party *party = any_party(generator, true);
	struct dice *dice = &generator->dice;
	const char *verb = dice_in(dice, 50) ? "drains" : "resumes";

	if (dice_in(dice, 50))
		add(out, "operator hangs up %u",
			1 + dice_below(dice, generator->stage->begun));
	else if (dice_in(dice, 5))
		steps_add(out, "operator ends all");
	else if (party)
		add(out, "operator %s %s %s", verb,
			party->side == SIDE_INTERNAL ? "server" : "gateway", party->name);
}

static void trouble(struct generator *generator, struct steps *out)
{
	static const char *const troubles[] = {"audit stops", "audit works", "load high",
		"load low", "relay empty", "relay full", "relay silence internal",
		"relay silence external", "relay digit internal 5 160",
		"relay digit external 11 250", "relay full", "audit works", "load low",
		"dns gw.carrier.example waits", "dns gw.carrier.example answers",
		"dns pbx.corp.example waits", "dns pbx.corp.example answers",
		"dns gs.carrier.example waits", "dns gs.carrier.example answers"};

	steps_add(out, DICE_WORD(&generator->dice, troubles));
}

void generate_event(struct generator *generator, struct steps *out)
{
	static const unsigned weights[] = {30, 15, 10, 20, 30, 10, 20};

	switch (dice_weigh(&generator->dice, weights, 7)) {
	case 0:
		move_party(generator, out);
		break;
	case 1:
		switch_tls(generator, out);
		break;
	case 2:
		change_trunk(generator, out);
		break;
	case 3:
		operate(generator, out);
		break;
	case 4:
		trouble(generator, out);
		break;
	case 6:
		generate_trunk_event(generator, out);
		break;
	default:
		steps_add(out, "reload");
		break;
	}
}

/* ---- the order of things ---- */

static void wait(struct generator *generator, struct steps *out)
{
	static const unsigned ranges[][2] = {{1, 60}, {400, 700}, {900, 5000},
		{5000, 12000}, {31000, 34000}, {60000, 200000}};
	static const unsigned weights[] = {40, 20, 20, 10, 8, 2};
	struct dice *dice = &generator->dice;
	const unsigned *range = ranges[dice_weigh(dice, weights, 6)];

	/* as sessions are refreshed, or are not */
	if (generator->style.sessions && dice_in(dice, 25)) {
		add(out, "advance %u", 20000 + dice_below(dice, 50000));
		return;
	}
	add(out, "advance %u", range[0] + dice_below(dice, range[1] - range[0]));
}

void generate_next(struct generator *generator, struct steps *out)
{
	const struct generate_style *style = &generator->style;
	const unsigned at = dice_below(&generator->dice, 100);
	struct buf text;

	buf_init(&text, 0);
	if (dice_in(&generator->dice, style->rebirth))
		steps_add(out, "rebirth");
	else if (at < style->world)
		generate_event(generator, out);
	else if (at < style->world + style->time)
		wait(generator, out);
	else if (at < style->world + style->time + style->chaos)
		generate_chaos(generator, &text);
	else if (dice_in(&generator->dice, style->deaf) ||
		 !generate_legal(generator, &text))
		wait(generator, out);
	if (text.len)
		steps_add(out, buf_str(&text));
	buf_free(&text);
}

void generate_end(struct generator *generator, struct steps *out)
{
	if (dice_in(&generator->dice, 40))
		steps_add(out, "advance 215000");
	steps_add(out, "operator ends all");
}
