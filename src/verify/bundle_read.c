#include "verify/bundle_priv.h"

#include "evidence/checkpoint.h"
#include "evidence/digest.h"
#include "evidence/verify.h"

#include <errno.h>

int bundle_sum(const struct bundle *bundle, const struct source_file *file,
	struct tlog_hash *ret)
{
	static char bytes[65536];
	struct source_reader reader;
	struct digest *digest;
	ssize_t n;
	int err = digest_new(&digest);

	if (err)
		return err;
	err = source_read_begin(&reader, &bundle->source, file);
	if (!err) {
		while ((n = source_read(&reader, bytes, sizeof(bytes))) > 0)
			digest_add(digest, bytes, (size_t)n);
		source_read_end(&reader);
		err = (int)n;
	}
	digest_take(digest, ret);
	digest_free(digest);
	return err;
}

bool bundle_read(struct bundle *bundle, const char *name, size_t max, struct buf *ret)
{
	struct source_file *file = source_find(&bundle->source, name);
	int err = file ? source_read_all(&bundle->source, file, max, ret) : -ENOENT;

	if (!file)
		bundle_tell(bundle, "missing", name, "%s is missing", name);
	else if (err)
		bundle_tell(bundle, "changed", name, "%s cannot be read: %s", name,
			err == ERR_LIMIT ? "it is too long" : err_str(err));
	return !err;
}

bool bundle_is_proved(struct bundle *bundle, const char *name, struct span line,
	const struct tlog_hash *leaf, const char *proof, struct buf *ret)
{
	struct err_text text = {""};
	struct buf again;
	uint64_t index;
	int err;

	if (!bundle_read(bundle, proof, PROOF_MAX, ret))
		return false;
	buf_init(&again, 0);
	err = leaf ? verify_leaf(buf_span(ret), leaf, &bundle->keys, &index, &text)
		   : verify_proof(
			     buf_span(ret), line, &bundle->keys, &index, &again, &text);
	buf_free(&again);
	if (err)
		bundle_tell(bundle, "proof", name, "%s is not proved by %s: %s", name,
			proof, text.text);
	return !err;
}
