#include "config/codec.h"

#include <stddef.h>
#include <strings.h>

static const char *const g729[] = {"G729", "G729A", "G729B", "G729AB", NULL};
static const char *const g711[] = {"PCMA", "PCMU", NULL};
static const char *const a_law[] = {"PCMA", NULL};
static const char *const u_law[] = {"PCMU", NULL};
static const char *const g7221[] = {"G7221", NULL};
static const char *const g7222[] = {"AMR-WB", NULL};
static const char *const g7231[] = {"G723", NULL};
static const char *const g726[] = {"G726-16", "G726-24", "G726-32", "G726-40", NULL};

/* What SDP calls that which people call WORD. */
static const struct family {
	const char *word;
	const char *const *names;
} families[] = {
	{"G729", g729},
	{"G729A", g729},
	{"G729B", g729},
	{"G729AB", g729},
	{"G.729", g729},
	{"G.729A", g729},
	{"G711", g711},
	{"G.711", g711},
	{"G711A", a_law},
	{"alaw", a_law},
	{"G711U", u_law},
	{"ulaw", u_law},
	{"mulaw", u_law},
	{"G.722", (const char *const[]){"G722", NULL}},
	{"G722.1", g7221},
	{"G.722.1", g7221},
	{"G722.2", g7222},
	{"G.722.2", g7222},
	{"G723.1", g7231},
	{"G.723.1", g7231},
	{"G726", g726},
	{"G.726", g726},
};

/* Registered audio formats (RFC 4855), and the words of above. */
const char *const codec_names[] = {"PCMA", "PCMU", "G711", "G.711", "G711A", "G711U",
	"alaw", "ulaw", "mulaw", "G719", "G722", "G.722", "G7221", "G722.1", "G.722.1",
	"G722.2", "G.722.2", "G723", "G723.1", "G.723.1", "G726", "G.726", "G726-16",
	"G726-24", "G726-32", "G726-40", "AAL2-G726-16", "AAL2-G726-24", "AAL2-G726-32",
	"AAL2-G726-40", "G728", "G729", "G729A", "G729B", "G729AB", "G.729", "G.729A",
	"G729D", "G729E", "G7291", "opus", "speex", "iLBC", "iSAC", "SILK", "GSM",
	"GSM-EFR", "GSM-FR", "GSM-HR-08", "AMR", "AMR-WB", "AMR-WB+", "EVS", "EVRC",
	"EVRC0", "EVRC1", "EVRCB", "EVRCB0", "EVRCB1", "EVRCNW", "EVRCNW0", "EVRCNW1",
	"EVRCWB", "EVRCWB0", "EVRCWB1", "SMV", "SMV0", "QCELP", "VMR-WB", "DVI4", "LPC",
	"L8", "L16", "L20", "L24", "DAT12", "VDVI", "BV16", "BV32", "SIREN", "G7221C",
	"MELP", "MELP600", "MELP1200", "MELP2400", "TSVCIS", "MPA", "mpa-robust",
	"MP4A-LATM", "mpeg4-generic", "AC3", "EAC3", "aptx", "ATRAC3", "ATRAC-X",
	"ATRAC-ADVANCED-LOSSLESS", "UEMCLIP", "IP-MR_v2.5", "EVRC-QCP", "CODEC2", "lyra",
	"vorbis", "red", "rtx", "ulpfec", "flexfec", "parityfec", "tone", "CN",
	"telephone-event", "clearmode", NULL};

static const struct family *family_of(struct span word)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (span_equal_nocase(word, families[i].word))
			return &families[i];
	return NULL;
}

static bool has_name(const struct family *family, struct span name)
{
	for (size_t i = 0; family->names[i]; i++)
		if (span_equal_nocase(name, family->names[i]))
			return true;
	return false;
}

bool codec_is_known(const char *word)
{
	if (strncasecmp(word, "x-", 2) == 0)
		return word[2] != '\0';
	for (size_t i = 0; codec_names[i]; i++)
		if (strcasecmp(word, codec_names[i]) == 0)
			return true;
	return false;
}

bool codec_is_speech(struct span name)
{
	return !span_equal_nocase(name, "telephone-event") &&
	       !span_equal_nocase(name, "CN");
}

bool codec_matches(const char *word, struct span name)
{
	const struct family *family = family_of(span_of(word));

	return family ? has_name(family, name) : span_equal_nocase(name, word);
}

bool codec_is_same(struct span a, struct span b)
{
	const struct family *family;

	if (span_same_letters(a, b))
		return true;
	family = family_of(a);
	return family && family->names == g729 && has_name(family, b);
}
