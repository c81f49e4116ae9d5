#include "heap.h"

#include "inside.h"

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAP_LIVE (1 << 16)
/* Of a key so much must be there: a=crypto has 40 characters at least, of 30 bytes. */
#define KEY_MIN 20

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_vasprintf(char **ret, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **ret, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One thread plays one scenario: plain globals will do. */
static struct {
	unsigned long count;   /* of Tandem's allocations so far */
	unsigned long fail;    /* this one fails; 0: none */
	bool tell;             /* the stack of it */
	unsigned long keys;    /* blocks that were given back with one */
	bool watch;            /* keep what lives */
	void *live[HEAP_LIVE]; /* blocks of Tandem's, hashed */
} heap;

static size_t slot_of(const void *block)
{
	return ((uintptr_t)block >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 48;
}

static void note(void *block)
{
	size_t at = slot_of(block);

	if (!block || !heap.watch || !inside_now())
		return;
	for (unsigned i = 0; i < HEAP_LIVE; i++, at = (at + 1) % HEAP_LIVE)
		if (!heap.live[at] || heap.live[at] == &heap) {
			heap.live[at] = block;
			return;
		}
}

/* A party's key is one letter again and again, and nothing else is. */
static bool has_raw_key(const char *block, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len && run < KEY_MIN; i++) {
		bool letter = block[i] >= 'A' && block[i] <= 'Z';

		run = !letter ? 0 : run && block[i] == block[i - 1] ? run + 1 : 1;
	}
	return run == KEY_MIN;
}

static bool has_key(const char *block)
{
	static const char word[] = "inline:";
	const size_t len = malloc_usable_size((void *)(uintptr_t)block);
	const char *at = memmem(block, len, word, sizeof(word) - 1);

	if (at && (size_t)(block + len - at) >= sizeof(word) - 1 + KEY_MIN &&
		at[sizeof(word) - 1] != 'x')
		return true;
	return has_raw_key(block, len);
}

/* Whether BLOCK was one of Tandem's. */
static bool forget(const void *block)
{
	size_t at = slot_of(block);

	if (!block || !heap.watch)
		return false;
	for (unsigned i = 0; i < HEAP_LIVE && heap.live[at];
		i++, at = (at + 1) % HEAP_LIVE)
		if (heap.live[at] == block) {
			heap.live[at] = &heap; /* a grave, so that others are found */
			return true;
		}
	return false;
}

static bool fails(void)
{
	void *stack[32];

	if (!inside_now() || ++heap.count != heap.fail)
		return false;
	if (heap.tell) {
		backtrace_symbols_fd(stack, backtrace(stack, 32), STDERR_FILENO);
		fprintf(stderr, "for names: addr2line -fpie PROGRAM +0x...\n");
	}
	errno = ENOMEM;
	return true;
}

/* What was there before is no trace of Tandem's, and no value to go by. */
static void spoil(void *block, size_t from)
{
	size_t len = block ? malloc_usable_size(block) : 0;

	if (heap.watch && inside_now() && len > from)
		memset((char *)block + from, 0xa5, len - from);
}

void *__wrap_malloc(size_t size)
{
	void *block = fails() ? NULL : __real_malloc(size);

	spoil(block, 0);
	note(block);
	return block;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *block = fails() ? NULL : __real_calloc(count, size);

	note(block);
	return block;
}

void *__wrap_realloc(void *old, size_t size)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	bool key = old && has_key(old);
	void *block = fails() ? NULL : __real_realloc(old, size);

	if (block) {
		spoil(block, had);
		/* Where it moved, the old place is given back as it is. What only shrinks stays where
		 * it is, but with the allocators of sanitizers. */
		heap.keys += forget(old) && key && block != old && size > had;
		note(block);
	}
	return block;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(old, count * size);
}

void __wrap_free(void *block)
{
	heap.keys += forget(block) && has_key(block);
	__real_free(block);
}

char *__wrap_strndup(const char *text, size_t len)
{
	size_t n = strnlen(text, len);
	char *copy = __wrap_malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, SIZE_MAX);
}

int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*ret = len < 0 ? NULL : __wrap_malloc((size_t)len + 1);
	if (!*ret)
		return -1;
	return vsnprintf(*ret, (size_t)len + 1, format, args);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return len;
}

void heap_watch(unsigned long nth, bool tell)
{
	memset(&heap, 0, sizeof(heap));
	heap.fail = nth;
	heap.tell = tell;
	heap.watch = true;
}

unsigned long heap_count(void)
{
	return heap.count;
}

unsigned long heap_keys(void)
{
	return heap.keys;
}

unsigned long heap_left(void)
{
	unsigned long left = 0;

	for (unsigned i = 0; i < HEAP_LIVE; i++)
		left += heap.live[i] && heap.live[i] != &heap;
	return left;
}
