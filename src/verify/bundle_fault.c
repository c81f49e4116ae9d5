#include "verify/bundle_priv.h"

#include <stdarg.h>
#include <stdio.h>

void bundle_tell(struct bundle *bundle, const char *kind, const char *file,
	const char *format, ...)
{
	struct bundle_fault fault = {.kind = kind, .file = file};
	char text[512];
	va_list args;

	if (bundle->result.faults++ >= BUNDLE_FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault.text = text;
	bundle->params->h(bundle->params->arg, &fault);
}
