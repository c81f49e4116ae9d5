/*
 * The file of a capture as it is shown to somebody: whole, or some of its blocks, with what proves each of them. Beside a file NAME with
 * a tree there is NAME.blocks, a line for each block of the file as it was sealed: the hash of the block, that is a leaf of
 * the tree; "shown", "masked" (something in it was hidden, and with it its packetid, so that it has not that hash any more) or
 * "withheld"; and where it is in what is shown, its first byte and how many, or "- -". One thread.
 */
#pragma once

#include "audit/outputs.h"
#include "audit/sealed_files.h"

struct shown;

struct shown_params {
	int dir_fd;              /* of the call's folder; borrowed during the call */
	struct sealed_file file; /* likewise */
	const char *name;        /* in the bundle; copied */
	bool only_sip, hide_numbers;
	struct outputs *outputs; /* borrowed */
};

/* 0; a negated errno: it cannot be read; or -ENOMEM. */
int shown_new(struct shown **ret, const struct shown_params *params);
void shown_free(struct shown *shown); /* NULL is fine */

/* Gives the next pieces. 0: that was all; -EAGAIN; or another negative code. */
int shown_step(struct shown *shown);

struct shown_result {
	const char *given;                /* "whole", "part", "none" */
	const char *why;                  /* it is not given; NULL: it is */
	uint64_t shown, masked, withheld; /* blocks */
};
void shown_result(const struct shown *shown, struct shown_result *ret);
