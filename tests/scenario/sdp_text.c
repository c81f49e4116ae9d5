/* The session descriptions that parties send. */
#include "endpoint.h"

#include "sdp/sdes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sdp_words {
	bool srtp, nocrypto, avp, mux, hold, same;
	char key[16]; /* its first letter, repeated */
	char suite[40];
	char direction[16];
	char formats[64];
	char lifetime[16];
	char events[16]; /* fmtp of format 101, which is telephone-event then */
	char addr[ADDR_TEXT_SIZE];
	unsigned port, tag, lines, refused, t38;
};

static int read_word(struct sdp_words *words, const char *word, struct err_text *error)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);

	value = value ? value + 1 : "";
#define IS(name) (len == strlen(name) && !strncmp(word, name, len))
	if (IS("srtp"))
		words->srtp = true;
	else if (IS("rtp"))
		words->srtp = false;
	else if (IS("nocrypto")) /* RTP/SAVP without keys */
		words->srtp = words->nocrypto = true;
	else if (IS("avp")) /* RTP/AVP with keys: "optional" SRTP */
		words->srtp = words->avp = true;
	else if (IS("mux"))
		words->mux = true;
	else if (IS("same")) /* as it was: its version does not rise (RFC 3264 8) */
		words->same = true;
	else if (IS("hold"))
		words->hold = true;
	else if (IS("key"))
		snprintf(words->key, sizeof(words->key), "%s", value);
	else if (IS("suite"))
		snprintf(words->suite, sizeof(words->suite), "%s", value);
	else if (IS("dir"))
		snprintf(words->direction, sizeof(words->direction), "%s", value);
	else if (IS("formats"))
		snprintf(words->formats, sizeof(words->formats), "%s", value);
	else if (IS("events"))
		snprintf(words->events, sizeof(words->events), "%s", value);
	else if (IS("lifetime"))
		snprintf(words->lifetime, sizeof(words->lifetime), "|%s", value);
	else if (IS("addr"))
		snprintf(words->addr, sizeof(words->addr), "%s", value);
	else if (IS("port"))
		words->port = (unsigned)atoi(value);
	else if (IS("tag"))
		words->tag = (unsigned)atoi(value);
	else if (IS("lines"))
		words->lines = (unsigned)atoi(value);
	else if (IS("refused")) /* this line has port 0 */
		words->refused = (unsigned)atoi(value);
	else if (IS("t38")) /* this line is fax over UDPTL */
		words->t38 = (unsigned)atoi(value);
	else
		return err_set(error, ERR_FORMAT, "sdp: what is \"%s\"?", word);
#undef IS
	return 0;
}

static bool find_suite(const char *name, enum sdes_suite *ret)
{
	for (unsigned i = 0; i < SDES_SUITES; i++) {
		*ret = (enum sdes_suite)i;
		if (!strcmp(sdes_suite_name(*ret), name))
			return true;
	}
	return false;
}

/* The tag under which the last description that came offered SUITE: an answer repeats it. */
static unsigned offered_tag(const struct endpoint *endpoint, const char *suite)
{
	char pattern[64];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s ", suite);
	at = endpoint->read_sdp ? strstr(endpoint->read_sdp, pattern) : NULL;
	while (at && at > endpoint->read_sdp && at[-1] != ':')
		at--;
	return at ? (unsigned)atoi(at) : 1;
}

static int add_crypto(struct endpoint *endpoint, const struct sdp_words *words,
	struct buf *out, struct err_text *error)
{
	struct sdes_crypto crypto = {0};

	if (!find_suite(words->suite, &crypto.suite))
		return err_set(error, ERR_FORMAT, "sdp: no suite %s", words->suite);
	crypto.tag = words->tag ? words->tag : offered_tag(endpoint, words->suite);
	crypto.key.len = sdes_key_len(crypto.suite);
	memset(crypto.key.bytes, words->key[0], crypto.key.len);
	buf_add_str(out, "a=crypto:");
	sdes_print(&crypto, out);
	buf_printf(out, "%s\r\n", words->lifetime);
	return 0;
}

static void add_fax_line(const struct sdp_words *words, unsigned port, struct buf *out)
{
	buf_printf(out, "m=image %u udptl t38\r\n", port);
	if (!port)
		return;
	buf_add_str(out, "a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
			 "a=T38FaxFillBitRemoval\r\n"
			 "a=T38FaxRateManagement:transferredTCF\r\n"
			 "a=T38FaxMaxBuffer:2000\r\na=T38FaxMaxDatagram:400\r\n"
			 "a=T38FaxUdpEC:t38UDPRedundancy\r\n");
	if (words->direction[0])
		buf_printf(out, "a=%s\r\n", words->direction);
}

static int add_line(struct endpoint *endpoint, const struct sdp_words *words,
	unsigned index, struct buf *out, struct err_text *error)
{
	unsigned port = index + 1 == words->refused ? 0 : words->port + 2 * index;
	int err = 0;

	if (index + 1 == words->t38) {
		add_fax_line(words, port, out);
		return 0;
	}
	buf_printf(out, "m=%s %u RTP/%s %s\r\n", index ? "video" : "audio", port,
		words->srtp && !words->avp ? "SAVP" : "AVP",
		index ? "96" : words->formats);
	if (index)
		buf_add_str(out, "a=rtpmap:96 H264/90000\r\n");
	if (!port)
		return 0;
	if (!index && words->events[0])
		buf_printf(out, "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 %s\r\n",
			words->events);
	if (words->srtp && !words->nocrypto)
		err = add_crypto(endpoint, words, out, error);
	if (words->mux)
		buf_add_str(out, "a=rtcp-mux\r\n");
	if (words->direction[0])
		buf_printf(out, "a=%s\r\n", words->direction);
	return err;
}

int endpoint_sdp(struct endpoint *endpoint, const char *text, struct buf *out,
	struct err_text *error)
{
	const struct party *party = endpoint->party;
	const char *marker = party->side == SIDE_INTERNAL ? "iNtErNaL" : "eXtErNaL";
	struct sdp_words words = {.srtp = party->kind == TRANSPORT_TLS,
		.suite = "AES_CM_128_HMAC_SHA1_80",
		.formats = "8 0 101",
		.port = addr_port(&party->media),
		.lines = 1};
	char *copy = strdup(text);
	char *rest = copy;
	char *word;
	int err = 0;

	addr_host_text(&party->media, words.addr);
	words.key[0] = (char)(party->name[0] - 'a' + 'A');
	while (!err && (word = strsep(&rest, " ")) != NULL)
		if (*word)
			err = read_word(&words, word, error);
	for (char *at = words.formats; *at; at++)
		if (*at == ',')
			*at = ' ';
	free(copy);
	endpoint->sdp_version += !words.same;
	buf_printf(out,
		"v=0\r\no=%s 77 %u IN IP4 %s\r\ns=%s-session\r\nc=IN IP4 %s\r\nt=0 0\r\n",
		marker, endpoint->sdp_version, words.addr, marker,
		words.hold ? "0.0.0.0" : words.addr);
	for (unsigned i = 0; i < words.lines && !err; i++)
		err = add_line(endpoint, &words, i, out, error);
	return err;
}
