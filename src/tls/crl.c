#include "tls/crl.h"

#include "base/clock.h"
#include "tls/escape.h"
#include "tls/misfile.h"
#include "tls/pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5280 4.1.2.2: at most 20 octets, one more for the sign. */
#define SERIAL_MAX 21
#define KEY_ID_MAX 64

/* A public key, as the SHA-256 of it. */
struct crl_key {
	unsigned char digest[32];
};

struct crl_entry {
	unsigned char serial[SERIAL_MAX];
	unsigned char len;
};

struct crl {
	gnutls_x509_crl_t handle; /* kept until it is known who signed it */
	gnutls_datum_t issuer;    /* raw DN */
	time_t issued;
	time_t due;            /* nextUpdate, or -1: it does not say */
	bool genuine;          /* SIGNER signed it */
	bool expected;         /* an anchor has its issuer's name */
	struct crl_key signer; /* where it is not genuine: who last was found not to be */
	struct crl_entry *entries; /* sorted */
	size_t count;
};

struct crl_set {
	struct crl *crls;
	unsigned count;
};

static int entry_compare(const void *a, const void *b)
{
	const struct crl_entry *x = a;
	const struct crl_entry *y = b;

	if (x->len != y->len)
		return x->len - y->len;
	return memcmp(x->serial, y->serial, x->len);
}

static int crl_index(struct crl *crl)
{
	gnutls_x509_crl_iter_t iter = NULL;
	int count = gnutls_x509_crl_get_crt_count(crl->handle);
	int err = 0;

	if (count <= 0)
		return 0;
	crl->entries = calloc((size_t)count, sizeof(*crl->entries));
	if (!crl->entries)
		return -ENOMEM;
	while (crl->count < (size_t)count) {
		struct crl_entry *entry = &crl->entries[crl->count];
		size_t len = sizeof(entry->serial);

		err = gnutls_x509_crl_iter_crt_serial(
			crl->handle, &iter, entry->serial, &len, NULL);
		if (err < 0)
			break;
		entry->len = (unsigned char)len;
		crl->count++;
	}
	gnutls_x509_crl_iter_deinit(iter);
	if (err < 0 && err != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return ERR_FORMAT;
	qsort(crl->entries, crl->count, sizeof(*crl->entries), entry_compare);
	return 0;
}

/* 0, or ERR_SUPPORT with the OID of a critical extension in OID. */
static int crl_check_extensions(gnutls_x509_crl_t handle, char *oid, size_t size)
{
	for (unsigned i = 0;; i++) {
		size_t len = size;
		unsigned critical = 0;
		int err = gnutls_x509_crl_get_extension_info(
			handle, i, oid, &len, &critical);

		if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (err < 0 || critical != 0)
			return ERR_SUPPORT;
	}
}

static bool crl_signed_by(gnutls_x509_crl_t handle, gnutls_x509_crt_t issuer)
{
	unsigned status = 0;
	unsigned dates = GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |
			 GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE |
			 GNUTLS_CERT_INVALID;

	/* Of the dates only the present counts: crl_check() looks at them each time. */
	if (gnutls_x509_crl_verify(handle, &issuer, 1,
		    GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			    GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM),
		    &status) < 0)
		return false;
	return (status & ~dates) == 0;
}

/* Whether the key of ISSUER signed it. Once that is known the parsed list is only a burden: it
 * takes 10 times the index. */
static bool crl_is_by(struct crl *crl, gnutls_x509_crt_t issuer)
{
	struct crl_key key;
	size_t size = sizeof(key.digest);

	if (gnutls_x509_crt_get_key_id(
		    issuer, GNUTLS_KEYID_USE_SHA256, key.digest, &size) < 0)
		return false;
	if (memcmp(&crl->signer, &key, sizeof(key)) == 0)
		return crl->genuine;
	if (crl->genuine)
		return false;
	crl->signer = key;
	crl->genuine = crl_signed_by(crl->handle, issuer);
	if (crl->genuine) {
		gnutls_x509_crl_deinit(crl->handle);
		crl->handle = NULL;
	}
	return crl->genuine;
}

/* Whether it may be by the key of ANCHOR: only two key ids that differ tell that it is by
 * another one. */
static bool crl_may_be_by(gnutls_x509_crl_t handle, gnutls_x509_crt_t anchor)
{
	unsigned char id[KEY_ID_MAX], anchor_id[KEY_ID_MAX];
	size_t size = sizeof(id), anchor_size = sizeof(anchor_id);

	return gnutls_x509_crl_get_authority_key_id(handle, id, &size, NULL) < 0 ||
	       gnutls_x509_crt_get_subject_key_id(anchor, anchor_id, &anchor_size, NULL) <
		       0 ||
	       (size == anchor_size && memcmp(id, anchor_id, size) == 0);
}

