#include "karat.h"
#include "simplify.h"
#include "tokens.h"

/* What stands in a Markdown fence, as models like to answer; the text itself where there is none. */
static karat_text unfenced(karat_text text) {
    while (text.size > 0 && isspace((unsigned char)*text.data)) text.data++, text.size--;
    if (!begins_with(text, 0, "```")) return text;
    const char *line = memchr(text.data, '\n', text.size);
    if (line == NULL) return text;
    size_t start = (size_t)(line + 1 - text.data), end = start;
    while (end < text.size && !begins_with(text, end, "```")) end++;
    return (karat_text){text.data + start, end - start};
}

/* Where the first difference is, for a person; nothing where there is none. */
static karat_text difference(const tokens *came, const tokens *expected) {
    karat_text none = {0};
    for (size_t at = 0; at < came->count || at < expected->count; at++) {
        karat_text wanted = at < expected->count ? expected->list[at].text : none;
        if (at == came->count) return karat_format("it ends where `%.*s` was expected", KARAT_SHOW(wanted));
        token here = came->list[at];
        if (at == expected->count) return karat_format("`%.*s` at %zu is too much", KARAT_SHOW(here.text), here.start);
        if (!karat_equal(here.text, wanted)) {
            return karat_format("`%.*s` at %zu where `%.*s` was expected", KARAT_SHOW(here.text), here.start,
                                KARAT_SHOW(wanted));
        }
    }
    return none;
}

/* The statement that is expected, by its number; NULL behind the last. There may be one, or a list of them. */
static karat_text expected_one(karat_text expected, size_t number) {
    if (*expected.data == '[') return karat_json_get(expected, karat_format("[%zu]", number).data);
    return number == 0 ? expected : (karat_text){0};
}

static karat_outcome score(const karat_row *row, karat_text parameters) {
    (void)parameters;
    karat_text expected = karat_json_get(row->expectations, "expected_response");
    if (expected.data == NULL) {
        return karat_fail(KARAT_BAD_INPUT, karat_string("the row has no `expectations.expected_response`"));
    }
    tokens came = tokenize(unfenced(karat_json_string(row->outputs)));
    if (came.open != NULL) {
        karat_text why = karat_format("the %s at %zu is never closed", came.open, came.open_at);
        return karat_because(karat_boolean(false), why);
    }
    simplify(&came);
    if (came.count == 0) return karat_abstain(karat_string("nothing was answered"));

    karat_text first = {0}, one;
    for (size_t number = 0; (one = expected_one(expected, number)).data != NULL; number++) {
        tokens right = tokenize(karat_json_string(one));
        if (right.open != NULL || right.count == 0) {
            return karat_fail(KARAT_BAD_INPUT, karat_format("`expected_response` %zu is no statement", number + 1));
        }
        simplify(&right);
        karat_text differs = difference(&came, &right);
        if (differs.data == NULL) return karat_boolean(true);
        if (number == 0) first = differs;
    }
    return karat_because(karat_boolean(false), first);
}

KARAT_SCORERS({
    .name = "sql_equivalent",
    .summary = "whether the answer is the expected SQL statement, however it is laid out",
    .value = KARAT_BOOLEAN,
    .better = KARAT_HIGHER,
    .score = score,
})
