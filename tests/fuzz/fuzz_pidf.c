/* The numbers of a location: within the document, few, and numbers. */
#include "fuzz.h"
#include "sip/pidf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span document = {(const char *)data, size};
	struct span numbers[PIDF_ELINS_MAX];
	unsigned count = pidf_elins(document, numbers);

	MUST(count <= PIDF_ELINS_MAX);
	for (unsigned i = 0; i < count; i++) {
		MUST(numbers[i].p >= document.p);
		MUST(numbers[i].p + numbers[i].len <= document.p + document.len);
		MUST(numbers[i].len >= 3 && numbers[i].len <= 33);
		for (size_t k = 0; k < numbers[i].len; k++)
			MUST((numbers[i].p[k] >= '0' && numbers[i].p[k] <= '9') ||
				(k == 0 && numbers[i].p[k] == '+'));
	}
	return 0;
}
