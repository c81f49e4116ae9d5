#include "audit/index_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "TAND" */
#define APPLICATION 0x54414e44
#define BUSY_MS 2000
#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* Of a call all, of others the first four. Times in microseconds. */
static const char schema[] =
	"BEGIN IMMEDIATE;"
	/* id: the upper part of places; name: the hash of its first line */
	"CREATE TABLE file(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE position(one INTEGER PRIMARY KEY CHECK (one = 1),"
	" file TEXT NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,"
	" line TEXT NOT NULL, next INTEGER NOT NULL);"
	"CREATE TABLE party(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE record(place INTEGER PRIMARY KEY,"
	" kind TEXT," /* NULL: call */
	" seq INTEGER, id TEXT, ended INTEGER NOT NULL,"
	" duration INTEGER, talk INTEGER," /* NULL: not answered */
	" ringing INTEGER,"
	" number_from TEXT, number_to TEXT, party_a INTEGER, party_b INTEGER,"
	" inbound INTEGER, message INTEGER, status INTEGER, cause TEXT, ended_by TEXT,"
	" signalling INTEGER, media INTEGER, mos INTEGER, q850 INTEGER);"
	"CREATE TABLE segment(id INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL);"
	"CREATE TABLE word(segment INTEGER NOT NULL, word TEXT NOT NULL,"
	" place INTEGER NOT NULL, PRIMARY KEY (segment, word, place)) WITHOUT ROWID;"
	/* of calls, by the hour in which they began; direction 0: offered to the party, 1: made by it */
	"CREATE TABLE hour(hour INTEGER, party INTEGER, direction INTEGER,"
	" attempts, answered, effective, talk, delays, delay, delay_max, scores, score,"
	" score_min, packets, lost, jitters, jitter, tls13, tls12, plain, srtp, udptl, "
	"rtp,"
	" PRIMARY KEY (hour, party, direction)) WITHOUT ROWID;"
	"PRAGMA application_id = " TEXT_OF(APPLICATION) ";"
							"PRAGMA user_version = " TEXT_OF(
								INDEX_VERSION) ";"
									       "COMMIT";

int index_db_judge(struct index_db *db, int rc, struct err_text *text)
{
	static const struct {
		int rc, err;
	} codes[] = {
		{SQLITE_CORRUPT, ERR_FORMAT},
		{SQLITE_NOTADB, ERR_FORMAT},
		{SQLITE_SCHEMA, ERR_FORMAT},
		{SQLITE_CONSTRAINT, ERR_FORMAT},
		{SQLITE_ERROR, ERR_FORMAT}, /* a table is not as it was made */
		{SQLITE_FULL, -ENOSPC},
		{SQLITE_READONLY, -EROFS},
		{SQLITE_PERM, -EACCES},
		{SQLITE_CANTOPEN, -EACCES},
		{SQLITE_BUSY, -EBUSY},
		{SQLITE_LOCKED, -EBUSY},
		{SQLITE_NOMEM, -ENOMEM},
		{SQLITE_INTERRUPT, -ECANCELED},
	};
	int err = -EIO;

	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return 0;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == (rc & 0xff))
			err = codes[i].err;
	return err_set(text, err, "%s: %s", INDEX_NAME,
		db->sqlite ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(rc));
}

int index_db_exec(struct index_db *db, const char *sql, struct err_text *text)
{
	return index_db_judge(db, sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL), text);
}

int index_db_prepare(
	struct index_db *db, sqlite3_stmt **ret, const char *sql, struct err_text *text)
{
	return index_db_judge(db,
		sqlite3_prepare_v3(
			db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL),
		text);
}

int index_db_number(struct index_db *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement;
	int err = index_db_prepare(db, &statement, sql, NULL), rc;

	if (err)
		return err;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*ret = sqlite3_column_int64(statement, 0);
	err = index_db_judge(db, rc, NULL);
	sqlite3_finalize(statement);
	return err;
}

static char *path_of(const char *state_dir, const char *end)
{
	char *path;

	return asprintf(&path, "%s/" INDEX_NAME "%s", state_dir, end) < 0 ? NULL : path;
}

