#include "karat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static karat_text parameter(karat_text parameters, const char *name) {
    return karat_json_string(karat_json_get(parameters, name));
}

static bool is(karat_text text, const char *other) {
    return karat_equal(text, karat_string(other));
}

static karat_outcome verdict(const karat_row *row, karat_text parameters) {
    (void)row;
    static const bool BOOLEANS[] = {true, false};
    static const double NUMBERS[] = {1.5, -2};
    static const karat_text TEXTS[] = {{"a", 1}, {"", 0}};
    karat_text kind = parameter(parameters, "kind");
    if (is(kind, "boolean")) return karat_because(karat_boolean(true), karat_string("so it is"));
    if (is(kind, "number")) return karat_number(0.1);
    if (is(kind, "whole")) return karat_number(-3);
    if (is(kind, "text")) return karat_text_verdict(karat_string("ü 😀 \"quoted\"\n"));
    if (is(kind, "booleans")) return karat_booleans(BOOLEANS, 2);
    if (is(kind, "numbers")) return karat_numbers(NUMBERS, 2);
    if (is(kind, "texts")) return karat_texts(TEXTS, 2);
    if (is(kind, "nan")) return karat_number(NAN);
    karat_outcome words = karat_with(karat_boolean(true), "words", karat_number(3));
    return karat_with(words, "tone", karat_text_verdict(karat_string("kind")));
}

static karat_outcome abstains(const karat_row *row, karat_text parameters) {
    (void)row, (void)parameters;
    return karat_abstain(karat_string("cannot tell"));
}

static karat_outcome fails(const karat_row *row, karat_text parameters) {
    (void)row;
    static const char *const CODES[] = {"bad-input", "bad-parameter", "denied", "budget-exceeded", "rate-limited",
                                        "timed-out", "cancelled", "too-large", "unavailable", "unsupported", "internal",
                                        "other"};
    karat_text code = parameter(parameters, "code");
    int number = 0;
    while (!is(code, CODES[number])) number++;
    return karat_fail((karat_code)number, karat_format("because %.*s", KARAT_SHOW(code)));
}

static karat_outcome raises(const karat_row *row, karat_text parameters) {
    (void)row, (void)parameters;
    karat_log(KARAT_ERROR, karat_string("broken on purpose"));
    return karat_fail(KARAT_OTHER, karat_string("broken on purpose"));
}

static karat_outcome sees(const karat_row *row, karat_text parameters) {
    (void)parameters;
    karat_text expected = karat_json_get(row->expectations, "expected_response");
    if (!expected.data) return karat_fail(KARAT_BAD_INPUT, karat_string("the row has no `expected_response`"));
    karat_text parts[] = {row->id, karat_json_string(karat_json_get(row->inputs, "question")),
                          karat_json_string(row->outputs), karat_json_string(expected), row->tags[0].value,
                          row->session, karat_format("%u", row->trial)};
    char *all = malloc(1 << 16), *to = all;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (i > 0) *to++ = '|';
        memcpy(to, parts[i].data, parts[i].size);
        to += parts[i].size;
    }
    return karat_text_verdict((karat_text){all, (size_t)(to - all)});
}

static karat_outcome size(const karat_row *row, karat_text parameters) {
    (void)parameters;
    return karat_number((double)karat_json_string(row->outputs).size);
}

static karat_text shown(karat_kept kept) {
    return kept.value.data ? kept.value : karat_string("none");
}

static karat_outcome keeps(const karat_row *row, karat_text parameters) {
    (void)row, (void)parameters;
    karat_bucket notes = karat_kv_open("notes");
    karat_text n = karat_string("n");
    karat_text before = shown(karat_kv_get(notes, n));
    karat_kv_set(notes, n, karat_string("1"));
    karat_text set = shown(karat_kv_get(notes, n));
    bool wrong = karat_kv_compare_and_set(notes, n, karat_string("0"), karat_string("2")).is_set;
    bool right = karat_kv_compare_and_set(notes, n, karat_string("1"), karat_string("2")).is_set;
    karat_text swapped = shown(karat_kv_get(notes, n));
    karat_kv_delete(notes, n);
    karat_text after = shown(karat_kv_get(notes, n));
    return karat_text_verdict(karat_format("%.*s|%.*s|%s|%s|%.*s|%.*s", KARAT_SHOW(before), KARAT_SHOW(set),
                                           wrong ? "true" : "false", right ? "true" : "false", KARAT_SHOW(swapped),
                                           KARAT_SHOW(after)));
}

static const char *code_of(karat_refusal refusal) {
    return refusal.failed ? refusal.code == KARAT_DENIED ? "denied" : "refused" : "answered";
}

