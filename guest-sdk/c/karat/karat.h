/* Write scorers for Karat in C.
 *
 *     static karat_outcome concise(const karat_row *row, karat_text parameters) {
 *         karat_text answer = karat_json_string(row->outputs);
 *         return karat_because(karat_boolean(answer.size <= 280), karat_format("%zu bytes", answer.size));
 *     }
 *
 *     KARAT_SCORERS({.name = "concise", .summary = "whether the answer is short", .value = KARAT_BOOLEAN,
 *                    .better = KARAT_HIGHER, .score = concise})
 *
 * A plugin is one source file beside the folder `karat`. Memory that these functions return lives as long as the
 * instance, which by default is one call; nothing has to be freed.
 */
#ifndef KARAT_H
#define KARAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 that does not end with a zero byte. `data` is NULL where there is nothing. */
typedef struct {
    const char *data;
    size_t size;
} karat_text;

/* A text literal, or any string that ends with a zero byte. */
karat_text karat_string(const char *string);
/* As printf. For a text in it: `"%.*s", KARAT_SHOW(text)`. */
karat_text karat_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define KARAT_SHOW(text) (int)(text).size, (text).data
bool karat_equal(karat_text one, karat_text other);

/* --- rows ------------------------------------------------------------------------------------------------------- */

typedef struct {
    karat_text name;
    karat_text value;
} karat_pair;

/* One case of a dataset, with what the application answered. Its parts are JSON. */
typedef struct {
    karat_text id;
    karat_text inputs;
    /* NULL where the application was not run. */
    karat_text outputs;
    /* Another answer to the same inputs, for scorers that compare two. */
    karat_text candidate;
    karat_text expectations;
    karat_text session;
    const karat_pair *tags;
    size_t tag_count;
    /* Which repetition of the row this is, from 0. */
    uint32_t trial;
    /* For anything random. */
    uint64_t seed;
} karat_row;

/* The value at a path such as `expected_facts[0].text`; NULL where there is none, or null. */
karat_text karat_json_get(karat_text json, const char *path);
/* What a JSON string says, and the JSON of anything else. */
karat_text karat_json_string(karat_text json);
/* Whether it is a number; leaves it in `number`. */
bool karat_json_number(karat_text json, double *number);
/* Whether it is `true`. */
bool karat_json_is_true(karat_text json);

/* --- verdicts --------------------------------------------------------------------------------------------------- */

typedef enum {
    KARAT_BOOLEAN,
    KARAT_NUMBER,
    KARAT_LABEL,
    KARAT_TEXT,
    KARAT_BOOLEANS,
    KARAT_NUMBERS,
    KARAT_TEXTS,
    KARAT_ANY
} karat_kind;

typedef enum {
    KARAT_BAD_INPUT,
    KARAT_BAD_PARAMETER,
    KARAT_DENIED,
    KARAT_BUDGET_EXCEEDED,
    KARAT_RATE_LIMITED,
    KARAT_TIMED_OUT,
    KARAT_CANCELLED,
    KARAT_TOO_LARGE,
    KARAT_UNAVAILABLE,
    KARAT_UNSUPPORTED,
    KARAT_INTERNAL,
    KARAT_OTHER
} karat_code;

/* Verdicts that one call can give. */
#define KARAT_MOST_PARTS 16

typedef struct {
    karat_text name;
    karat_kind kind;
    bool boolean;
    double number;
    karat_text text;
    const void *list;
    size_t count;
    karat_text rationale;
} karat_feedback;

/* What came of looking at a row; made by the functions below. */
typedef struct {
    enum { KARAT_SCORED, KARAT_ABSTAINED, KARAT_FAILED } came;
    karat_feedback parts[KARAT_MOST_PARTS];
    size_t count;
    karat_code code;
    karat_text message;
} karat_outcome;

karat_outcome karat_boolean(bool value);
karat_outcome karat_number(double value);
/* A text, or one of the scorer's labels. */
karat_outcome karat_text_verdict(karat_text value);
karat_outcome karat_booleans(const bool *values, size_t count);
karat_outcome karat_numbers(const double *values, size_t count);
karat_outcome karat_texts(const karat_text *values, size_t count);
/* Gives the last verdict its reason, for a person. */
karat_outcome karat_because(karat_outcome outcome, karat_text rationale);
/* Adds the verdict of `part` under a name of its own: results have it as `SCORER/NAME`. */
karat_outcome karat_with(karat_outcome outcome, const char *name, karat_outcome part);
/* The scorer could not decide. It counts neither for nor against the application. */
karat_outcome karat_abstain(karat_text reason);
karat_outcome karat_fail(karat_code code, karat_text message);

