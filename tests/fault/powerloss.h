/* SPDX-License-Identifier: MIT */
/*
 * Private to powerloss.so: what a loss of power would leave of one directory.
 * powerloss.c stands in for the system calls and tells the model (disk.c) of
 * each; the model knows what is durable and makes images, failing.c which calls
 * are to fail.
 *
 * 1. Only the directory $POWERLOSS_DIR and the regular files in it count.
 * 2. All of it is called with disk_lock() held, but for disk_lock() itself.
 * 3. It uses system calls through "real", never the names it stands in for.
 *
 * Environment:	POWERLOSS_DIR	the directory, absolute; without it nothing is
 *				done
 *		POWERLOSS_OUT	an empty directory on the same file system:
 *				images, and "calls": what was counted, and the
 *				first call that failed, digits as "N", after the
 *				size of the log at that moment; if it was on a
 *				descriptor, at the moment that was closed
 *		POWERLOSS_LOG	a file whose size is noted with each image
 *		POWERLOSS_SEED	of the random choices
 *		POWERLOSS_IMAGES  how many to make at most; 0 by default
 *		POWERLOSS_FAIL	KIND:N:ERRNO:once or KIND:N:ERRNO:ever
 */
#ifndef FAULT_POWERLOSS_H
#define FAULT_POWERLOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The calls that are counted and can be made to fail. */
enum kind {
	KIND_OPEN,
	KIND_WRITE,
	KIND_SHORT, /* a write: writes half, and the next one fails */
	KIND_SYNC,
	KIND_RENAME,
	KIND_UNLINK,
	NKINDS
};

struct real {
	int (*open)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	ssize_t (*write)(int, const void *, size_t);
	int (*ftruncate)(int, off_t);
	int (*fsync)(int);
	int (*fdatasync)(int);
	int (*rename)(const char *, const char *);
	int (*unlink)(const char *);
	int (*mkdir)(const char *, mode_t);
	int (*close)(int);
};
extern struct real real;

/* A regular file of the directory. */
struct file;

/* The harness itself cannot go on. */
void disk_broken(const char *what) __attribute__((noreturn));
/* Of $POWERLOSS_LOG, at this moment. */
off_t disk_log_size(void);

/* failing.c: takes $POWERLOSS_FAIL, or NULL; makes the text of OUT/calls. */
void failing_init(const char *text);
void failing_report(char *text, size_t size, unsigned long moments);

/* Reads the environment; what is in the directory already is durable. */
void disk_init(void);
/* Writes OUT/calls. */
void disk_report(void);
/* Whether there is a directory to look after. */
bool disk_active(void);
void disk_lock(void);
void disk_unlock(void);

/* The name in the directory that a path stands for, or NULL. */
const char *disk_name(const char *path);
/* Whether it is the directory itself, or its parent. */
bool disk_is_dir(const struct stat *);
bool disk_is_parent(const struct stat *);
/* The file of an open descriptor; NULL: none of ours. */
struct file *disk_file(const struct stat *);

/*
 * Counts a call that is about to be made on this name; NULL: the directory's
 * parent. "create" is an open that may. Returns the errno that it is to fail
 * with, or 0.
 */
int disk_fault(enum kind, const char *call, const char *name);
/*
 * A file is about to be closed. Whoever writes a table goes on after a failed
 * call, and says so to nobody before that.
 */
void disk_closing(const char *name);
/*
 * Before a call that changes something: now the power might fail, and an image
 * be made. Such moments are many when a log is written to, otherwise "rare".
 */
void disk_moment(const char *call, bool rare);

/* What a call has changed. */
void disk_made(const char *name, const struct stat *, bool emptied);
void disk_renamed(const char *from, const char *to);
void disk_removed(const char *name);
void disk_dir_made(void);
void disk_shortened(struct file *, off_t size);

/*
 * Syncing takes time, and covers what was there when it began: disk_sync_file()
 * and disk_sync_dir() let go of the lock meanwhile. After a failed sync the
 * kernel takes the pages for clean: what was not durable never will be.
 */
void disk_sync_file(struct file *, const struct stat *);
void disk_sync_dir(void);
void disk_sync_parent(void);
void disk_sync_failed(struct file *);

#endif
