#include "evidence/stamp.h"

#include "evidence/der.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* id-sha256 and id-ct-TSTInfo. */
#define SHA256_OID "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define INFO_OID "1.2.840.113549.1.9.16.1.4"
#define NOTE_END ".checkpoint"
#define RESPONSE_END ".tsr"

/* Files */

const char *stamp_note_path(uint64_t size, char out[static STAMP_PATH_SIZE])
{
	snprintf(out, STAMP_PATH_SIZE, STAMP_FOLDER "/%" PRIu64 NOTE_END, size);
	return out;
}

const char *stamp_response_path(uint64_t size, char out[static STAMP_PATH_SIZE])
{
	snprintf(out, STAMP_PATH_SIZE, STAMP_FOLDER "/%" PRIu64 RESPONSE_END, size);
	return out;
}

int stamp_find(int log_fd, uint64_t index, uint64_t *ret_size)
{
	int fd = openat(
		log_fd, STAMP_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t least = UINT64_MAX, size;
	struct dirent *entry;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	size_t len;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return -ENOENT;
	}
	while ((entry = readdir(folder))) {
		len = strspn(entry->d_name, "0123456789");
		if (len == 0 || strcmp(entry->d_name + len, RESPONSE_END) != 0 ||
			span_uint((struct span){entry->d_name, len}, INT64_MAX, &size) !=
				0)
			continue;
		if (size > index && size < least)
			least = size;
	}
	closedir(folder);
	if (least == UINT64_MAX)
		return -ENOENT;
	*ret_size = least;
	return 0;
}

/* Asking */

int stamp_nonce(uint8_t ret[static STAMP_NONCE_LEN])
{
	if (gnutls_rnd(GNUTLS_RND_NONCE, ret, STAMP_NONCE_LEN) != 0)
		return ERR_LIBRARY;
	/* A positive number that needs all its bytes, whatever was drawn. */
	ret[0] = (uint8_t)((ret[0] & 0x7f) | 0x40);
	return 0;
}

static void hash_of(struct span data, uint8_t ret[static STAMP_SHA256_LEN])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data.p, data.len, ret) != 0)
		abort();
}

void stamp_request(
	struct buf *out, struct span data, const uint8_t nonce[static STAMP_NONCE_LEN])
{
	/* RFC 3161 2.4.1: a sequence of version 1, imprint, nonce, and certReq, which is true. */
	static const uint8_t begin[] = {0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30,
		0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
		0x05, 0x00, 0x04, STAMP_SHA256_LEN};
	static const uint8_t number[] = {0x02, STAMP_NONCE_LEN};
	static const uint8_t end[] = {0x01, 0x01, 0xff};
	uint8_t hash[STAMP_SHA256_LEN];

	hash_of(data, hash);
	buf_add(out, begin, sizeof(begin));
	buf_add(out, hash, sizeof(hash));
	buf_add(out, number, sizeof(number));
	buf_add(out, nonce, STAMP_NONCE_LEN);
	buf_add(out, end, sizeof(end));
}

/* What was answered */

/* The token of what was granted, a ContentInfo. */
static int take_token(struct span *ret, struct span response, struct err_text *text)
{
	struct span whole, status, value;

	if (!der_take(&response, DER_SEQUENCE, &whole) || response.len > 0 ||
		!der_take(&whole, DER_SEQUENCE, &status) ||
		!der_take(&status, DER_INTEGER, &value) || value.len != 1)
		return err_set(text, ERR_FORMAT, "it is no TimeStampResp (RFC 3161)");
	/* 2.4.2: granted, or granted with modifications. */
	if (value.p[0] != 0 && value.p[0] != 1)
		return err_set(
			text, ERR_STATE, "the authority refuses: status %d", value.p[0]);
	if (!der_take_any(&whole, ret) || whole.len > 0)
		return err_set(text, ERR_FORMAT, "no token came with the response");
	return 0;
}

static int open_token(gnutls_pkcs7_t *ret, struct span response, struct err_text *text)
{
	struct span token;
	gnutls_datum_t der;
	gnutls_pkcs7_t pkcs7;
	const char *oid;
	int err = take_token(&token, response, text);

	if (err)
		return err;
	der = (gnutls_datum_t){(unsigned char *)(uintptr_t)token.p, (unsigned)token.len};
	if (gnutls_pkcs7_init(&pkcs7) != 0)
		return err_set(text, -ENOMEM, "out of memory");
	if (gnutls_pkcs7_import(pkcs7, &der, GNUTLS_X509_FMT_DER) == 0) {
		oid = gnutls_pkcs7_get_embedded_data_oid(pkcs7);
		if (oid && strcmp(oid, INFO_OID) == 0) {
			*ret = pkcs7;
			return 0;
		}
	}
	gnutls_pkcs7_deinit(pkcs7);
	return err_set(text, ERR_FORMAT, "its token is no time stamp");
}

