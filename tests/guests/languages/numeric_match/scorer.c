/* `numeric_match` as the built-in one, for what stands behind `A:`: C has no regular expressions here. */

#include "karat.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool digit(karat_text text, size_t at) {
    return at < text.size && isdigit((unsigned char)text.data[at]);
}

static bool has(karat_text text, size_t at, char character) {
    return at < text.size && text.data[at] == character;
}

/* The digits, points and commas behind the last `A:` that is followed by any, with a minus sign. */
static karat_text excerpt(karat_text text) {
    karat_text found = {0};
    for (size_t at = 0; at + 1 < text.size; at++) {
        if (text.data[at] != 'A' || text.data[at + 1] != ':') continue;
        size_t start = at + 2;
        while (start < text.size && isspace((unsigned char)text.data[start])) start++;
        size_t end = start + has(text, start, '-'), first = end;
        while (digit(text, end) || has(text, end, '.') || has(text, end, ',')) end++;
        if (end > first) found = (karat_text){text.data + start, end - start};
    }
    return found;
}

static size_t digits(karat_text text, size_t at) {
    size_t count = 0;
    while (digit(text, at + count)) count++;
    return count;
}

/* Behind the number that begins at `at`. */
static size_t behind(karat_text text, size_t at) {
    size_t count = digits(text, at);
    at += count;
    for (size_t ahead = at; count <= 3 && has(text, ahead, ',');) {
        size_t group = digits(text, ahead + 1);
        if (group != 2 && group != 3) break;
        ahead += group + 1;
        if (group == 3) at = ahead;
    }
    if (has(text, at, '.') && digit(text, at + 1)) at += 1 + digits(text, at + 1);
    return at;
}

static bool last_number(karat_text whole, double *number) {
    karat_text text = excerpt(whole);
    size_t start = 0, end = 0;
    for (size_t at = 0; at < text.size;) {
        if (!digit(text, at)) {
            at++;
            continue;
        }
        start = at;
        end = at = behind(text, at);
    }
    if (end == 0) return false;
    if (start > 0 && has(text, start - 1, '.') && !(start > 1 && digit(text, start - 2))) start--;
    char plain[512], *to = plain;
    for (size_t at = start; at < end && to < plain + sizeof plain - 1; at++) {
        if (text.data[at] != ',') *to++ = text.data[at];
    }
    *to = '\0';
    bool is_negative = start > 0 && text.data[start - 1] == '-';
    *number = is_negative ? -strtod(plain, NULL) : strtod(plain, NULL);
    return true;
}

/* The shortest digits that are this number. */
static karat_text shown(double number) {
    karat_text text = {0};
    for (int precision = 1; precision <= 17; precision++) {
        text = karat_format("%.*g", precision, number);
        if (strtod(text.data, NULL) == number) break;
    }
    return memchr(text.data, 'e', text.size) ? karat_format("%.0f", number) : text;
}

static karat_outcome score(const karat_row *row, karat_text parameters) {
    (void)parameters;
    double found, expected;
    karat_text response = karat_json_get(row->expectations, "expected_response");
    if (!last_number(karat_json_string(response), &expected)) {
        return karat_fail(KARAT_BAD_INPUT,
                          karat_string("`expectations.expected_response` has no number where `pattern` matches"));
    }
    if (!last_number(karat_json_string(row->outputs), &found)) {
        return karat_because(karat_boolean(false), karat_string("no number in the outputs where `pattern` matches"));
    }
    if (found == expected) return karat_boolean(true);
    karat_text one = shown(found), other = shown(expected);
    return karat_because(karat_boolean(false), karat_format("%.*s is not %.*s", KARAT_SHOW(one), KARAT_SHOW(other)));
}

KARAT_SCORERS({
    .name = "numeric_match",
    .summary = "whether the last number in the outputs equals the last one in the expected response",
    .parameters = "{\"type\": \"object\", \"properties\": {\"pattern\": {\"type\": \"string\"}}}",
    .value = KARAT_BOOLEAN,
    .score = score,
})
