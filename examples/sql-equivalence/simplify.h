/* Tokens without what can be left out of a statement whatever stands around it. Every rule here keeps the meaning:
   where there is a doubt, tokens stay. */
#ifndef SIMPLIFY_H
#define SIMPLIFY_H

#include "tokens.h"

static bool is(const tokens *of, size_t at, const char *word) {
    return at < of->count && karat_equal(of->list[at].text, karat_string(word));
}

static bool is_one_of(const tokens *of, size_t at, const char *const *words) {
    for (; *words != NULL; words++) {
        if (is(of, at, *words)) return true;
    }
    return false;
}

/* Takes away the tokens of which `dropped` is true. */
static void drop(tokens *of, const bool *dropped) {
    size_t kept = 0;
    for (size_t at = 0; at < of->count; at++) {
        if (!dropped[at]) of->list[kept++] = of->list[at];
    }
    of->count = kept;
}

/* Words that say what is so anyway, and two ways to write one operator. */
static void drop_defaults(tokens *of) {
    static const char *const SIDES[] = {"left", "right", "full", NULL};
    bool *dropped = calloc(of->count + 1, sizeof(bool));
    for (size_t at = 0; at < of->count; at++) {
        if (is(of, at, "!=")) of->list[at].text = karat_string("<>");
        bool is_name = is(of, at + 1, ".") || (at > 0 && is(of, at - 1, "."));
        dropped[at] = (is(of, at, "asc") && !is_name) || (is(of, at, "inner") && is(of, at + 1, "join")) ||
                      (is(of, at, "outer") && is(of, at + 1, "join") && at > 0 && is_one_of(of, at - 1, SIDES));
    }
    drop(of, dropped);
    while (of->count > 0 && is(of, of->count - 1, ";")) of->count--;
}

/* What can stand behind a condition, and in no expression. */
static const char *const CLAUSES[] = {"where", "group",  "having", "order",     "limit",  "offset", "fetch",
                                      "union", "except", "for",    "returning", "window", "join",   "left",
                                      "right", "full",   "inner",  "cross",     "on",     "natural", "intersect",
                                      ";",     NULL};

/* The parenthesis that closes the one at `open`; NOWHERE where none does. */
static size_t closing(const tokens *of, size_t open) {
    size_t depth = 0;
    for (size_t at = open; at < of->count; at++) {
        depth += is(of, at, "(");
        if (is(of, at, ")") && --depth == 0) return at;
    }
    return NOWHERE;
}

/* Whether one expression stands between two parentheses: no list, which is a row, no query, which is a table, and
   nothing that stands in no parentheses of its own. */
static bool is_expression(const tokens *of, size_t open, size_t close) {
    static const char *const OTHERS[] = {"select", "with", "values", "table", "*", "distinct", "all", NULL};
    size_t first = open + 1;
    while (is(of, first, "(")) first++;
    if (close == open + 1 || is_one_of(of, first, OTHERS)) return false;
    size_t depth = 0;
    for (size_t at = open + 1; at < close; at++) {
        if (depth == 0 && (is(of, at, ",") || is_one_of(of, at, CLAUSES))) return false;
        depth += is(of, at, "(");
        depth -= is(of, at, ")");
    }
    return true;
}

/* Whether the parentheses are around the whole condition of a clause. */
static bool is_whole_condition(const tokens *of, size_t open, size_t close) {
    static const char *const BEFORE[] = {"where", "having", "on", NULL};
    bool is_end = close + 1 == of->count || is(of, close + 1, ")") || is_one_of(of, close + 1, CLAUSES);
    return open > 0 && is_one_of(of, open - 1, BEFORE) && is_end;
}

/* Takes away one pair of parentheses that changes nothing; says whether there was one. */
static bool drop_pair(tokens *of) {
    for (size_t open = 0; open < of->count; open++) {
        if (!is(of, open, "(")) continue;
        size_t close = closing(of, open);
        if (close == NOWHERE) return false;
        bool is_doubled = open > 0 && is(of, open - 1, "(") && is(of, close + 1, ")");
        if ((is_doubled || is_whole_condition(of, open, close)) && is_expression(of, open, close)) {
            bool *dropped = calloc(of->count, sizeof(bool));
            dropped[open] = dropped[close] = true;
            drop(of, dropped);
            return true;
        }
    }
    return false;
}

static void simplify(tokens *of) {
    drop_defaults(of);
    while (drop_pair(of)) continue;
}

#endif
