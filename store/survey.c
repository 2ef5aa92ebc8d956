/* SPDX-License-Identifier: MIT */
/*
 * What lies in a LevelDB directory; see survey.h. The manifest that CURRENT
 * names comes first. If there is no such one, or nothing can be read of it, the
 * newest takes its place of which something can.
 *
 * When a manifest's end is missing, tables that it does not know may belong to
 * the store, whatever their number: a compaction takes the numbers of its
 * tables long before its record is written. Only those that the good part has
 * deleted are left out. An end that is missing between two records shows by
 * files that are not there, for later records have given them up.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/logsync.h"
#include "store/survey.h"

/* How LevelDB names files; tables were ".sst" in old versions. */
static const struct {
	enum survey_kind kind;
	const char *before, *behind; /* the number, of six digits or more */
} names[] = {
    {SURVEY_TABLE, "", ".ldb"},
    {SURVEY_TABLE, "", ".sst"},
    {SURVEY_LOG, "", ".log"},
    {SURVEY_MANIFEST, "MANIFEST-", ""},
};
#define NNAMES (sizeof(names) / sizeof(names[0]))

static void
make_name(char name[NAMELEN], size_t i, uint64_t number)
{
	(void)snprintf(name, NAMELEN, "%s%06" PRIu64 "%s", names[i].before,
	    number, names[i].behind);
}

static int
file_cmp(const void *va, const void *vb)
{
	const struct survey_file *a = va, *b = vb;

	if (a->kind != b->kind)
		return ((a->kind > b->kind) - (a->kind < b->kind));
	return ((a->number > b->number) - (a->number < b->number));
}

/* The file of that kind and number, which is made if it is not known. */
static struct survey_file *
get_file(struct survey *s, enum survey_kind kind, uint64_t number)
{
	struct survey_file key = {.kind = kind, .number = number}, *f;
	size_t i = 0;
	void *node;

	node = tfind(&key, &s->tree, file_cmp);
	if (node != NULL)
		return (*(struct survey_file **)node);
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return (NULL);
	f->kind = kind;
	f->number = number;
	while (names[i].kind != kind)
		i++;
	make_name(f->name, i, number);
	if (tsearch(f, &s->tree, file_cmp) == NULL) {
		free(f);
		return (NULL);
	}
	s->n++;
	return (f);
}

/* Whether a name is one that LevelDB gives. */
static bool
parse_name(const char *name, enum survey_kind *ret_kind, uint64_t *ret_number)
{
	char again[NAMELEN];
	uint64_t number;
	size_t i, len;

	for (i = 0; i < NNAMES; i++) {
		len = strlen(names[i].before);
		if (strncmp(name, names[i].before, len) != 0)
			continue;
		number = strtoull(name + len, NULL, 10);
		make_name(again, i, number);
		if (strcmp(again, name) != 0)
			continue;
		*ret_kind = names[i].kind;
		*ret_number = number;
		return (true);
	}
	return (false);
}

static enum skv_err
list_files(struct survey *s, int fd, DIR *dir)
{
	struct survey_file *f;
	struct dirent *entry;
	enum survey_kind kind;
	uint64_t number;
	struct stat st;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!parse_name(entry->d_name, &kind, &number) ||
		    fstatat(fd, entry->d_name, &st, 0) == -1 ||
		    !S_ISREG(st.st_mode))
			continue;
		f = get_file(s, kind, number);
		if (f == NULL)
			return (SKV_NOMEM);
		(void)snprintf(f->name, sizeof(f->name), "%.*s", NAMELEN - 1,
		    entry->d_name);
		f->present = true;
		f->size = (uint64_t)st.st_size;
	}
	return (errno == 0 ? SKV_OK : SKV_IO);
}

/* ------------------------------------------------------------- manifest -- */

static bool
add_table(struct survey *s, const struct edit *e)
{
	struct survey_file *f = get_file(s, SURVEY_TABLE, e->number[1]);

	if (f == NULL)
		return (false);
	free(f->keys);
	f->keys = malloc(e->span[0].len + e->span[1].len + 1);
	if (f->keys == NULL)
		return (false);
	memcpy(f->keys, e->span[0].p, e->span[0].len);
	memcpy(f->keys + e->span[0].len, e->span[1].p, e->span[1].len);
	f->leastlen = e->span[0].len;
	f->greatestlen = e->span[1].len;
	f->named_size = e->number[2];
	f->named = true;
	if (f->number > s->greatest)
		s->greatest = f->number;
	return (true);
}

/* Takes one field in; false without memory. */
static bool
apply_field(struct survey *s, const struct edit *e)
{
	struct survey_file *f;

	switch (e->tag) {
	case EDIT_LOG:
		s->log = e->number[0];
		break;
	case EDIT_ADDED:
		return (add_table(s, e));
	case EDIT_DELETED:
		f = get_file(s, SURVEY_TABLE, e->number[1]);
		if (f == NULL)
			return (false);
		f->named = false;
		f->deleted = true;
		break;
	case EDIT_NEXT_FILE:
		s->next = e->number[0];
		break;
	case EDIT_COMPARATOR:
	case EDIT_SEQUENCE:
	case EDIT_POINTER:
	case EDIT_PREVIOUS_LOG:
		break;
	}
	return (true);
}

