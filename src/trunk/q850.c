#include "trunk/q850.h"

int q850_status(unsigned cause)
{
	switch (cause) {
	case 1: /* unallocated number, no route to the network, no route to the destination */
	case 2:
	case 3:
	case 26: /* non-selected user clearing */
		return 404;
	case 17: /* user busy */
		return 486;
	case 18: /* no user responding */
		return 408;
	case 19: /* no answer, subscriber absent, normal unspecified */
	case 20:
	case 31:
		return 480;
	case 21: /* call rejected, barred within the group, not authorized, no member of it */
	case 55:
	case 57:
	case 87:
		return 403;
	case 22: /* number changed, redirection */
	case 23:
		return 410;
	case 27: /* destination out of order */
		return 502;
	case 28: /* address incomplete */
		return 484;
	case 29: /* facility rejected, service not implemented */
	case 79:
		return 501;
	case 34: /* no circuit, network out of order, temporary failure, congestion, */
	case 38: /* resource or bearer not available, incompatible destination */
	case 41:
	case 42:
	case 47:
	case 58:
	case 88:
		return 503;
	case 65: /* bearer capability not implemented, only restricted ones */
	case 70:
		return 488;
	case 102: /* recovery on timer expiry */
		return 504;
	default:
		return 500;
	}
}

unsigned q850_cause(int status)
{
	switch (status) {
	case 401:
	case 402:
	case 403:
	case 407:
	case 603:
		return 21;
	case 404:
	case 485:
	case 604:
		return 1;
	case 405:
		return 63;
	case 406:
	case 415:
	case 501:
		return 79;
	case 408:
	case 504:
		return 102;
	case 410:
		return 22;
	case 400:
	case 481:
	case 500:
	case 503:
		return 41;
	case 480:
		return 18;
	case 482:
	case 483:
		return 25;
	case 484:
		return 28;
	case 486:
	case 600:
		return 17;
	case 487: /* the RFC has none, since whoever gave up knows */
		return 16;
	case 488: /* by its Warning, says the RFC; this is what becomes 488 again */
	case 606:
		return 65;
	case 502:
		return 38;
	default:
		return status >= 300 && status <= 699 ? 127 : 0;
	}
}
