/*
 * State that outlives its process: structs that are written out as JSON objects by tables of their
 * fields, and read back by the same tables, so that what is written is what is read.
 *
 * A field that is 0 is not written, and one that is not there stays 0. Pointers are not written: what
 * they point to has a name, or an object of its own. Loop thread.
 *
 *	static const struct saved_field fields[] = {
 *		SAVED_FIELD(struct thing, number),
 *		SAVED_TEXT(struct thing, name),
 *		SAVED_TIME(struct thing, begun_us),
 *		SAVED_END,
 *	};
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum saved_kind {
	SAVED_IS_BOOL,
	SAVED_IS_UINT,   /* 1, 2, 4 or 8 bytes */
	SAVED_IS_INT,    /* 4 bytes */
	SAVED_IS_TEXT,   /* char [] with a NUL */
	SAVED_IS_STRING, /* char *, owned; NULL is not written */
	SAVED_IS_TIME,   /* uint64_t, monotonic us; 0: never. Written as an age */
	/* The same, but it is only ever subtracted from later times: it may lie before the reader's clock
	 * began, and then wraps. */
	SAVED_IS_SINCE,
	SAVED_IS_ADDR,
	SAVED_IS_SECRET, /* struct secret; sealed */
	SAVED_IS_SEALED, /* as SAVED_IS_STRING, with secrets in it: sealed */
	SAVED_IS_STRUCT,
	SAVED_IS_OWNED, /* a pointer to structs, owned; NULL is not written */
};

/* One row of a table, made by the macros below. */
struct saved_field {
	const char *name;
	enum saved_kind kind;
	unsigned offset, size; /* bytes; SIZE is that of one element */
	unsigned count;        /* elements: a list where it is not 1 */
	unsigned room;         /* those behind an owned pointer, each of SIZE */
	uint64_t below;        /* of a number: it is smaller; 0: whatever fits its size */
	const struct saved_field *fields; /* of a struct */
};

#define SAVED_ROW(type, member, ...)                                                     \
	{                                                                                \
		.name = #member, .offset = (unsigned)offsetof(type, member), __VA_ARGS__ \
	}
#define SAVED_SIZE(type, member) (unsigned)sizeof(((type *)0)->member)

/* One element of the size of its member. */
#define SAVED_ONE(type, member, ...)                                                     \
	SAVED_ROW(type, member, .size = SAVED_SIZE(type, member), .count = 1, __VA_ARGS__)

/* A bool, a number, an owned string, an address, or a secret. */
#define SAVED_FIELD(type, member)                                                        \
	SAVED_ONE(type, member,                                                          \
		.kind = _Generic(((type *)0)->member,                                    \
			bool: SAVED_IS_BOOL,                                             \
			uint8_t: SAVED_IS_UINT,                                          \
			uint16_t: SAVED_IS_UINT,                                         \
			uint32_t: SAVED_IS_UINT,                                         \
			uint64_t: SAVED_IS_UINT,                                         \
			int32_t: SAVED_IS_INT,                                           \
			char *: SAVED_IS_STRING,                                         \
			const char *: SAVED_IS_STRING,                                   \
			struct addr: SAVED_IS_ADDR,                                      \
			struct secret: SAVED_IS_SECRET))
/* An owned string with secrets in it. */
#define SAVED_SEALED(type, member) SAVED_ONE(type, member, .kind = SAVED_IS_SEALED)
/* A number, or an enum, that is smaller than LIMIT. */
#define SAVED_BELOW(type, member, limit)                                                 \
	SAVED_ONE(type, member, .kind = SAVED_IS_UINT, .below = (limit))
/* A char []. */
#define SAVED_TEXT(type, member) SAVED_ONE(type, member, .kind = SAVED_IS_TEXT)
#define SAVED_TIME(type, member) SAVED_ONE(type, member, .kind = SAVED_IS_TIME)
#define SAVED_SINCE(type, member) SAVED_ONE(type, member, .kind = SAVED_IS_SINCE)
#define SAVED_STRUCT(type, member, table)                                                \
	SAVED_ONE(type, member, .kind = SAVED_IS_STRUCT, .fields = (table))
/* A pointer to NUMBER structs, which are made when they are read. */
#define SAVED_OWNED(type, member, number, table)                                         \
	SAVED_ROW(type, member, .size = SAVED_SIZE(type, member[0]), .count = 1,         \
		.room = (number), .kind = SAVED_IS_OWNED, .fields = (table))
/* An array of numbers, addresses or structs. */
#define SAVED_LENGTH(type, member)                                                       \
	(unsigned)(sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]))
#define SAVED_LIST(type, member, what, table)                                            \
	SAVED_ROW(type, member, .size = SAVED_SIZE(type, member[0]),                     \
		.count = SAVED_LENGTH(type, member), .kind = (what), .fields = (table))
#define SAVED_END                                                                        \
	{                                                                                \
		.name = NULL                                                             \
	}

/* Who seals secrets. */
struct saved_sealer {
	/* Appends PLAIN, sealed and as text without '"' and '\\', to OUT. ABOUT is what it belongs to. 0 or
	 * negative. */
	int (*seal_h)(void *arg, const char *about, struct span plain, struct buf *out);
	/* Appends what TEXT was made of to OUT. 0; ERR_AUTH: it was sealed under another key, for
	 * another ABOUT, or not at all; -ENOMEM. */
	int (*open_h)(void *arg, const char *about, struct span text, struct buf *out);
	void *arg;
};

struct json_t;

/* An object of a document. A value that is passed on by copies; only the whole document is owned. */
struct saved {
	struct json_t *json;
	uint64_t now_us;                   /* monotonic: what ages count from */
	const struct saved_sealer *sealer; /* borrowed; NULL: there are no secrets */
	const char *about;                 /* borrowed; what its secrets are sealed for */
};

/* An empty document. 0 or -ENOMEM. */
int saved_new(struct saved *ret, uint64_t now_us, const struct saved_sealer *sealer);
/* The document that TEXT is. 0, or ERR_FORMAT with ERROR: where it is none. */
int saved_parse(struct saved *ret, struct span text, uint64_t now_us,
	const struct saved_sealer *sealer, struct err_text *error);
/* Frees the whole document. A zeroed one is fine. */
void saved_free(struct saved *saved);
/* Appends its text, on one line, to OUT. 0 or -ENOMEM. */
int saved_print(struct saved saved, struct buf *out);

/* A new object in SAVED under NAME, or at the end of the list of that name. 0 or -ENOMEM. */
int saved_add(struct saved saved, const char *name, struct saved *ret);
int saved_append(struct saved saved, const char *list, struct saved *ret);
/* The object at the end of the list is taken away again. */
void saved_drop(struct saved saved, const char *list);
/* That object, or that of the list by its INDEX; false: there is none. */
bool saved_get(struct saved saved, const char *name, struct saved *ret);
/* The object under NAME; where there is none, one that has nothing. */
struct saved saved_object(struct saved saved, const char *name);
bool saved_at(struct saved saved, const char *list, unsigned index, struct saved *ret);

/* Writes what FIELDS name of the struct at FROM. 0, -ENOMEM, or what seal_h returns. */
int saved_put(struct saved saved, const struct saved_field *fields, const void *from);
/*
 * Reads it back to the struct at TO, which is zeroed. 0; ERR_FORMAT or ERR_AUTH with ERROR, which names
 * the field; -ENOMEM. What was allocated by then is the caller's in any case.
 */
int saved_take(struct saved saved, const struct saved_field *fields, void *to,
	struct err_text *error);
