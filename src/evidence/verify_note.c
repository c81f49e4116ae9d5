/* What checkpoints must be to be those of the log that is verified. */
#include "evidence/verify_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

const char *verify_refuse_note(
	struct checkpoint *ret, struct span whole, const struct keychain *keys)
{
	struct checkpoint checkpoint;
	struct note note;
	int err;

	if (note_read(&note, whole) != 0)
		return "it is no signed note";
	if (checkpoint_read(&checkpoint, note.text) != 0)
		return "it is no checkpoint";
	err = note_verify(&note, keychain_key(keys, checkpoint.size));
	if (err == -ENOENT)
		return keys->count > 0
			       ? "it is not signed by the key that the log had then"
			       : "it is not signed by that key";
	if (err)
		return "its signature is wrong";
	if (!span_equal_str(checkpoint.origin, keys->given.name))
		return "it is of another log";
	*ret = checkpoint;
	return NULL;
}

int verify_checkpoint(struct checkpoint *ret, struct span whole,
	const struct keychain *keys, struct err_text *text)
{
	const char *why = verify_refuse_note(ret, whole, keys);

	return why ? err_set(text, ERR_TRUST, "%s", why) : 0;
}

void verify_add_older(struct verify *verify, const char *name, uint64_t size,
	const struct tlog_hash *root)
{
	const unsigned i = verify->older_count;

	if (size > verify->result.size) {
		verify_tell(verify, VERIFY_SHRUNK, verify->result.size, size - 1,
			"the log shrank: %s has %" PRIu64
			" records, the checkpoint %" PRIu64,
			name, size, verify->result.size);
		return;
	}
	snprintf(verify->older[i].name, sizeof(verify->older[i].name), "%s", name);
	verify->older[i].size = size;
	verify->older[i].root = *root;
	verify->older_count++;
}