/* --- the plugin ------------------------------------------------------------------------------------------------- */

typedef enum { KARAT_HIGHER, KARAT_LOWER, KARAT_NEUTRAL } karat_better;
typedef enum { KARAT_PURE, KARAT_JUDGED, KARAT_VOLATILE } karat_determinism;

typedef struct {
    /* `[a-z][a-z0-9_]*` */
    const char *name;
    /* One sentence. */
    const char *summary;
    /* JSON Schema of the parameters object; NULL for none. */
    const char *parameters;
    karat_kind value;
    /* Of a KARAT_LABEL, ended by NULL. */
    const char *const *labels;
    karat_better better;
    /* Whether it is called for rows without outputs, too. */
    bool without_outputs;
    karat_determinism determinism;
    karat_outcome (*score)(const karat_row *row, karat_text parameters);
} karat_scorer;

extern const karat_scorer karat_scorers[];
extern const size_t karat_scorer_count;

/* All scorers of the plugin. */
#define KARAT_SCORERS(...)                             \
    const karat_scorer karat_scorers[] = {__VA_ARGS__}; \
    const size_t karat_scorer_count = sizeof karat_scorers / sizeof *karat_scorers;

/* --- the host --------------------------------------------------------------------------------------------------- */

typedef enum { KARAT_TRACE, KARAT_DEBUG, KARAT_INFO, KARAT_WARN, KARAT_ERROR } karat_level;

/* A line for the plugin's author. */
void karat_log(karat_level level, karat_text message);

/* One step of the application. Times are nanoseconds since 1970; `end` is 0 where it did not. */
typedef struct {
    karat_text id, parent, name, error;
    uint64_t start, end;
    bool is_error;
    /* Values are JSON. */
    const karat_pair *attributes;
    size_t attribute_count;
} karat_span;

/* All spans of the row's trace, by start; returns how many. */
size_t karat_spans(const karat_span **spans);

/* What the host answered: `failed` with a code and a message, or not. */
typedef struct {
    bool failed;
    karat_code code;
    karat_text message;
} karat_refusal;

#ifdef KARAT_HTTP
typedef struct {
    karat_refusal refusal;
    uint16_t status;
    karat_text body;
    const karat_pair *headers;
    size_t header_count;
    bool truncated;
} karat_response;

/* Sends a request to a host that `plugin.toml` declares and the suite grants. */
karat_response karat_http_send(const char *method, karat_text url, const karat_pair *headers, size_t header_count,
                               karat_text body);
#endif

#ifdef KARAT_KV
typedef struct {
    karat_refusal refusal;
    int32_t handle;
} karat_bucket;

typedef struct {
    karat_refusal refusal;
    /* NULL where there is no such key. */
    karat_text value;
    /* Whether a value was set by karat_kv_compare_and_set. */
    bool is_set;
} karat_kept;

karat_bucket karat_kv_open(const char *name);
karat_kept karat_kv_get(karat_bucket bucket, karat_text key);
karat_kept karat_kv_set(karat_bucket bucket, karat_text key, karat_text value);
karat_kept karat_kv_delete(karat_bucket bucket, karat_text key);
/* Sets `value` only where it is `old` now; an `old` of NULL is a key that is not there. */
karat_kept karat_kv_compare_and_set(karat_bucket bucket, karat_text key, karat_text old, karat_text value);
#endif

#ifdef KARAT_JUDGE
typedef struct {
    /* NULL for `default`. */
    const char *role;
    karat_text system;
    karat_text prompt;
    /* JSON Schema of the reply; NULL for text. */
    karat_text schema;
    /* Tells repeated questions with one text apart. */
    uint32_t sample;
} karat_question;

typedef struct {
    karat_refusal refusal;
    karat_text text;
    uint64_t input_tokens, output_tokens;
} karat_reply;

karat_reply karat_judge_ask(karat_question question);
/* Asks several at once; fills `replies` in the order asked. */
void karat_judge_ask_many(const karat_question *questions, size_t count, karat_reply *replies);
#endif

#endif
