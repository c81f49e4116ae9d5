#include "tls/crl.h"

#include "base/clock.h"
#include "tls/escape.h"
#include "tls/pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5280 4.1.2.2: at most 20 octets, one more for the sign. */
#define SERIAL_MAX 21

struct crl_entry {
	unsigned char serial[SERIAL_MAX];
	unsigned char len;
};

struct crl {
	gnutls_x509_crl_t handle; /* kept until its signature is known to be good */
	gnutls_datum_t issuer;    /* raw DN */
	time_t issued;
	time_t due; /* nextUpdate, or -1: it does not say */
	bool genuine;
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
		return x->len < y->len ? -1 : 1;
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

/* Several anchors may share a name while a CA changes its key: one must have signed. */
static int crl_check_anchors(struct crl *crl, gnutls_x509_trust_list_t anchors)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	bool known = false;

	while (gnutls_x509_trust_list_iter_get_ca(anchors, &iter, &anchor) == 0) {
		gnutls_datum_t subject = {NULL, 0};

		if (gnutls_x509_crt_get_raw_dn(anchor, &subject) == 0 &&
			subject.size == crl->issuer.size &&
			memcmp(subject.data, crl->issuer.data, subject.size) == 0) {
			known = true;
			if (!crl->genuine)
				crl->genuine = crl_signed_by(crl->handle, anchor);
		}
		gnutls_free(subject.data);
		gnutls_x509_crt_deinit(anchor);
	}
	return known && !crl->genuine ? ERR_TRUST : 0;
}

/* Once its signature is known the parsed list is only a burden: it takes 10 times the
 * index. */
static void crl_settle(struct crl *crl)
{
	if (!crl->genuine || !crl->handle)
		return;
	gnutls_x509_crl_deinit(crl->handle);
	crl->handle = NULL;
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
	if (crl_check_anchors(crl, anchors) < 0)
		return err_set(text, ERR_TRUST,
			"%s: a CRL that its issuer among the trust anchors did not sign",
			path);
	err = crl_index(crl);
	if (err < 0)
		return err_set(text, err, "%s: a CRL whose entries cannot be read", path);
	crl_settle(crl);
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
	pem_free(&bytes);
	if (err < 0 || count == 0)
		return err_set(text, ERR_FORMAT, "%s: no CRL in PEM form: %s", path,
			gnutls_strerror(err));
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

static bool crl_is_genuine(struct crl *crl, gnutls_x509_crt_t issuer)
{
	if (!crl->genuine && issuer)
		crl->genuine = crl_signed_by(crl->handle, issuer);
	crl_settle(crl);
	return crl->genuine;
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

		if (crl->issuer.size != issuer_dn->size ||
			memcmp(crl->issuer.data, issuer_dn->data, issuer_dn->size) != 0 ||
			!crl_is_genuine(crl, issuer) || crl->issued > now)
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
