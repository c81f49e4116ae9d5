#include "trunk/cause.h"

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

int cause_exhausted(int status)
{
	if (status >= 500 && status < 600 && status != 504)
		return 503;
	return cause_map(status);
}
