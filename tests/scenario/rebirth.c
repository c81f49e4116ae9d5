#include "rebirth.h"

#include "inside.h"
#include "told.h"

#include "base/loop.h"
#include "tls/seal.h"

#include <stdlib.h>
#include <string.h>

static struct seal *make_seal(void)
{
	struct secret key;
	struct seal *seal;

	if (secret_random(&key, SEAL_KEY_LEN) || seal_new(&seal, &key))
		abort();
	return seal;
}

/* A description, and so a key, is nowhere in clear. */
static int check_text(struct span text, struct err_text *error)
{
	static const char *const words[] = {"inline:", "a=crypto", "m=audio"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text.p, text.len, words[i], strlen(words[i])))
			return err_set(error, ERR_FORMAT, "\"%s\" was written in clear",
				words[i]);
	return 0;
}

/* The calls as text. */
static int write_down(struct stage *stage, const struct saved_sealer *sealer,
	struct buf *out, struct err_text *error)
{
	struct saved saved;
	unsigned count;
	int err = saved_new(&saved, stage->clock.mono_us, sealer);
	bool was = inside_set(true);

	relay_stop(stage->relay);
	if (!err)
		err = bridge_save(stage->bridge, saved, &count);
	inside_set(was);
	if (!err)
		err = saved_print(saved, out);
	saved_free(&saved);
	stage_note(stage, "  tandem ends, %u calls are to go on", count);
	return err ? err : check_text(buf_span(out), error);
}

static int read_back(struct stage *stage, const struct saved_sealer *sealer,
	struct span text, struct err_text *error)
{
	struct saved saved;
	unsigned count = 0;
	int err = saved_parse(&saved, text, stage->clock.mono_us, sealer, error);
	bool was;

	if (err)
		return err;
	was = inside_set(true);
	err = bridge_load(stage->bridge, saved, &count, error);
	inside_set(was);
	saved_free(&saved);
	stage_note(stage, "  tandem goes on, with %u calls", count);
	return err;
}

/* The world stays as it is, but for connections. */
static void replace(struct stage *stage)
{
	struct transport *transports[] = {stage->transports[0], stage->transports[1]};
	struct relay *relay = stage->relay;
	struct trunks *trunks = stage->trunks;
	struct err_text text = {{0}};
	bool was = inside_set(true);

	stage_end_upkeep(stage);
	bridge_free(stage->bridge);
	inside_set(was);
	if (stage_raise(stage, &text))
		abort();
	for (unsigned side = 0; side < 2; side++) {
		wire_inherit(stage->transports[side], transports[side]);
		transport_free(transports[side]);
	}
	told_inherit(stage->relay, relay);
	relay_free(relay);
	trunks_free(trunks);
}

int rebirth(struct stage *stage, struct err_text *error)
{
	struct seal *seal = make_seal();
	const struct saved_sealer sealer = seal_sealer(seal);
	struct buf text;
	int err;

	buf_init(&text, 0);
	err = write_down(stage, &sealer, &text, error);
	if (!err)
		replace(stage);
	if (!err)
		err = read_back(stage, &sealer, buf_span(&text), error);
	buf_free(&text);
	seal_free(seal);
	stage_settle(stage);
	return err;
}
