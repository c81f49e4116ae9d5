#include "evidence/verify_priv.h"

#include <stdarg.h>
#include <stdio.h>

const char *verify_kind_name(enum verify_kind kind)
{
	static const char *const names[VERIFY_KINDS] = {"checkpoint", "shrunk", "changed",
		"missing", "order", "added", "unsigned", "tile", "root", "handover",
		"witness"};

	return names[kind];
}

void verify_tell(struct verify *verify, enum verify_kind kind, uint64_t first,
	uint64_t last, const char *format, ...)
{
	struct verify_fault fault = {
		.kind = kind, .has_records = first <= last, .first = first, .last = last};
	char text[512];
	va_list args;

	if (verify->result.faults++ >= VERIFY_FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault.text = text;
	verify->params->h(verify->params->arg, &fault);
}
