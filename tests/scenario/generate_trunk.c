/* What trunks look after by themselves, in a random flow: OPTIONS, credentials, limits, emergency calls, names. */
#include "generate.h"

#include <stdio.h>
#include <string.h>

/* ---- before the curtain ---- */

/* Those who have a password there; the file is one for all. */
static const char *const accounts[] = {
	"gateway gw auth-user=gw-user auth-secret=../secret",
	"gateway gs tls=yes auth-user=gs-user auth-secret=../secret",
	"gateway gt transport=tcp auth-user=gt-user auth-secret=../secret",
	"server pbx auth-user=pbx-user auth-secret=secret"};

static const char *const pings[] = {"gateway gw options-ping=10s",
	"gateway gs tls=yes options-ping=20s",
	"gateway gt transport=tcp options-ping=15s", "server pbx options-ping=10s"};

static const char *const healths[] = {"gateway gw down-after=1", "gateway gw up-after=3",
	"gateway gw rest-max=0", "gateway gw rest-max=3s", "server pbx down-after=1",
	"gateway gs tls=yes down-after=1 options-ping=10s",
	"gateway gw answer-within=1s down-after=2"};

/* Behind the gateway that they are of. */
static const char *const registers[4][2] = {
	{"", "register gw identity=+4930200@gw.carrier.example"},
	{"", "register gw identity=+4930200@gw.carrier.example expires=60s required=no"},
	{"gateway gt transport=tcp priority=20",
		"register gt identity=+4930200@gt.carrier.example expires=1m"},
	{"gateway gs tls=yes priority=20",
		"register gs identity=+4930200@gs.carrier.example"}};

static const char *const limits[] = {"gateway gw max-rate-out=1",
	"gateway gw max-early=1", "gateway gw max-calls-out=1",
	"gateway gw max-calls-in=1", "gateway gw max-rate=2", "server pbx max-rate-in=1",
	"server pbx max-early=1", "server pbx max-calls-out=1", "set limits max-early=2",
	"set limits max-rate=1", "gateway gw max-calls=2 emergency-reserve=1"};

/* Trunks that are named are there. */
static const char *const emergencies[4][2] = {{"", "set emergency numbers=112"},
	{"gateway gt transport=tcp priority=20", "set emergency numbers=112 trunks=gt"},
	{"gateway gs tls=yes priority=20", "set emergency numbers=112 trunks=gs,gw"},
	{"gateway gs tls=yes priority=200", "set emergency numbers=112,911 trunks=gs"}};

/* Who may send messages and packages; others do too. */
static const char *const messages[] = {"server pbx methods=MESSAGE info-packages=app.one",
	"gateway gw methods=MESSAGE info-packages=app.one,app.two",
	"gateway gs tls=yes methods=MESSAGE info-packages=app.one",
	"gateway gt transport=tcp methods=MESSAGE"};

/* The second of PAIR, behind the first, which may be empty. */
static void add_pair(const char *const pair[static 2], struct steps *out)
{
	if (pair[0][0])
		steps_add(out, pair[0]);
	steps_add(out, pair[1]);
}

void generate_trunks(struct generator *generator, struct steps *out)
{
	struct dice *dice = &generator->dice;

	/* Tandem outside has neither these files nor parties that answer OPTIONS by themselves */
	if (generator->stage->outside)
		return;
	if (dice_in(dice, 35)) {
		steps_add(out, "secret secret sesame");
		for (unsigned i = 1 + dice_below(dice, 2); i > 0; i--)
			steps_add(out, DICE_WORD(dice, accounts));
		generator->style.challenges =
			dice_in(dice, 30) ? 95 : 10 + dice_below(dice, 50);
	}
	if (dice_in(dice, 30))
		steps_add(out, DICE_WORD(dice, pings));
	if (dice_in(dice, 20))
		add_pair(registers[dice_below(dice, 4)], out);
	if (dice_in(dice, 25))
		steps_add(out, DICE_WORD(dice, healths));
	if (dice_in(dice, 25))
		steps_add(out, DICE_WORD(dice, limits));
	for (unsigned i = dice_in(dice, 40) ? 4 : 0; i > 0; i--)
		if (dice_in(dice, 70))
			steps_add(out, messages[i - 1]);
	if (dice_in(dice, 35)) {
		add_pair(emergencies[dice_below(dice, 4)], out);
		generator->style.emergencies = 10 + dice_below(dice, 40);
	}
}

/* ---- meanwhile ---- */

static const struct party *any_trunk(struct generator *generator)
{
	const struct party *parties[16];
	unsigned count = 0;

	LIST_FOREACH (&generator->stage->parties, node, next) {
		const struct party *party = LIST_ENTRY(node, struct party, node);

		if (count < 16 && party->configured)
			parties[count++] = party;
	}
	return count ? parties[dice_below(&generator->dice, count)] : NULL;
}

