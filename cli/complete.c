/* SPDX-License-Identifier: MIT */
/* Completion in the shell; see complete.h. */
#include "config.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/item.h"
#include "cli/output.h"
#include "cli/target.h"
#include "wire/value.h"

struct choices {
	const char *word; /* what is there of it, without quoting */
	size_t wordlen;
	size_t n;
	char *choice[COMPLETE_MAX];
};

/* Keeps a candidate that begins with the word; the rest are left out. */
static void
offer(struct choices *c, const char *text, size_t len)
{
	if (c->n == COMPLETE_MAX || len < c->wordlen ||
	    memcmp(text, c->word, c->wordlen) != 0 ||
	    memchr(text, '\0', len) != NULL)
		return;
	c->choice[c->n] = strndup(text, len);
	if (c->choice[c->n] != NULL)
		c->n++;
}

static void
offer_commands(struct choices *c)
{
	size_t i;

	for (i = 0; commands[i] != NULL; i++)
		if (!(commands[i]->flags & COMMAND_TOP))
			offer(c, commands[i]->name, strlen(commands[i]->name));
}

static void
offer_options(struct choices *c, const struct option_def *o)
{
	char text[64];

	for (; o != NULL && o->name != NULL; o++) {
		(void)snprintf(text, sizeof(text), "--%s", o->name);
		offer(c, text, strlen(text));
	}
}

static void
offer_items(struct choices *c, struct buf *page)
{
	struct doc_reader d;
	struct doc_value v;
	struct item it;
	const char *name;
	size_t len;

	doc_reader_init(&d, DOC_JSON, page->data, page->len, DOC_DEPTHMAX);
	if (!doc_map_begin(&d) || !doc_map_next(&d, &name, &len) ||
	    !text_is(name, len, "items") || !doc_array_begin(&d)) {
		doc_reader_release(&d);
		return;
	}
	while (doc_array_next(&d) && doc_value(&d, &v)) {
		struct buf copy = {0};

		if (v.type == DOC_MAP && buf_add(&copy, v.raw, v.rawlen)) {
			if (item_read(&it, copy.data, copy.len))
				offer(c, it.key.data, it.key.len);
			item_release(&it);
		}
		buf_release(&copy);
	}
	doc_reader_release(&d);
}

/* Keys of the target. Whatever goes wrong, there is nothing to offer. */
static void
offer_keys(struct choices *c, struct session *s)
{
	struct list_query q = {
	    .range = {.prefix = c->word, .prefixlen = c->wordlen},
	    .limit = COMPLETE_MAX,
	};
	struct answer a = {.status = ST_DONE};
	struct target *t;

	if (c->wordlen <= SKV_KEYMAX && session_target(s, &t) == ST_DONE &&
	    t->ops->list(t, &q, &a) == ST_DONE && a.body.data != NULL)
		offer_items(c, &a.body);
	answer_release(&a);
}

static void
offer_files(struct choices *c)
{
	char *pattern;
	glob_t g;
	size_t i;

	if (asprintf(&pattern, "%s*", c->word) == -1)
		return;
	if (glob(pattern, GLOB_MARK, NULL, &g) == 0) {
		for (i = 0; i < g.gl_pathc; i++)
			offer(c, g.gl_pathv[i], strlen(g.gl_pathv[i]));
		globfree(&g);
	}
	free(pattern);
}

/* Bytes that all candidates have in common. */
static size_t
common(const struct choices *c)
{
	size_t i, len = strlen(c->choice[0]);

	for (i = 1; i < c->n; i++)
		while (strncmp(c->choice[0], c->choice[i], len) != 0)
			len--;
	return (len);
}

/* As the shell's own reading of a line takes it. */
static void
quote(struct buf *b, const char *p, size_t len)
{
	for (; len > 0; p++, len--) {
		if (strchr(" \t\\'\"#", *p) != NULL)
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, *p);
	}
}