static karat_outcome fetches(const karat_row *row, karat_text parameters) {
    (void)row;
    karat_response answer = karat_http_send("GET", parameter(parameters, "url"), NULL, 0, karat_string(""));
    if (answer.refusal.failed) return karat_text_verdict(karat_string(code_of(answer.refusal)));
    return karat_text_verdict(karat_format("%u %.*s", answer.status, KARAT_SHOW(answer.body)));
}

static karat_text said(karat_reply reply) {
    return reply.refusal.failed ? karat_string(code_of(reply.refusal)) : reply.text;
}

static karat_outcome asks(const karat_row *row, karat_text parameters) {
    (void)row;
    karat_text role = parameter(parameters, "role");
    char name[32] = {0};
    memcpy(name, role.data, role.size < sizeof name ? role.size : sizeof name - 1);
    karat_question one = {.role = name, .prompt = karat_string("well?")};
    karat_question questions[] = {{.role = name, .prompt = karat_string("a")},
                                  {.role = name, .prompt = karat_string("b")},
                                  {.role = name, .prompt = karat_string("c")}};
    karat_reply replies[4] = {karat_judge_ask(one)};
    karat_judge_ask_many(questions, 3, replies + 1);
    return karat_text_verdict(karat_format("%.*s|%.*s|%.*s|%.*s", KARAT_SHOW(said(replies[0])), KARAT_SHOW(said(replies[1])),
                                           KARAT_SHOW(said(replies[2])), KARAT_SHOW(said(replies[3]))));
}

static karat_outcome traces(const karat_row *row, karat_text parameters) {
    (void)row, (void)parameters;
    const karat_span *spans;
    size_t count = karat_spans(&spans);
    return karat_text_verdict(spans ? karat_format("%zu", count) : karat_string("none"));
}

static karat_text attribute(const karat_span *span, karat_text key) {
    for (size_t i = 0; i < span->attribute_count; i++) {
        if (karat_equal(span->attributes[i].name, key)) return karat_json_string(span->attributes[i].value);
    }
    return (karat_text){0};
}

static karat_outcome spans(const karat_row *row, karat_text parameters) {
    (void)row;
    const karat_span *spans;
    size_t count = karat_spans(&spans);
    karat_text key = parameter(parameters, "key");
    char *all = malloc(count * 256), *to = all;
    for (size_t i = 0; i < count; i++) {
        karat_text text = attribute(&spans[i], key);
        karat_text end = spans[i].end ? karat_format("%llu", (unsigned long long)spans[i].end) : karat_string("?");
        karat_text one = karat_format("%s%.*s@%llu-%.*s%s%.*s%s%.*s", i ? "|" : "", KARAT_SHOW(spans[i].name),
                                      (unsigned long long)spans[i].start, KARAT_SHOW(end), text.data ? "=" : "",
                                      KARAT_SHOW(text), spans[i].is_error ? "!" : "", KARAT_SHOW(spans[i].error));
        memcpy(to, one.data, one.size);
        to += one.size;
    }
    return karat_text_verdict((karat_text){all, (size_t)(to - all)});
}

#define NEEDING(name) "{\"type\": \"object\", \"properties\": {\"" name "\": {\"type\": \"string\"}}}"

KARAT_SCORERS(
    {.name = "verdict", .summary = "a verdict", .value = KARAT_ANY, .parameters = NEEDING("kind"), .score = verdict},
    {.name = "abstains", .summary = "none", .value = KARAT_BOOLEAN, .score = abstains},
    {.name = "fails", .summary = "fails", .value = KARAT_BOOLEAN, .parameters = NEEDING("code"), .score = fails},
    {.name = "raises", .summary = "raises", .value = KARAT_BOOLEAN, .score = raises},
    {.name = "sees", .summary = "the row", .value = KARAT_TEXT, .score = sees},
    {.name = "size", .summary = "bytes", .value = KARAT_NUMBER, .score = size},
    {.name = "keeps", .summary = "values", .value = KARAT_TEXT, .determinism = KARAT_VOLATILE, .score = keeps},
    {.name = "fetches", .summary = "HTTP", .value = KARAT_TEXT, .parameters = NEEDING("url"),
     .determinism = KARAT_VOLATILE, .score = fetches},
    {.name = "asks", .summary = "the judge", .value = KARAT_TEXT, .parameters = NEEDING("role"),
     .determinism = KARAT_JUDGED, .score = asks},
    {.name = "traces", .summary = "spans", .value = KARAT_TEXT, .score = traces},
    {.name = "spans", .summary = "all of them", .value = KARAT_TEXT, .parameters = NEEDING("key"), .score = spans})
