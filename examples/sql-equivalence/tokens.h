/* SQL as tokens: what is left of a statement without spaces, comments, and the case of what is not quoted. */
#ifndef TOKENS_H
#define TOKENS_H

#include "karat.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Behind something that does not end. */
#define NOWHERE SIZE_MAX

/* `text` is in lower case where that changes nothing; `start` is where it stood. */
typedef struct {
    karat_text text;
    size_t start;
} token;

typedef struct {
    token *list;
    size_t count;
    /* What begins but does not end, and where; NULL where all does. */
    const char *open;
    size_t open_at;
} tokens;

/* Operators of several characters, longer ones first: `< =` is not `<=`. */
static const char *const OPERATORS[] = {"->>", "<=>", "!~*", "<>", "!=", "<=", ">=", "==", "||", "::", "->",
                                        ":=",  "<<",  ">>",  "@>", "<@", "&&", "!~", "~*", "=>"};

static bool is_word(char c) {
    /* Bytes over 127 are part of letters of other alphabets; their case is left alone. */
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c > 127;
}

static bool begins_with(karat_text text, size_t at, const char *what) {
    size_t size = strlen(what);
    return text.size - at >= size && memcmp(text.data + at, what, size) == 0;
}

/* Behind the text in quotes that begins at `at`. A doubled quote stands for itself. */
static size_t behind_quoted(karat_text text, size_t at, bool backslashes) {
    char quote = text.data[at];
    for (at++; at < text.size; at++) {
        if (backslashes && text.data[at] == '\\') {
            at++;
        } else if (text.data[at] == quote) {
            if (at + 1 == text.size || text.data[at + 1] != quote) return at + 1;
            at++;
        }
    }
    return NOWHERE;
}

/* Behind brackets, which are quotes around a name in some databases and hold indexes and lists in others: what is in
   them is left as it is. */
static size_t behind_brackets(karat_text text, size_t at) {
    size_t depth = 0;
    while (at < text.size) {
        char c = text.data[at];
        if (c == '\'' || c == '"') {
            at = behind_quoted(text, at, false);
            if (at == NOWHERE) return NOWHERE;
            continue;
        }
        depth += c == '[';
        depth -= c == ']';
        at++;
        if (depth == 0) return at;
    }
    return NOWHERE;
}

/* Behind a text between two of the same `$tag$`; `at` itself where none begins here. */
static size_t behind_dollars(karat_text text, size_t at) {
    size_t tag = at + 1;
    while (tag < text.size && is_word(text.data[tag])) tag++;
    bool is_tag = tag < text.size && text.data[tag] == '$' && !isdigit((unsigned char)text.data[at + 1]);
    if (!is_tag) return at;
    size_t size = tag + 1 - at;
    for (size_t end = tag + 1; end + size <= text.size; end++) {
        if (memcmp(text.data + end, text.data + at, size) == 0) return end + size;
    }
    return NOWHERE;
}

/* Behind the spaces and comments that begin at `at`. */
static size_t behind_space(karat_text text, size_t at) {
    while (at < text.size) {
        if (isspace((unsigned char)text.data[at])) {
            at++;
        } else if (begins_with(text, at, "--")) {
            while (at < text.size && text.data[at] != '\n') at++;
        } else if (begins_with(text, at, "/*")) {
            size_t end = at + 2;
            while (end < text.size && !begins_with(text, end, "*/")) end++;
            if (end >= text.size) return NOWHERE;
            at = end + 2;
        } else {
            break;
        }
    }
    return at;
}

/* Behind the token that begins at `at`. Says whether its case matters. */
static size_t behind_token(karat_text text, size_t at, bool *exact) {
    char c = text.data[at];
    *exact = true;
    if (c == '\'' || c == '"' || c == '`') return behind_quoted(text, at, false);
    if (c == '[') return behind_brackets(text, at);
    if (c == '$') {
        size_t end = behind_dollars(text, at);
        if (end != at) return end;
    }
    *exact = false;
    if (is_word(c) || c == '$' || c == '@' || c == '#') {
        size_t end = at + 1;
        bool is_number = isdigit((unsigned char)c);
        while (end < text.size && (is_word(text.data[end]) || (is_number && text.data[end] == '.'))) end++;
        /* A prefix belongs to its text, as in E'it\'s' or x'1F'. */
        if (end < text.size && text.data[end] == '\'' && end - at <= 2) {
            *exact = true;
            return behind_quoted(text, end, tolower((unsigned char)c) == 'e');
        }
        return end;
    }
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
        if (begins_with(text, at, OPERATORS[i])) return at + strlen(OPERATORS[i]);
    }
    return at + 1;
}

static karat_text lower(karat_text text) {
    char *made = malloc(text.size + 1);
    for (size_t i = 0; i < text.size; i++) {
        made[i] = (unsigned char)text.data[i] > 127 ? text.data[i] : (char)tolower((unsigned char)text.data[i]);
    }
    return (karat_text){made, text.size};
}

static tokens tokenize(karat_text text) {
    /* No token is shorter than a byte. */
    tokens made = {.list = malloc((text.size + 1) * sizeof(token))};
    size_t at = 0;
    while (true) {
        size_t start = behind_space(text, at);
        if (start == NOWHERE) {
            made.open = "comment";
            made.open_at = at;
            return made;
        }
        if (start >= text.size) return made;
        bool exact;
        at = behind_token(text, start, &exact);
        if (at == NOWHERE) {
            made.open = "quote";
            made.open_at = start;
            return made;
        }
        karat_text word = {text.data + start, at - start};
        made.list[made.count++] = (token){exact ? word : lower(word), start};
    }
}

#endif
