/*
 * The rows that [server ID] and [gateway] have in common, for table.c alone: how the
 * certificate of the far end is judged beyond its chain and its host. The words are those
 * of table.c.
 */
#pragma once

#include "config/config.h"
#include "config/schema.h"

/* SECTION's struct is OWNER. A wrong value is an error, never the default. */
#define TABLE_PEER_ROWS(SECTION, OWNER)                                                  \
	{.section = (SECTION),                                                           \
		.name = "names",                                                         \
		.type = SCHEMA_NAMES,                                                    \
		.offset = offsetof(struct OWNER, peer.names),                            \
		.size = sizeof(struct config_words),                                     \
		.fallback = "",                                                          \
		.help = "Further names that its certificate may carry instead of "       \
			"host."},                                                        \
		{.section = (SECTION),                                                   \
			.name = "wildcard",                                              \
			.type = SCHEMA_ENUM,                                             \
			.offset = offsetof(struct OWNER, peer.wildcard),                 \
			.size = sizeof(enum config_wildcard),                            \
			.words = wildcard_words,                                         \
			.fallback = "no",                                                \
			.help = "Whether a DNS name *.example.com in its certificate "   \
				"stands for "                                            \
				"host or one of names: the star for exactly one label, " \
				"two at "                                                \
				"least behind it. RFC 5922 forbids wildcards."},         \
		{.section = (SECTION),                                                   \
			.name = "eku",                                                   \
			.type = SCHEMA_ENUM,                                             \
			.offset = offsetof(struct OWNER, peer.eku),                      \
			.size = sizeof(enum config_eku),                                 \
			.words = eku_words,                                              \
			.fallback = "either",                                            \
			.help = "Which extended key usage its certificate needs where "  \
				"it has "                                                \
				"any: serverAuth or clientAuth, or with strict "         \
				"serverAuth when "                                       \
				"we connect and clientAuth when it does."},              \
		{.section = (SECTION),                                                   \
			.name = "pins",                                                  \
			.type = SCHEMA_PINS,                                             \
			.offset = offsetof(struct OWNER, peer.pins),                     \
			.size = sizeof(struct config_words),                             \
			.fallback = "",                                                  \
			.help = "SHA-256 hashes of public keys (SubjectPublicKeyInfo): " \
				"where "                                                 \
				"set, its certificate must have one of these keys, in "  \
				"addition "                                              \
				"to all else."},                                         \
	{                                                                                \
		.section = (SECTION), .name = "mutual", .type = SCHEMA_ENUM,             \
		.offset = offsetof(struct OWNER, peer.mutual),                           \
		.size = sizeof(enum config_mutual), .words = mutual_words,               \
		.fallback = "lax",                                                       \
		.help = "Whether, when we connect, it must ask for our certificate: "    \
			"with strict it is refused before any SIP is sent when it does " \
			"not."                                                           \
	}