/*
 * Whether a record can be followed to its end: it is taken in whole or not at
 * all.
 */
static bool
follows(const struct buf *record)
{
	struct edit e;

	edit_begin(&e, record);
	while (edit_next(&e))
		continue;
	return (!e.bad);
}

/* Reads a manifest as far as it is good; *ret_any: whether any of it is. */
static enum skv_err
read_manifest(struct survey *s, int dirfd, const char *name, bool *ret_any)
{
	enum skv_err err = SKV_OK;
	struct logfile f;
	struct edit e;

	*ret_any = false;
	if (!logfile_open(&f, dirfd, name))
		return (errno == ENOMEM ? SKV_NOMEM : SKV_OK);
	s->size = f.size;
	s->good = 0;
	while (err == SKV_OK && logfile_next(&f) && follows(&f.record)) {
		edit_begin(&e, &f.record);
		while (err == SKV_OK && edit_next(&e))
			if (!apply_field(s, &e))
				err = SKV_NOMEM;
		s->good = f.pos;
		*ret_any = true;
	}
	s->torn = s->good != s->size || s->next == 0;
	s->odd = s->greatest >= s->next;
	if (f.failed && f.errnum == ENOMEM)
		err = SKV_NOMEM;
	logfile_close(&f);
	if (*ret_any)
		(void)snprintf(s->manifest, sizeof(s->manifest), "%s", name);
	return (err);
}

/* ----------------------------------------------------------------- list -- */

static void
collect(const void *node, VISIT which, void *arg)
{
	struct survey *s = arg;

	if (which == preorder || which == endorder)
		return;
	s->files[s->n++] = *(struct survey_file *const *)node;
}

static enum skv_err
make_list(struct survey *s)
{
	s->files = calloc(s->n + 1, sizeof(*s->files));
	if (s->files == NULL)
		return (SKV_NOMEM);
	s->n = 0;
	twalk_r(s->tree, collect, s);
	return (SKV_OK);
}

/* The manifest to go by; and what is wrong with CURRENT. */
static enum skv_err
choose_manifest(struct survey *s, int dirfd)
{
	char name[NAMELEN];
	enum survey_kind kind;
	uint64_t number;
	enum skv_err err = SKV_OK;
	bool any = false;
	size_t i;

	if (!read_current(dirfd, name))
		s->current = errno == ENOENT ? "is missing" : "cannot be read";
	else if (!parse_name(name, &kind, &number) || kind != SURVEY_MANIFEST)
		s->current = "does not name a manifest";
	else if (faccessat(dirfd, name, F_OK, 0) == -1)
		s->current = "names a manifest that is not there";
	else {
		err = read_manifest(s, dirfd, name, &any);
		if (!any)
			s->current = "names a manifest that cannot be read";
	}
	for (i = s->n; err == SKV_OK && !any && i-- > 0;)
		if (s->files[i]->kind == SURVEY_MANIFEST &&
		    s->files[i]->present)
			err = read_manifest(s, dirfd, s->files[i]->name, &any);
	return (err);
}

/* Whether files are not there that the manifest has. */
static void
look_for_missing(struct survey *s)
{
	bool log = s->log == 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->files[i]->named && !s->files[i]->present)
			s->missing = true;
		if (s->files[i]->kind == SURVEY_LOG &&
		    s->files[i]->number == s->log)
			log = true;
	}
	/* A manifest cut off between records looks good by itself. */
	s->torn = s->torn || s->missing || !log;
}

static void
decide_live(struct survey *s)
{
	bool known = *s->manifest != '\0';
	struct survey_file *f;
	size_t i;

	look_for_missing(s);
	for (i = 0; i < s->n; i++) {
		f = s->files[i];
		if (f->kind == SURVEY_TABLE)
			f->live = f->named ||
			    (f->present &&
				(!known || (s->torn && !f->deleted)));
		else if (f->kind == SURVEY_LOG)
			f->live = !known || f->number >= s->log;
	}
}

enum skv_err
survey_make(int dirfd, const char *path, struct survey *ret,
    struct skv_errinfo *info)
{
	enum skv_err err;
	DIR *dir;

	memset(ret, 0, sizeof(*ret));
	dir = opendir(path);
	if (dir == NULL) {
		errinfo_set(info, "%s: opendir: %s", path, strerror(errno));
		return (logsync_errno(errno));
	}
	err = list_files(ret, dirfd, dir);
	(void)closedir(dir);
	if (err == SKV_OK)
		err = make_list(ret);
	if (err == SKV_OK)
		err = choose_manifest(ret, dirfd);
	/* By now it may know of files that are not there. */
	if (err == SKV_OK) {
		free(ret->files);
		err = make_list(ret);
	}
	if (err == SKV_OK)
		decide_live(ret);
	else
		errinfo_set(info, "%s: %s", path, skv_strerror(err));
	return (err);
}

static void
free_file(void *arg)
{
	struct survey_file *f = arg;

	free(f->keys);
	free(f);
}

void
survey_release(struct survey *s)
{
	tdestroy(s->tree, free_file);
	free(s->files);
	memset(s, 0, sizeof(*s));
}

uint64_t
survey_bytes(const struct survey *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i]->live && s->files[i]->present)
			sum += s->files[i]->size;
	return (sum);
}
