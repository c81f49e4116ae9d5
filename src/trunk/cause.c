#include "trunk/cause.h"

#include "config/codes.h"
#include "trunk/q850.h"

int cause_map(int status)
{
	if (status < 400)
		return 480; /* redirections are not followed; their targets are not shown */
	switch (status) {
	case 401:
	case 407: /* their challenge is to us; the caller cannot answer it */
		return 403;
	case 400: /* complaints about the request that we made */
	case 402:
	case 405:
	case 406:
	case 412:
	case 413:
	case 414:
	case 416:
	case 420:
	case 421:
	case 422:
	case 423:
	case 481:
	case 482:
	case 483:
	case 491:
	case 493:
	case 494:
		return 500;
	case 503: /* RFC 3261 16.7: it is that server, not we, who is overloaded */
	case 505:
	case 513:
		return 500;
	default:
		return status;
	}
}

bool cause_is_of_content(int status)
{
	return status == 413 || status == 513;
}

int cause_exhausted(int status)
{
	if (status >= 500 && status < 600 && status != 504)
		return 503;
	return cause_map(status);
}

/* What the rules of CODES make of it; 0: none takes it. */
static int by_rules(const struct config_words *codes, int status, unsigned cause)
{
	const int result = codes_find(codes, status, cause);

	return result == CODES_BY_CAUSE ? q850_status(cause) : result;
}

int cause_map_by(const struct config_words *codes, int status, unsigned cause)
{
	const int result = by_rules(codes, status, cause);

	return result ? result : cause_map(status);
}

int cause_exhausted_by(const struct config_words *codes, int status, unsigned cause)
{
	const int result = by_rules(codes, status, cause);

	return result ? result : cause_exhausted(status);
}

int cause_out(const struct config_words *codes_out, int status, unsigned cause)
{
	const int result = by_rules(codes_out, status, cause);

	return result ? result : status;
}
