/*
 * Which rules of protection are broken, each with what to do about it. Loop thread.
 */
#pragma once

#include "admin/tally.h"
#include "admin/verbs.h"
#include "trunk/trunk.h"

#include <jansson.h>
#include <time.h>

/* ARRAY: [{"kind", "id", "traffic", "rule", "words", "fix"}]; what is about no one party has kind
 * "side" or "tandem". */
struct faults {
	json_t *array;
	time_t now;
};

/* fips, and our own certificates. */
void faults_of_server(struct faults *faults, const struct verbs_context *context);
/* TRUNK's revocation lists. */
void faults_of_trunk(struct faults *faults, const struct trunk *trunk);
/* A row of the report: exceptions that are over, connections and calls with less than what was
 * demanded. SUM: its calls, may be NULL. */
void faults_of_row(struct faults *faults, const json_t *row, const struct tally_sum *sum);
