/*
 * How a log goes on with another key: a record of the log names both keys, and the checkpoint that covers it is signed by both.
 * Record, proof and checkpoint are kept together as one proof (C2SP tlog-proof), in the folder "handover" of the log, so
 * that whoever trusts the one key can find that the other one is to be trusted. Any thread.
 */
#pragma once

#include "base/err.h"
#include "evidence/checkpoint.h"
#include "evidence/note.h"

/* Of records that hand over. */
#define HANDOVER_KIND "key"
#define HANDOVER_FOLDER "handover"
/* "handover/NUMBER" with its NUL. */
#define HANDOVER_PATH_SIZE 32
#define HANDOVER_TIME_SIZE 32

struct handover {
	uint64_t index;                /* of the record */
	char time[HANDOVER_TIME_SIZE]; /* of the record, RFC 3339 */
	struct note_key from, to;
	/* what both signed, when it was read by handover_read() */
	uint64_t size;
	struct tlog_hash root;
};

/* Whether LINE is a record that hands over, at a glance. */
bool handover_is(struct span line);
/* Of a record: its number, its time, its keys. 0; -ENOENT: it is a record of another kind, or none; ERR_FORMAT: the keys
 * cannot be read, or are of different names, or the same. */
int handover_read_line(struct handover *ret, struct span line);

/* Whole: that the record is in the tree, which both keys signed. 0; ERR_FORMAT or ERR_TRUST with TEXT. */
int handover_read(struct handover *ret, struct span proof, struct err_text *text);

/* The path of the proof for record INDEX below the log's folder. Returns OUT. */
const char *handover_path(uint64_t index, char out[static HANDOVER_PATH_SIZE]);
/* Writes it: LINE is the record, NOTE the checkpoint of SIZE, signed by both; the tiles are there. 0 or negative. */
int handover_write(
	int dir_fd, uint64_t index, struct span line, uint64_t size, struct span note);
