/*
 * The parser's tables, with the three places replaced where sofia-sip reads a method name:
 * its sip_method_d() compares with the known names and goes on reading after the longest of
 * them, past the end of a shorter text (CVE-2022-31001, not repaired in Debian 12), and
 * refuses unknown methods such as STRANGE for the same reason.
 */
#include "sip/message_priv.h"

#include "base/span.h"

#include <pthread.h>
#include <string.h>

/* All RO after class_once. */
static pthread_once_t class_once = PTHREAD_ONCE_INIT;
static const msg_mclass_t *class_ours;
static struct msg_hclass_s request_class;
static struct msg_hclass_s cseq_class;
static struct msg_hclass_s rack_class;

/* Takes the first word off *REST and makes a string of it; NULL when there is none. */
static char *take_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	size_t len = strcspn(word, " \t");

	*rest = word + len;
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return len > 0 ? word : NULL;
}

static bool take_number(char **rest, uint32_t *ret)
{
	char *word = take_word(rest);
	uint64_t number;

	if (word == NULL || span_uint(span_of(word), UINT32_MAX, &number) < 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* The last word of a header, which has to be the last. */
static char *take_method(char **rest)
{
	char *word = take_word(rest);

	return take_word(rest) == NULL ? word : NULL;
}

/* A line that message_start.c found sound, so little can be wrong with it. S is the
 * parser's own copy in each of these three, and may be cut into strings. */
static issize_t parse_request(su_home_t *home, msg_header_t *header, char *s, isize_t len)
{
	sip_request_t *request = (sip_request_t *)header;
	char *method = take_word(&s);
	char *uri = take_word(&s);
	char *version = take_word(&s);

	(void)home;
	(void)len;
	if (version == NULL || url_d(request->rq_url, uri) < 0)
		return -1;
	request->rq_method_name = method;
	request->rq_version = version;
	return 0;
}

static issize_t parse_cseq(su_home_t *home, msg_header_t *header, char *s, isize_t len)
{
	sip_cseq_t *cseq = (sip_cseq_t *)header;

	(void)home;
	(void)len;
	if (!take_number(&s, &cseq->cs_seq))
		return -1;
	cseq->cs_method_name = take_method(&s);
	return cseq->cs_method_name != NULL ? 0 : -1;
}

static issize_t parse_rack(su_home_t *home, msg_header_t *header, char *s, isize_t len)
{
	sip_rack_t *rack = (sip_rack_t *)header;

	(void)home;
	(void)len;
	if (!take_number(&s, &rack->ra_response) || !take_number(&s, &rack->ra_cseq))
		return -1;
	rack->ra_method_name = take_method(&s);
	return rack->ra_method_name != NULL ? 0 : -1;
}

/* OURS is ORIGINAL with another parsing function, wherever REF referred to it. */
static void replace(msg_href_t *ref, struct msg_hclass_s *ours, msg_hclass_t *original,
	msg_parse_f *parse)
{
	if (ref->hr_class != original)
		return;
	*ours = *original;
	ours->hc_parse = parse;
	ref->hr_class = ours;
}

static void make_class(void)
{
	/* With P-Asserted-Identity and its like, which the default tables lack. */
	msg_mclass_t *class = sip_extend_mclass(NULL);

	if (class == NULL)
		return;
	replace(class->mc_request, &request_class, sip_request_class, parse_request);
	for (short i = 0; i < class->mc_hash_size; i++) {
		replace(&class->mc_hash[i], &cseq_class, sip_cseq_class, parse_cseq);
		replace(&class->mc_hash[i], &rack_class, sip_rack_class, parse_rack);
	}
	class_ours = class;
}

const msg_mclass_t *message_class(void)
{
	pthread_once(&class_once, make_class);
	return class_ours;
}