/* The name of a gateway leads to another one's address, to several, or nowhere. */
static void move_name(struct generator *generator, char *text, size_t size)
{
	const struct party *whose = any_trunk(generator), *where = any_trunk(generator);
	const struct party *also = any_trunk(generator);
	char one[ADDR_TEXT_SIZE], other[ADDR_TEXT_SIZE];

	/* over TLS nobody is at another's address */
	if (whose->side != where->side || whose->side != also->side ||
		whose->kind == TRANSPORT_TLS || where->kind == TRANSPORT_TLS ||
		also->kind == TRANSPORT_TLS || dice_in(&generator->dice, 20))
		snprintf(text, size, "dns %s fails", whose->host);
	else
		snprintf(text, size, "dns %s = %s %s", whose->host,
			addr_host_text(&where->addr, one),
			addr_host_text(&also->addr, other));
}

void generate_trunk_event(struct generator *generator, struct steps *out)
{
	static const char *const ways[] = {"pings 200", "pings 200",
		"pings 200 after=300", "pings silent", "pings 503",
		"pings 503 Retry-After=7", "pings 404 tagless", "pings by hand", "dies"};
	const struct party *party = any_trunk(generator);
	char text[120];

	if (!party || generator->stage->outside)
		return;
	snprintf(text, sizeof(text), "%s %s", party->name,
		DICE_WORD(&generator->dice, ways));
	if (dice_in(&generator->dice, 15))
		move_name(generator, text, sizeof(text));
	/* what dies is a connection */
	if (party->kind != TRANSPORT_UDP || !strstr(text, " dies"))
		steps_add(out, text);
}

/* ---- in messages ---- */

/* Who asks has a realm of its own, or one that others have too; its nonces are its own in any case. */
static void add_one(struct generator *generator, const struct party *party, bool proxy,
	struct buf *out)
{
	static const char *const algorithms[] = {"SHA-256", "SHA-256", "SHA-256",
		"SHA-512-256", "MD5", "SHA-256-sess", "SHA-1"};
	struct dice *dice = &generator->dice;

	buf_printf(out, "\n\t+%s-Authenticate: Digest realm=\"%s\",nonce=\"%s.%u\"",
		proxy ? "Proxy" : "WWW", dice_in(dice, 70) ? party->name : "shared",
		party->name, dice_below(dice, 6));
	if (dice_in(dice, 90))
		buf_add_str(out, ",qop=\"auth\"");
	buf_printf(out, ",algorithm=%s", DICE_WORD(dice, algorithms));
	if (dice_in(dice, 30))
		buf_add_str(out, ",stale=true");
}

bool generate_challenge(struct generator *generator, const struct party *party,
	const char *method, const char *name, struct buf *out)
{
	struct dice *dice = &generator->dice;
	const bool proxy = dice_in(dice, 30);

	if (!dice_in(dice, generator->style.challenges))
		return false;
	buf_printf(out, "%s replies %u to %s", name, proxy ? 407u : 401u, method);
	add_one(generator, party, proxy, out);
	if (dice_in(dice, 20))
		add_one(generator, party, dice_in(dice, 50), out);
	return true;
}

unsigned generate_register_status(struct generator *generator)
{
	static const unsigned statuses[] = {
		200, 200, 200, 200, 302, 403, 404, 423, 423, 480, 500, 503, 503, 603};

	return statuses[dice_below(
		&generator->dice, sizeof(statuses) / sizeof(statuses[0]))];
}

void generate_registered(struct generator *generator, unsigned status, struct buf *out)
{
	static const char *const clauses[] = {"Contact: <$target>;expires=60",
		"Contact: <$target>;expires=7", "Contact: <$target>\n\tExpires: 30",
		"Contact: <sip:else@192.0.2.1>;expires=90\n\t+Contact: "
		"<$target>;expires=40",
		"Contact: <$target>;expires=0",
		"Contact: <sip:else@192.0.2.1>;expires=60"};
	struct dice *dice = &generator->dice;

	if (status == 200)
		buf_printf(out, "\n\t%s", DICE_WORD(dice, clauses));
	if (status == 423 && dice_in(dice, 80))
		buf_printf(out, "\n\tMin-Expires: %u", dice_below(dice, 9000));
}

void generate_rest(struct generator *generator, struct buf *out)
{
	if (dice_in(&generator->dice, 40))
		buf_printf(out, "\n\tRetry-After: %u", dice_below(&generator->dice, 20));
}

void generate_called(struct generator *generator, struct buf *out)
{
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, generator->style.emergencies))
		return;
	if (dice_in(dice, 70))
		buf_add_str(out, "\n\tstart INVITE sip:112@$host SIP/2.0");
	else
		buf_add_str(out, "\n\tPriority: emergency");
}
