#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "process/notify.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stddef.h>

#ifdef HAVE_LIBSYSTEMD

#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reloading",
		clock_real()->mono_us(clock_real()));
}

void notify_stopping(uint64_t within_us)
{
	sd_notifyf(0,
		"STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64
		"\nSTATUS=Stopping: calls have %" PRIu64 " s to end",
		within_us, within_us / 1000000);
}

void notify_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}

#else

void notify_ready(const char *status)
{
	(void)status;
}

void notify_reloading(void)
{
}

void notify_stopping(uint64_t within_us)
{
	(void)within_us;
}

void notify_status(const char *status)
{
	(void)status;
}

void notify_alive(void)
{
}

uint64_t notify_watchdog_us(void)
{
	return 0;
}

#endif
