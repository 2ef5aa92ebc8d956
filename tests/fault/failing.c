/* SPDX-License-Identifier: MIT */
/* Which calls fail, how often each kind was made, and the first that failed. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/fault/powerloss.h"

enum {
	NAMELEN = 32
};

static unsigned long calls[NKINDS], fired;

static struct {
	enum kind kind;
	unsigned long n; /* 0: never */
	int errnum;
	bool ever;
	char call[64];	    /* the first call that failed */
	char name[NAMELEN]; /* of the file it failed on; "": is closed */
	off_t moment;
} fault;

static const char *const kinds[NKINDS] = {"open", "write", "short", "sync",
    "rename", "unlink"};

/* "write N.log"; numbers of files differ from run to run. */
static void
note_first(enum kind kind, const char *call, const char *name)
{
	size_t len;

	fault.moment = disk_log_size();
	if (name != NULL &&
	    (kind == KIND_WRITE || kind == KIND_SHORT || kind == KIND_SYNC))
		(void)snprintf(fault.name, sizeof(fault.name), "%s", name);
	len = (size_t)snprintf(fault.call, sizeof(fault.call), "%s ", call);
	if (name == NULL)
		name = "parent";
	else if (*name == '\0')
		name = "directory";
	while (*name != '\0' && len < sizeof(fault.call) - 1)
		if (*name >= '0' && *name <= '9') {
			fault.call[len++] = 'N';
			name += strspn(name, "0123456789");
		} else
			fault.call[len++] = *name++;
	fault.call[len] = '\0';
}

void
disk_closing(const char *name)
{
	if (fault.name[0] == '\0' || name == NULL ||
	    strcmp(name, fault.name) != 0)
		return;
	fault.moment = disk_log_size();
	fault.name[0] = '\0';
}

int
disk_fault(enum kind kind, const char *call, const char *name)
{
	unsigned long n = ++calls[kind];

	if (fault.n == 0 || kind != fault.kind || n < fault.n ||
	    (n > fault.n && !fault.ever))
		return (0);
	if (fired++ == 0)
		note_first(kind, call, name);
	return (fault.errnum);
}

void
failing_init(const char *text)
{
	char kind[16], times[8];
	unsigned long n;
	int errnum;

	if (text == NULL)
		return;
	if (sscanf(text, "%15[a-z]:%lu:%d:%7s", kind, &n, &errnum, times) != 4)
		disk_broken(text);
	for (fault.kind = 0; fault.kind < NKINDS; fault.kind++)
		if (strcmp(kinds[fault.kind], kind) == 0)
			break;
	if (fault.kind == NKINDS)
		disk_broken(text);
	fault.n = n;
	fault.errnum = errnum;
	fault.ever = strcmp(times, "ever") == 0;
}

void
failing_report(char *text, size_t size, unsigned long moments)
{
	size_t len = 0;
	int i;

	for (i = 0; i < NKINDS; i++)
		len += (size_t)snprintf(text + len, size - len, "%lu ",
		    calls[i]);
	(void)snprintf(text + len, size - len, "%lu %lu\n%lld %s\n", fired,
	    moments, (long long)fault.moment, fault.call);
}
