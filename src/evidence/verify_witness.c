/* Whether witnesses saw the log grow to what is shown. */
#include "base/regular.h"
#include "evidence/verify_priv.h"

#include "evidence/cosign.h"
#include "evidence/logbook_file.h"

#include <errno.h>
#include <inttypes.h>

/* How many have cosigned NOTE; when, in TIMES: 0, it has not. BAD: one whose line is wrong. */
static unsigned count_cosigned(const struct note *note,
	const struct verify_witnesses *witnesses,
	uint64_t times[static VERIFY_WITNESSES_MAX], const struct note_key **ret_bad)
{
	unsigned count = 0;
	int err;

	for (unsigned i = 0; i < witnesses->count; i++) {
		times[i] = 0;
		err = cosign_verify(note, &witnesses->keys[i], &times[i]);
		count += err == 0;
		if (err == ERR_TRUST)
			*ret_bad = &witnesses->keys[i];
	}
	return count;
}

static void tell(const struct verify_witnesses *witnesses, uint64_t size,
	const uint64_t times[static VERIFY_WITNESSES_MAX])
{
	for (unsigned i = 0; i < witnesses->count && witnesses->h; i++)
		if (times[i] > 0)
			witnesses->h(witnesses->arg, &witnesses->keys[i], size, times[i]);
}

/* A note of the log, WHOLE, of which NAME is the file. *RET_COUNT is how many have cosigned it. */
static void look_at(struct verify *verify, const char *name, struct span whole,
	unsigned *ret_count, uint64_t *ret_size,
	uint64_t times[static VERIFY_WITNESSES_MAX])
{
	const struct note_key *bad = NULL;
	struct checkpoint checkpoint;
	struct note note;
	const char *why = verify_refuse_note(&checkpoint, whole, &verify->keys);

	*ret_count = 0;
	if (why) {
		verify_tell(verify, VERIFY_CHECKPOINT, 1, 0,
			"the file `%s` is not good: %s", name, why);
		return;
	}
	(void)note_read(&note, whole);
	*ret_size = checkpoint.size;
	*ret_count = count_cosigned(&note, verify->params->witnesses, times, &bad);
	if (bad)
		verify_tell(verify, VERIFY_WITNESS, 1, 0,
			"the cosignature of %s in `%s` is wrong", bad->name, name);
	if (checkpoint.size > 0)
		verify_add_older(verify, name, checkpoint.size, &checkpoint.root);
}

void verify_witnessed(struct verify *verify, struct span published)
{
	const struct verify_witnesses *witnesses = verify->params->witnesses;
	uint64_t times[VERIFY_WITNESSES_MAX], size = 0;
	unsigned count = 0;
	struct buf whole;

	/* The published one is newer; the other one is there while it has not been witnessed yet. */
	look_at(verify, LOGBOOK_CHECKPOINT, published, &count, &size, times);
	if (count < witnesses->quorum) {
		buf_init(&whole, 0);
		if (regular_read(verify->params->log_fd, LOGBOOK_WITNESSED, NOTE_MAX,
			    &whole) == 0)
			look_at(verify, LOGBOOK_WITNESSED, buf_span(&whole), &count,
				&size, times);
		buf_free(&whole);
	}
	if (count < witnesses->quorum)
		verify_tell(verify, VERIFY_WITNESS, 1, 0,
			"%u of %u witnesses have cosigned the log, %u are wanted", count,
			witnesses->count, witnesses->quorum);
	if (count > 0)
		tell(witnesses, size, times);
}

int verify_note_witnessed(struct span whole, const struct verify_witnesses *witnesses,
	struct err_text *text)
{
	uint64_t times[VERIFY_WITNESSES_MAX];
	const struct note_key *bad = NULL;
	struct checkpoint checkpoint;
	struct note note;
	unsigned count;

	if (note_read(&note, whole) != 0 || checkpoint_read(&checkpoint, note.text) != 0)
		return err_set(text, ERR_FORMAT, "it is no checkpoint");
	count = count_cosigned(&note, witnesses, times, &bad);
	if (bad)
		return err_set(
			text, ERR_TRUST, "the cosignature of %s is wrong", bad->name);
	if (count < witnesses->quorum)
		return err_set(text, ERR_TRUST,
			"%u of %u witnesses have cosigned its checkpoint, %u are wanted",
			count, witnesses->count, witnesses->quorum);
	tell(witnesses, checkpoint.size, times);
	return 0;
}

int verify_proof_witnessed(struct span proof, const struct verify_witnesses *witnesses,
	struct err_text *text)
{
	struct proof parts;

	if (proof_read(&parts, proof) != 0)
		return err_set(
			text, ERR_FORMAT, "it is no proof (c2sp.org/tlog-proof@v1)");
	return verify_note_witnessed(parts.note, witnesses, text);
}
