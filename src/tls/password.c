#include "tls/password.h"

#include "tls/pem.h"

#include <string.h>

/* What an editor or echo leaves behind it is no part of it. */
static struct span without_end(struct span line)
{
	if (line.len && line.p[line.len - 1] == '\n')
		line.len--;
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int judge(struct span password, const char *path, struct err_text *text)
{
	if (password.len == 0)
		return err_set(text, ERR_FORMAT,
			"%s: an empty line in the place of a password", path);
	if (password.len > PASSWORD_MAX)
		return err_set(text, ERR_LIMIT,
			"%s: longer than the %d bytes that a password may have", path,
			PASSWORD_MAX);
	if (memchr(password.p, '\n', password.len))
		return err_set(text, ERR_FORMAT,
			"%s: expected one line with the password, got several", path);
	for (size_t i = 0; i < password.len; i++)
		if ((unsigned char)password.p[i] < ' ' || password.p[i] == 0x7f)
			return err_set(text, ERR_FORMAT,
				"%s: a control character in the password", path);
	return 0;
}

int password_read(struct buf *out, const char *path, struct err_text *text)
{
	gnutls_datum_t bytes;
	struct span password;
	int err = pem_read(&bytes, path, PASSWORD_MAX + 2, true, text);

	if (err == ERR_TRUST)
		return err_set(text, err,
			"%s: a password that others may read or change; chmod 0640 it",
			path);
	if (err)
		return err;
	password = without_end((struct span){(const char *)bytes.data, bytes.size});
	err = judge(password, path, text);
	if (!err) {
		buf_add_span(out, password);
		err = out->err;
	}
	pem_free(&bytes);
	return err;
}