/* SHA-256 of DATA; its parameters may be NULL or left out. */
static bool is_imprint(struct span imprint, struct span data)
{
	struct span algorithm, oid, octets;
	uint8_t hash[STAMP_SHA256_LEN];

	hash_of(data, hash);
	return der_take(&imprint, DER_SEQUENCE, &algorithm) &&
	       der_take(&algorithm, DER_OID, &oid) && span_equal_str(oid, SHA256_OID) &&
	       der_take(&imprint, DER_OCTETS, &octets) && imprint.len == 0 &&
	       octets.len == sizeof(hash) && memcmp(octets.p, hash, sizeof(hash)) == 0;
}

/* "20261201100000.25Z": a fraction is left out. */
static bool read_time(struct span text, char ret[static STAMP_TIME_SIZE])
{
	const char *p = text.p;

	if (text.len < 15 || text.p[text.len - 1] != 'Z' ||
		(text.len > 15 && text.p[14] != '.'))
		return false;
	for (size_t i = 0; i + 1 < text.len; i++)
		if (i != 14 && (p[i] < '0' || p[i] > '9'))
			return false;
	snprintf(ret, STAMP_TIME_SIZE, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", p, p + 4, p + 6,
		p + 8, p + 10, p + 12);
	return true;
}

/* TSTInfo: 2.4.2. */
static int read_info(struct stamp *ret, struct span info, struct span data,
	const uint8_t *nonce, struct err_text *text)
{
	struct span whole, value, imprint, time, number = {NULL, 0};

	if (!der_take(&info, DER_SEQUENCE, &whole) || info.len > 0 ||
		!der_take(&whole, DER_INTEGER, &value) ||
		!der_take(&whole, DER_OID, &value) ||
		!der_take(&whole, DER_SEQUENCE, &imprint) ||
		!der_take(&whole, DER_INTEGER, &value) ||
		!der_take(&whole, DER_TIME, &time) || !read_time(time, ret->time))
		return err_set(text, ERR_FORMAT, "its token cannot be read");
	if (!is_imprint(imprint, data))
		return err_set(text, ERR_TRUST, "it stamps something else");
	if (!nonce)
		return 0;
	(void)der_take(&whole, DER_SEQUENCE, &value); /* accuracy */
	(void)der_take(&whole, DER_BOOLEAN, &value);  /* ordering */
	(void)der_take(&whole, DER_INTEGER, &number);
	if (number.len != STAMP_NONCE_LEN ||
		memcmp(number.p, nonce, STAMP_NONCE_LEN) != 0)
		return err_set(text, ERR_TRUST, "it answers another request");
	return 0;
}

int stamp_read(struct stamp *ret, struct span response, struct span data,
	const uint8_t *nonce, struct err_text *text)
{
	gnutls_datum_t info = {NULL, 0};
	struct stamp stamp = {""};
	gnutls_pkcs7_t pkcs7;
	int err = open_token(&pkcs7, response, text);

	if (err)
		return err;
	err = gnutls_pkcs7_get_embedded_data(pkcs7, 0, &info) == 0
		      ? read_info(&stamp,
				(struct span){(const char *)info.data, info.size}, data,
				nonce, text)
		      : err_set(text, ERR_FORMAT, "its token is empty");
	gnutls_free(info.data);
	gnutls_pkcs7_deinit(pkcs7);
	if (!err)
		*ret = stamp;
	return err;
}

/* *RET is to be given back, also after an error. */
static int load_authorities(
	gnutls_x509_trust_list_t *ret, const char *authorities, struct err_text *text)
{
	*ret = NULL;
	if (gnutls_x509_trust_list_init(ret, 0) != 0)
		return err_set(text, -ENOMEM, "out of memory");
	if (gnutls_x509_trust_list_add_trust_file(
		    *ret, authorities, NULL, GNUTLS_X509_FMT_PEM, 0, 0) <= 0)
		return err_set(
			text, ERR_FORMAT, "%s: no certificates can be read", authorities);
	return 0;
}

int stamp_check_authorities(const char *authorities, struct err_text *text)
{
	gnutls_x509_trust_list_t list;
	const int err = load_authorities(&list, authorities, text);

	gnutls_x509_trust_list_deinit(list, 1);
	return err;
}

int stamp_verify(struct span response, const char *authorities, struct err_text *text)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TIME_STAMPING};
	gnutls_x509_trust_list_t list = NULL;
	gnutls_pkcs7_t pkcs7;
	int code, err = open_token(&pkcs7, response, text);

	if (err)
		return err;
	err = load_authorities(&list, authorities, text);
	if (err)
		goto out;
	code = gnutls_pkcs7_verify(pkcs7, list, &purpose, 1, 0, NULL, 0);
	if (code < 0)
		err = err_set(text, ERR_TRUST,
			"its signature does not lead to the authorities of %s: %s",
			authorities, gnutls_strerror(code));
out:
	gnutls_x509_trust_list_deinit(list, 1);
	gnutls_pkcs7_deinit(pkcs7);
	return err;
}
