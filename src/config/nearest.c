#include "config/nearest.h"

#include <stdint.h>
#include <string.h>

/* Longer words than this are not worth a suggestion; bounds the rows of the distance. */
#define MAX_WORD 64

/* Insertions, deletions and replacements from A to B; words over MAX_WORD are far. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	size_t row[MAX_WORD + 1];

	if (a_len > MAX_WORD || b_len > MAX_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

struct nearest nearest_to(const char *to)
{
	size_t third = strlen(to) / 3;

	/* One past what still counts as near. */
	return (struct nearest){.to = to, .distance = (third > 2 ? third : 2) + 1};
}

void nearest_try(struct nearest *nearest, const char *word)
{
	size_t distance = edit_distance(nearest->to, word);

	/* "x" is no misspelt "t1": as many edits as letters would fit any short word. */
	if (distance < nearest->distance && distance < strlen(word)) {
		nearest->distance = distance;
		nearest->word = word;
	}
}
