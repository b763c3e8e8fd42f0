/* JSON that is read only where a scorer looks. What comes from the host is well-formed; nothing here checks that. */

#include "karat.h"

#include <stdlib.h>
#include <string.h>

static const karat_text NOTHING = {0};

static const char *space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* Behind the string that begins at `at`. */
static const char *behind_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') at++;
    }
    return at < end ? at + 1 : end;
}

/* Behind the value that begins at `at`. */
static const char *behind_value(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = behind_string(at, end);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0) return at;
            depth--;
            at++;
        } else if (depth == 0 && (*at == ',' || *at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
            return at;
        } else {
            at++;
            continue;
        }
        if (depth == 0) return at;
    }
    return end;
}

static karat_text between(const char *from, const char *to) {
    return (karat_text){from, (size_t)(to - from)};
}

static karat_text item(karat_text list, size_t index) {
    const char *end = list.data + list.size, *at = space(list.data, end);
    if (at == end || *at != '[') return NOTHING;
    at = space(at + 1, end);
    for (size_t number = 0; at < end && *at != ']'; number++) {
        const char *behind = behind_value(at, end);
        if (number == index) return between(at, behind);
        at = space(behind, end);
        if (at < end && *at == ',') at = space(at + 1, end);
    }
    return NOTHING;
}

static karat_text member(karat_text object, karat_text name) {
    const char *end = object.data + object.size, *at = space(object.data, end);
    if (at == end || *at != '{') return NOTHING;
    at = space(at + 1, end);
    while (at < end && *at == '"') {
        const char *key_end = behind_string(at, end);
        bool is_it = karat_equal(karat_json_string(between(at, key_end)), name);
        at = space(space(key_end, end) + 1, end);
        const char *behind = behind_value(at, end);
        if (is_it) return between(at, behind);
        at = space(behind, end);
        if (at < end && *at == ',') at = space(at + 1, end);
    }
    return NOTHING;
}

karat_text karat_json_get(karat_text json, const char *path) {
    while (json.data != NULL && *path != '\0') {
        if (*path == '[') {
            char *behind;
            json = item(json, strtoul(path + 1, &behind, 10));
            path = *behind == ']' ? behind + 1 : behind;
        } else {
            size_t length = strcspn(path, ".[");
            json = member(json, between(path, path + length));
            path += length;
        }
        if (*path == '.') path++;
    }
    return karat_equal(json, karat_string("null")) ? NOTHING : json;
}

static unsigned hexadecimal(const char *digits) {
    char four[5] = {digits[0], digits[1], digits[2], digits[3], 0};
    return (unsigned)strtoul(four, NULL, 16);
}

static char *utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

karat_text karat_json_string(karat_text json) {
    if (json.size < 2 || json.data[0] != '"') return json;
    karat_text inside = {json.data + 1, json.size - 2};
    if (memchr(inside.data, '\\', inside.size) == NULL) return inside;
    char *text = malloc(inside.size), *to = text;
    for (const char *at = inside.data, *end = at + inside.size; at < end; at++) {
        if (*at != '\\') {
            *to++ = *at;
            continue;
        }
        static const char FROM[] = "bfnrt", INTO[] = "\b\f\n\r\t";
        const char *found = strchr(FROM, *++at);
        if (*at == 'u') {
            unsigned code = hexadecimal(at + 1);
            at += 4;
            if (code >= 0xD800 && code < 0xDC00 && end - at > 6 && at[1] == '\\' && at[2] == 'u') {
                code = 0x10000 + ((code - 0xD800) << 10) + (hexadecimal(at + 3) - 0xDC00);
                at += 6;
            } else if (code >= 0xD800 && code < 0xE000) {
                code = 0xFFFD;
            }
            to = utf8(to, code);
        } else {
            *to++ = found ? INTO[found - FROM] : *at;
        }
    }
    return between(text, to);
}

bool karat_json_number(karat_text json, double *number) {
    if (json.size == 0 || !(*json.data == '-' || (*json.data >= '0' && *json.data <= '9'))) return false;
    char *text = strndup(json.data, json.size);
    *number = strtod(text, NULL);
    free(text);
    return true;
}

bool karat_json_is_true(karat_text json) {
    return karat_equal(json, karat_string("true"));
}