static bool crl_is_of(const struct crl *crl, const gnutls_datum_t *name)
{
	return crl->issuer.size == name->size &&
	       memcmp(crl->issuer.data, name->data, name->size) == 0;
}

/* Several anchors may share a name while a CA changes its key. */
static int crl_check_anchors(struct crl *crl, gnutls_x509_trust_list_t anchors)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	bool damaged = false;

	while (gnutls_x509_trust_list_iter_get_ca(anchors, &iter, &anchor) == 0) {
		gnutls_datum_t subject = {NULL, 0};

		if (!crl->genuine && gnutls_x509_crt_get_raw_dn(anchor, &subject) == 0 &&
			crl_is_of(crl, &subject)) {
			crl->expected = true;
			if (!crl_is_by(crl, anchor) && crl_may_be_by(crl->handle, anchor))
				damaged = true;
		}
		gnutls_free(subject.data);
		gnutls_x509_crt_deinit(anchor);
	}
	return damaged && !crl->genuine ? ERR_TRUST : 0;
}

/* A list by the former or the next key of an anchor is of use beside one by its own. */
static bool crl_has_company(const struct crl_set *set, const struct crl *crl)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (set->crls[i].genuine && crl_is_of(&set->crls[i], &crl->issuer))
			return true;
	}
	return false;
}

static int crl_is_foreign(const struct crl *crl, const char *path, struct err_text *text)
{
	gnutls_datum_t dn = {NULL, 0};
	char issuer[160] = "";

	if (gnutls_x509_rdn_get2(&crl->issuer, &dn, 0) == 0)
		escape_add(issuer, sizeof(issuer), (const char *)dn.data, dn.size);
	gnutls_free(dn.data);
	return err_set(text, ERR_TRUST,
		"%s: a CRL of %s that the CA of this name in trust did not sign: fetch "
		"the "
		"list anew, or the CA's present certificate (`openssl crl -noout -text "
		"-in "
		"%s`)",
		path, issuer, path);
}

static int crl_read(struct crl *crl, const char *path, gnutls_x509_trust_list_t anchors,
	struct err_text *text)
{
	char oid[128] = "";
	int err;

	if (gnutls_x509_crl_get_raw_issuer_dn(crl->handle, &crl->issuer) < 0)
		return err_set(text, ERR_FORMAT, "%s: a CRL without an issuer", path);
	crl->issued = gnutls_x509_crl_get_this_update(crl->handle);
	crl->due = gnutls_x509_crl_get_next_update(crl->handle);
	if (crl_check_extensions(crl->handle, oid, sizeof(oid)) < 0)
		return err_set(text, ERR_SUPPORT,
			"%s: a CRL with the critical extension %s, which is not "
			"supported",
			path, oid);
	err = crl_index(crl);
	if (err < 0)
		return err_set(text, err, "%s: a CRL whose entries cannot be read", path);
	if (crl_check_anchors(crl, anchors) < 0)
		return crl_is_foreign(crl, path, text);
	return 0;
}

int crl_load(struct crl_set **ret, const char *path, gnutls_x509_trust_list_t anchors,
	struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	gnutls_x509_crl_t *handles = NULL;
	unsigned count = 0;
	struct crl_set *set = NULL;
	int err = pem_read(&bytes, path, PEM_CRL_BYTES_MAX, false, text);

	if (err < 0)
		return err;
	err = gnutls_x509_crl_list_import2(
		&handles, &count, &bytes, GNUTLS_X509_FMT_PEM, 0);
	if (err < 0 || count == 0)
		err = misfile_say(MISFILE_CRL, path, &bytes, err, text);
	pem_free(&bytes);
	if (err < 0)
		return err;
	set = calloc(1, sizeof(*set));
	if (set)
		set->crls = calloc(count, sizeof(*set->crls));
	if (!set || !set->crls) {
		for (unsigned i = 0; i < count; i++)
			gnutls_x509_crl_deinit(handles[i]);
		err = err_set(text, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	set->count = count;
	for (unsigned i = 0; i < count; i++)
		set->crls[i].handle = handles[i];
	err = 0;
	for (unsigned i = 0; i < count && err == 0; i++)
		err = crl_read(&set->crls[i], path, anchors, text);
	for (unsigned i = 0; i < count && err == 0; i++) {
		if (set->crls[i].expected && !crl_has_company(set, &set->crls[i]))
			err = crl_is_foreign(&set->crls[i], path, text);
	}
	if (err == 0) {
		*ret = set;
		set = NULL;
	}
out:
	gnutls_free(handles);
	crl_free(set);
	return err;
}

void crl_free(struct crl_set *set)
{
	if (!set)
		return;
	for (unsigned i = 0; i < set->count; i++) {
		struct crl *crl = &set->crls[i];

		if (crl->handle)
			gnutls_x509_crl_deinit(crl->handle);
		gnutls_free(crl->issuer.data);
		free(crl->entries);
	}
	free(set->crls);
	free(set);
}

time_t crl_due(const struct crl_set *set)
{
	time_t due = 0;

	for (unsigned i = 0; i < set->count; i++) {
		if (set->crls[i].due > 0 && (due == 0 || set->crls[i].due < due))
			due = set->crls[i].due;
	}
	return due;
}

bool crl_names(const struct crl_set *set, const gnutls_datum_t *dn)
{
	for (unsigned i = 0; i < set->count; i++)
		if (crl_is_of(&set->crls[i], dn))
			return true;
	return false;
}

void crl_each(const struct crl_set *set,
	void (*h)(void *arg, const struct facts_crl *crl), void *arg)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct crl *crl = &set->crls[i];
		struct facts_crl facts = {.issued = crl->issued > 0 ? crl->issued : 0,
			.due = crl->due > 0 ? crl->due : 0};
		gnutls_datum_t dn = {NULL, 0};

		if (gnutls_x509_rdn_get2(&crl->issuer, &dn, 0) == 0)
			escape_add(facts.issuer, sizeof(facts.issuer),
				(const char *)dn.data, dn.size);
		gnutls_free(dn.data);
		h(arg, &facts);
	}
}

