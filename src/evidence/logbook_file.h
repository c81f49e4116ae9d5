/*
 * The files of a log's folder, which others may have put links and pipes into. Any thread.
 */
#pragma once

#include "evidence/checkpoint.h"
#include "evidence/note.h"

/* In the state folder; and in it the checkpoint that was published last, and the one that witnesses cosigned last. */
#define LOGBOOK_FOLDER "log"
#define LOGBOOK_CHECKPOINT "checkpoint"
#define LOGBOOK_WITNESSED "witnessed"

/* Opens the folder in STATE_DIR. The descriptor or a negated errno. */
int logbook_open_folder(const char *state_dir);

/* A checkpoint as it lies in a file. Nothing of it is believed yet. */
struct logbook_note {
	struct buf whole;
	/* borrowed of it */
	struct note note;
	struct checkpoint checkpoint;
};
/* Reads NAME below DIR_FD. 0; or negative, as regular_read(), note_read() and checkpoint_read(): then there is nothing to free. */
int logbook_read_note(struct logbook_note *ret, int dir_fd, const char *name);
void logbook_free_note(struct logbook_note *note);

/* Replaces NAME below DIR_FD with TEXT, whole or not at all; makes the folders that it is in. 0 or a negated errno. */
int logbook_replace(int dir_fd, const char *name, struct span text);
/* Makes the folders that PATH below DIR_FD is in. 0 or a negated errno. */
int logbook_make_folders(int dir_fd, const char *path);
