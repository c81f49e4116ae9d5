/*
 * Loaded before a program (LD_PRELOAD): looks at each block of memory that it gives back for a key
 * in clear, as a=crypto has it ("inline:" and no x, which stands where one was masked). Each place
 * that gives one back is written once to the file FREED_LOG, as a stack for addr2line(1).
 *
 * What is freed with a key in it is found in memory only as long as nothing else was written there,
 * so a look at memory alone finds it by chance.
 */
#include <execinfo.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcntl.h>

#define STACK_MAX 24
#define PLACES_MAX 256
/* Characters of a key that must be there: a=crypto has 40 at least. */
#define KEY_MIN 20

extern void __libc_free(void *block);

static _Thread_local bool looking; /* backtrace() allocates */
static uintptr_t told[PLACES_MAX]; /* by the sum of a stack; threads may tell one twice */
static unsigned told_count;

static bool has_key(const char *block)
{
	static const char word[] = "inline:";
	const size_t len = malloc_usable_size((void *)(uintptr_t)block);
	const char *at = memmem(block, len, word, sizeof(word) - 1);

	return at && (size_t)(block + len - at) >= sizeof(word) - 1 + KEY_MIN &&
	       at[sizeof(word) - 1] != 'x';
}

static bool is_told(void *const *stack, int count)
{
	uintptr_t sum = 0;

	for (int i = 0; i < count; i++)
		sum = sum * 31 + (uintptr_t)stack[i];
	for (unsigned i = 0; i < told_count; i++)
		if (told[i] == sum)
			return true;
	if (told_count < PLACES_MAX)
		told[told_count++] = sum;
	return false;
}

static void tell(void)
{
	static const char head[] = "a key was given back with its memory:\n";
	const char *path = getenv("FREED_LOG");
	void *stack[STACK_MAX];
	int count = backtrace(stack, STACK_MAX);
	int fd;

	if (!path || is_told(stack, count))
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, head, sizeof(head) - 1) > 0)
		backtrace_symbols_fd(stack, count, fd);
	close(fd);
}

void free(void *block)
{
	if (block && !looking) {
		looking = true;
		if (has_key(block))
			tell();
		looking = false;
	}
	__libc_free(block);
}