static void
show(const struct choices *c)
{
	size_t i, width = 0, column = 0;

	for (i = 0; i < c->n; i++)
		if (strlen(c->choice[i]) > width)
			width = strlen(c->choice[i]);
	out_printf("\n");
	for (i = 0; i < c->n; i++) {
		struct buf b = {0};

		escape(&b, c->choice[i], strlen(c->choice[i]));
		out_write(b.data, b.len);
		column += width + 2;
		if (column + width >= 79 || i == c->n - 1) {
			out_printf("\n");
			column = 0;
		} else
			out_printf("%*s",
			    (int)(width + 2 - strlen(c->choice[i])), "");
		buf_release(&b);
	}
	if (c->n == COMPLETE_MAX)
		out_printf("(and more)\n");
	(void)out_flush();
}

/* Puts what is certain in place of the word, which has "typed" bytes. */
static unsigned char
insert(EditLine *el, struct choices *c, size_t typed)
{
	size_t len = common(c);
	struct buf b = {0};
	unsigned char ret = CC_REFRESH;

	if (c->n > 1 && len == c->wordlen) {
		show(c);
		return (CC_REDISPLAY);
	}
	quote(&b, c->choice[0], len);
	/* A group of keys, or a directory, is to be gone on with. */
	if (c->n == 1 && c->choice[0][len - 1] != '/')
		(void)buf_addc(&b, ' ');
	(void)buf_addc(&b, '\0');
	if (buf_failed(&b))
		ret = CC_ERROR;
	else {
		el_deletestr(el, (int)typed);
		if (el_insertstr(el, b.data) == -1)
			ret = CC_ERROR;
	}
	buf_release(&b);
	return (ret);
}

/* Where the last word begins, and the word without its quoting. */
static size_t
last_word(const char *line, size_t len, struct buf *ret_word)
{
	size_t i, begin = 0;
	char open = '\0';

	for (i = 0; i < len; i++) {
		if (open == '\0' && (line[i] == ' ' || line[i] == '\t')) {
			begin = i + 1;
			buf_reset(ret_word);
		} else if (open != '\'' && line[i] == '\\' && i + 1 < len)
			(void)buf_addc(ret_word, line[++i]);
		else if (open == '\0' && (line[i] == '\'' || line[i] == '"'))
			open = line[i];
		else if (line[i] == open)
			open = '\0';
		else
			(void)buf_addc(ret_word, line[i]);
	}
	return (begin);
}

static void
find_choices(struct choices *c, struct session *s, const char *line,
    size_t begin)
{
	char first[32];
	const struct command *cmd;
	size_t skip = strspn(line, " \t"), len = strcspn(line + skip, " \t");

	if (begin <= skip) {
		offer_commands(c);
		return;
	}
	if (len >= sizeof(first))
		return;
	memcpy(first, line + skip, len);
	first[len] = '\0';
	cmd = command_find(first);
	if (cmd == NULL)
		return;
	if (cmd == &cmd_help)
		offer_commands(c);
	else if (strncmp(c->word, "--", 2) == 0) {
		offer_options(c, cmd->options);
		offer_options(c, global_options);
	} else if (cmd->flags & COMMAND_KEYS)
		offer_keys(c, s);
	else if (cmd->flags & COMMAND_FILES)
		offer_files(c);
}

unsigned char
complete(EditLine *el, struct session *s)
{
	const LineInfo *li = el_line(el);
	size_t len = (size_t)(li->cursor - li->buffer), begin, i;
	struct choices c = {.n = 0};
	struct buf word = {0};
	char *line = strndup(li->buffer, len);
	unsigned char ret = CC_ERROR;

	if (line == NULL)
		return (ret);
	begin = last_word(line, len, &word);
	(void)buf_addc(&word, '\0');
	if (!buf_failed(&word)) {
		c.word = word.data;
		c.wordlen = word.len - 1;
		find_choices(&c, s, line, begin);
	}
	if (c.n > 0)
		ret = insert(el, &c, len - begin);
	for (i = 0; i < c.n; i++)
		free(c.choice[i]);
	buf_release(&word);
	free(line);
	return (ret);
}
