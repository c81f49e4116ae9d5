/* The export of calls to a collector: as the test has set it. */
#include "fakes.h"

#include "hep/hep.h"

const struct hep_settings *hep_in_use(const struct hep *hep)
{
	(void)hep;
	return fakes.hep_settings;
}

void hep_state(const struct hep *hep, struct hep_state *ret)
{
	(void)hep;
	*ret = fakes.hep;
}
