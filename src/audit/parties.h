/*
 * Whom a captured call talks with: which interface of its capture is theirs. Audit thread.
 */
#pragma once

#include "audit/capture.h"
#include "base/tap.h"

#include <stdbool.h>
#include <stddef.h>

#define PARTY_LEG_SIZE 8
#define PARTY_TRUNK_SIZE 80
/* A call has hardly more than five; what comes behind these is nobody's. */
#define PARTIES_MAX 64

struct party_seen {
	uint32_t number;
	unsigned end;
	bool has_interface;
	bool told; /* parties_untold() gave its trunk */
	uint32_t interface;
	char leg[PARTY_LEG_SIZE];
	char trunk[PARTY_TRUNK_SIZE];
};

/* All zero: none. */
struct parties {
	struct party_seen *list; /* in the order in which they were told */
	size_t count;
	unsigned last[TAP_ENDS]; /* the last one of each end, counted from 1; 0: none */
	bool has_nobody;         /* there is an interface for what is nobody's: */
	uint32_t nobody;
};

void parties_free(struct parties *parties);
/* One more, or one that is known. Without memory nothing changes. */
void parties_tell(struct parties *parties, uint32_t number, unsigned end, const char *leg,
	const char *trunk);
/* NULL: it is not known. */
struct party_seen *parties_find(const struct parties *parties, uint32_t number);
/* Whose media end END has; NULL: not known. */
struct party_seen *parties_at(const struct parties *parties, unsigned end);
/* Which interface of CAPTURE is PARTY's, made where there is none; NULL: that of nobody. */
uint32_t parties_interface(
	struct parties *parties, struct party_seen *party, struct capture *capture);
/* None of them has an interface any more. */
void parties_forget_interfaces(struct parties *parties);
/* One whose trunk is that of none which was given before; NULL: there is none any more. */
const struct party_seen *parties_untold(struct parties *parties);

#define PARTY_COMMENT_SIZE 1024
/* What is said of a message of PARTY, which came or goes as HOW says: "leg b, trunk carrier-a, TLS1.3 ...". Of nobody's (NULL)
 * HOW alone. Returns BUF, or HOW. */
const char *parties_comment(const struct party_seen *party, const char *how,
	char buf[static PARTY_COMMENT_SIZE]);