/* What all lists of one issuer together say. */
struct crl_answer {
	bool found;
	bool revoked;
	time_t due; /* of the freshest list */
};

static void crl_ask(struct crl_set *set, const gnutls_datum_t *issuer_dn,
	gnutls_x509_crt_t issuer, const struct crl_entry *entry,
	struct crl_answer *answer)
{
	time_t now = time(NULL);

	for (unsigned i = 0; i < set->count; i++) {
		struct crl *crl = &set->crls[i];

		if (!crl_is_of(crl, issuer_dn) || !crl_is_by(crl, issuer) ||
			crl->issued > now)
			continue;
		answer->found = true;
		if (crl->due > answer->due)
			answer->due = crl->due;
		if (crl->count > 0 && bsearch(entry, crl->entries, crl->count,
					      sizeof(*entry), entry_compare))
			answer->revoked = true;
	}
}

static void say_revoked(const struct crl_entry *entry, char *detail, size_t size)
{
	char hex[2 * SERIAL_MAX + 1] = "";

	for (unsigned i = 0; i < entry->len; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", entry->serial[i]);
	escape_add_str(detail, size, "serial ");
	escape_add_str(detail, size, hex);
}

static void say_stale(const struct crl_answer *answer, gnutls_x509_crt_t certificate,
	char *detail, size_t size)
{
	gnutls_datum_t dn = {NULL, 0};
	char text[CLOCK_TEXT_SIZE];

	if (!answer->found) {
		escape_add_str(detail, size, "no CRL that is valid now");
	} else if (answer->due <= 0) {
		escape_add_str(detail, size, "CRL without nextUpdate");
	} else {
		escape_add_str(detail, size, "CRL was due ");
		escape_add_str(
			detail, size, clock_text((uint64_t)answer->due * 1000000, text));
	}
	escape_add_str(detail, size, ", issuer ");
	if (gnutls_x509_crt_get_issuer_dn3(certificate, &dn, 0) == 0)
		escape_add(detail, size, (const char *)dn.data, dn.size);
	gnutls_free(dn.data);
}

enum peer_rule crl_check(struct crl_set *set, gnutls_x509_crt_t certificate,
	gnutls_x509_crt_t issuer, bool required, time_t *until, char *detail, size_t size)
{
	struct crl_answer answer = {.found = false};
	struct crl_entry entry = {.len = 0};
	size_t len = sizeof(entry.serial);
	gnutls_datum_t dn = {NULL, 0};

	if (gnutls_x509_crt_get_serial(certificate, entry.serial, &len) < 0 ||
		gnutls_x509_crt_get_raw_issuer_dn(certificate, &dn) < 0) {
		escape_add_str(detail, size, "serial or issuer");
		return PEER_UNREADABLE;
	}
	entry.len = (unsigned char)len;
	if (issuer)
		crl_ask(set, &dn, issuer, &entry, &answer);
	gnutls_free(dn.data);
	if (answer.revoked) {
		say_revoked(&entry, detail, size);
		return PEER_REVOKED;
	}
	if (!answer.found && !required)
		return PEER_OK;
	if (answer.due <= time(NULL)) {
		say_stale(&answer, certificate, detail, size);
		return PEER_CRL_STALE;
	}
	if (answer.due < *until)
		*until = answer.due;
	return PEER_OK;
}