/* Only what is a file, where it seems to be; made where it is missing and FLAGS have O_CREAT. */
static int look_at_file(struct index_db *db, int flags, struct err_text *text)
{
	struct stat st;
	int fd = open(db->path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	int err = fd < 0 ? -errno : 0;

	if (!err && fstat(fd, &st) < 0)
		err = -errno;
	if (!err && !S_ISREG(st.st_mode))
		err = -EPERM;
	if (!err) {
		db->inode = st.st_ino;
		db->device = st.st_dev;
	}
	if (fd >= 0)
		close(fd);
	return err ? err_set(text, err, "cannot open %s: %s", db->path, err_str(err)) : 0;
}

static int open_file(struct index_db *db, int flags, struct err_text *text)
{
	int rc = sqlite3_open_v2(db->path, &db->sqlite,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	int err;

	if (rc == SQLITE_OK)
		sqlite3_extended_result_codes(db->sqlite, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	err = index_db_judge(db, rc, text);
	/* Nothing of the file is believed: neither functions nor views of its own. */
	return err ? err
		   : index_db_exec(db,
			     "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
			     text);
}

/* Whether it is ours. 1: it is empty. */
static int check_version(struct index_db *db)
{
	int64_t application = -1, version = -1, tables = -1;
	int err = index_db_number(db, "PRAGMA application_id", &application);

	if (!err)
		err = index_db_number(db, "PRAGMA user_version", &version);
	if (!err)
		err = index_db_number(db, "SELECT count(*) FROM sqlite_master", &tables);
	if (err)
		return err;
	if (tables == 0)
		return 1;
	return application == APPLICATION && version == INDEX_VERSION ? 0 : ERR_FORMAT;
}

int index_db_open(struct index_db *ret, const char *state_dir, struct err_text *text)
{
	struct index_db db = {.path = path_of(state_dir, "")};
	int err = db.path ? 0 : err_set(text, -ENOMEM, "out of memory");

	if (!err)
		err = look_at_file(&db, O_RDWR | O_CREAT, text);
	if (!err)
		err = open_file(&db, SQLITE_OPEN_READWRITE, text);
	/* What a loss of power takes is read again from the records; what is left is whole. */
	if (!err)
		err = index_db_exec(&db,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			"PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 16777216",
			text);
	if (!err)
		err = check_version(&db);
	if (err == 1)
		err = index_db_exec(&db, schema, text);
	else if (err == ERR_FORMAT)
		err_set(text, err, "%s is damaged, or of another version", db.path);
	if (err) {
		index_db_close(&db);
		return err;
	}
	*ret = db;
	return 0;
}

int index_db_open_to_read(
	struct index_db *ret, const char *state_dir, struct err_text *text)
{
	struct index_db db = {.path = path_of(state_dir, "")};
	int err = db.path ? 0 : err_set(text, -ENOMEM, "out of memory");

	if (!err)
		err = look_at_file(&db, O_RDONLY, text);
	/* The shared memory of the WAL is written by readers too; query_only keeps the tables. */
	if (!err)
		err = open_file(&db, SQLITE_OPEN_READWRITE, text);
	if (!err)
		err = index_db_exec(&db, "PRAGMA query_only = ON", text);
	if (!err)
		err = check_version(&db);
	if (err == 1)
		err = err_set(text, -ENOENT, "%s is empty", db.path);
	if (err) {
		index_db_close(&db);
		return err;
	}
	*ret = db;
	return 0;
}

void index_db_close(struct index_db *db)
{
	sqlite3_close(db->sqlite);
	free(db->path);
	*db = (struct index_db){.sqlite = NULL};
}

int index_db_remove(const char *state_dir)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	int err = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *path = path_of(state_dir, ends[i]);

		if (!path)
			return -ENOMEM;
		if (unlink(path) < 0 && errno != ENOENT && !err)
			err = -errno;
		free(path);
	}
	return err;
}

bool index_db_is_there(const struct index_db *db)
{
	struct stat st;

	return lstat(db->path, &st) == 0 && st.st_ino == db->inode &&
	       st.st_dev == db->device;
}
