/* Between a plugin's scorers and the interface, which `karat plugin build` generates as `plugin.h`. */

#include "karat.h"
#include "plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef karat_eval_types_feedback_t item;

karat_text karat_string(const char *string) {
    return (karat_text){string, strlen(string)};
}

karat_text karat_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    return (karat_text){text, size < 0 ? 0 : (size_t)size};
}

bool karat_equal(karat_text one, karat_text other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

/* A copy of its own: what goes to the host is freed when it has read it. */
static plugin_string_t copied(karat_text text) {
    uint8_t *data = malloc(text.size ? text.size : 1);
    if (text.size) memcpy(data, text.data, text.size);
    return (plugin_string_t){data, text.size};
}

static plugin_option_string_t option(karat_text text) {
    return text.data ? (plugin_option_string_t){true, copied(text)} : (plugin_option_string_t){0};
}

static karat_text from(plugin_string_t text) {
    return (karat_text){(const char *)text.ptr, text.len};
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

static karat_outcome one(karat_feedback feedback) {
    karat_outcome outcome = {.came = KARAT_SCORED, .count = 1};
    outcome.parts[0] = feedback;
    return outcome;
}

karat_outcome karat_boolean(bool value) {
    return one((karat_feedback){.kind = KARAT_BOOLEAN, .boolean = value});
}

karat_outcome karat_number(double value) {
    return one((karat_feedback){.kind = KARAT_NUMBER, .number = value});
}

karat_outcome karat_text_verdict(karat_text value) {
    return one((karat_feedback){.kind = KARAT_TEXT, .text = value});
}

karat_outcome karat_booleans(const bool *values, size_t count) {
    return one((karat_feedback){.kind = KARAT_BOOLEANS, .list = values, .count = count});
}

karat_outcome karat_numbers(const double *values, size_t count) {
    return one((karat_feedback){.kind = KARAT_NUMBERS, .list = values, .count = count});
}

karat_outcome karat_texts(const karat_text *values, size_t count) {
    return one((karat_feedback){.kind = KARAT_TEXTS, .list = values, .count = count});
}

karat_outcome karat_because(karat_outcome outcome, karat_text rationale) {
    if (outcome.count > 0) outcome.parts[outcome.count - 1].rationale = rationale;
    return outcome;
}

karat_outcome karat_with(karat_outcome outcome, const char *name, karat_outcome part) {
    if (outcome.count == KARAT_MOST_PARTS || part.count == 0) {
        return karat_fail(KARAT_INTERNAL, karat_format("`%s` is one verdict too many, or none", name));
    }
    outcome.parts[outcome.count] = part.parts[0];
    outcome.parts[outcome.count++].name = karat_string(name);
    return outcome;
}

karat_outcome karat_abstain(karat_text reason) {
    return (karat_outcome){.came = KARAT_ABSTAINED, .message = reason};
}

karat_outcome karat_fail(karat_code code, karat_text message) {
    return (karat_outcome){.came = KARAT_FAILED, .code = code, .message = message};
}

static karat_eval_types_value_t value(const karat_feedback *feedback) {
    karat_eval_types_value_t value = {0};
    size_t count = feedback->count;
    switch (feedback->kind) {
    case KARAT_BOOLEAN:
        value.tag = KARAT_EVAL_TYPES_VALUE_BOOLEAN;
        value.val.boolean = feedback->boolean;
        break;
    case KARAT_NUMBER:
        value.tag = KARAT_EVAL_TYPES_VALUE_NUMBER;
        value.val.number = feedback->number;
        break;
    case KARAT_BOOLEANS:
        value.tag = KARAT_EVAL_TYPES_VALUE_BOOLEANS;
        value.val.booleans = (plugin_list_bool_t){malloc(count * sizeof(bool) + 1), count};
        if (count) memcpy(value.val.booleans.ptr, feedback->list, count * sizeof(bool));
        break;
    case KARAT_NUMBERS:
        value.tag = KARAT_EVAL_TYPES_VALUE_NUMBERS;
        value.val.numbers = (plugin_list_f64_t){malloc(count * sizeof(double) + 1), count};
        if (count) memcpy(value.val.numbers.ptr, feedback->list, count * sizeof(double));
        break;
    case KARAT_TEXTS:
        value.tag = KARAT_EVAL_TYPES_VALUE_TEXTS;
        value.val.texts = (plugin_list_string_t){malloc(count * sizeof(plugin_string_t) + 1), count};
        for (size_t i = 0; i < count; i++) value.val.texts.ptr[i] = copied(((const karat_text *)feedback->list)[i]);
        break;
    default:
        value.tag = KARAT_EVAL_TYPES_VALUE_TEXT;
        value.val.text = copied(feedback->text);
    }
    return value;
}

/* --- what the world asks for ------------------------------------------------------------------------------------ */

void exports_karat_eval_describe_describe(exports_karat_eval_describe_plugin_description_t *description) {
    typedef exports_karat_eval_describe_scorer_description_t described;
    described *all = calloc(karat_scorer_count ? karat_scorer_count : 1, sizeof(described));
    for (size_t i = 0; i < karat_scorer_count; i++) {
        const karat_scorer *scorer = &karat_scorers[i];
        size_t labels = 0;
        while (scorer->labels && scorer->labels[labels]) labels++;
        plugin_string_t *texts = malloc(labels * sizeof(plugin_string_t) + 1);
        for (size_t label = 0; label < labels; label++) texts[label] = copied(karat_string(scorer->labels[label]));
        const char *none = "{\"type\": \"object\", \"additionalProperties\": false}";
        all[i] = (described){
            .name = copied(karat_string(scorer->name)),
            .summary = copied(karat_string(scorer->summary)),
            .parameters = copied(karat_string(scorer->parameters ? scorer->parameters : none)),
            .value = (uint8_t)scorer->value,
            .labels = {texts, labels},
            .better = (uint8_t)scorer->better,
            .needs = scorer->without_outputs ? 0 : EXPORTS_KARAT_EVAL_DESCRIBE_NEEDS_OUTPUTS,
            .determinism = (uint8_t)scorer->determinism,
        };
    }
    *description = (exports_karat_eval_describe_plugin_description_t){
        .name = copied(karat_string(KARAT_PLUGIN_NAME)),
        .version = copied(karat_string(KARAT_PLUGIN_VERSION)),
        .scorers = {all, karat_scorer_count},
    };
}

static karat_row row_of(const karat_eval_types_row_t *row) {
    karat_pair *tags = malloc(row->tags.len * sizeof(karat_pair) + 1);
    for (size_t i = 0; i < row->tags.len; i++) {
        tags[i] = (karat_pair){from(row->tags.ptr[i].f0), from(row->tags.ptr[i].f1)};
    }
    karat_text nothing = {0};
    return (karat_row){
        .id = from(row->id),
        .inputs = from(row->inputs),
        .outputs = row->outputs.is_some ? from(row->outputs.val) : nothing,
        .candidate = row->candidate.is_some ? from(row->candidate.val) : nothing,
        .expectations = row->expectations.is_some ? from(row->expectations.val) : nothing,
        .session = row->session.is_some ? from(row->session.val) : nothing,
        .tags = tags,
        .tag_count = row->tags.len,
        .trial = row->trial,
        .seed = row->seed,
    };
}

bool exports_karat_eval_scorer_score(plugin_string_t *name, plugin_string_t *parameters, karat_eval_types_row_t *row,
                                     karat_eval_types_outcome_t *scored, karat_eval_types_failure_t *failure) {
    karat_outcome outcome = karat_fail(KARAT_BAD_PARAMETER, karat_string("this plugin has no such scorer"));
    for (size_t i = 0; i < karat_scorer_count; i++) {
        if (karat_equal(karat_string(karat_scorers[i].name), from(*name))) {
            karat_row seen = row_of(row);
            outcome = karat_scorers[i].score(&seen, from(*parameters));
        }
    }
    if (outcome.came == KARAT_FAILED) {
        *failure = (karat_eval_types_failure_t){(uint8_t)outcome.code, copied(outcome.message)};
        return false;
    }
    if (outcome.came == KARAT_ABSTAINED) {
        scored->tag = KARAT_EVAL_TYPES_OUTCOME_ABSTAINED;
        scored->val.abstained = copied(outcome.message);
        return true;
    }
    item *items = malloc(outcome.count * sizeof(item) + 1);
    for (size_t i = 0; i < outcome.count; i++) {
        const karat_feedback *part = &outcome.parts[i];
        items[i] = (item){option(part->name), value(part), option(part->rationale)};
    }
    scored->tag = KARAT_EVAL_TYPES_OUTCOME_SCORED;
    scored->val.scored.ptr = items;
    scored->val.scored.len = outcome.count;
    return true;
}

/* --- the host --------------------------------------------------------------------------------------------------- */

/* What is handed to the host stays ours: it is no copy. */
static plugin_string_t lent(karat_text text) {
    return (plugin_string_t){(uint8_t *)text.data, text.size};
}

void karat_log(karat_level level, karat_text message) {
    plugin_string_t line = lent(message);
    karat_eval_log_emit((uint8_t)level, &line);
}

static karat_pair *pairs(const karat_eval_types_attribute_t *attributes, size_t count) {
    karat_pair *pairs = malloc(count * sizeof(karat_pair) + 1);
    for (size_t i = 0; i < count; i++) pairs[i] = (karat_pair){from(attributes[i].key), from(attributes[i].value)};
    return pairs;
}

size_t karat_spans(const karat_span **spans) {
    karat_eval_traces_own_trace_t trace;
    *spans = NULL;
    if (!karat_eval_traces_of_row(0, &trace)) return 0;
    karat_eval_traces_borrow_trace_t borrowed = karat_eval_traces_borrow_trace(trace);
    karat_span *all = malloc(1);
    for (size_t count = 0;;) {
        karat_eval_traces_list_span_t page;
        karat_eval_traces_method_trace_spans(borrowed, NULL, (uint32_t)count, 256, &page);
        if (page.len == 0) {
            *spans = all;
            return count;
        }
        all = realloc(all, (count + page.len) * sizeof(karat_span));
        for (size_t i = 0; i < page.len; i++) {
            const karat_eval_traces_span_t *span = &page.ptr[i];
            bool is_error = span->status.tag == KARAT_EVAL_TRACES_STATUS_ERROR;
            karat_text nothing = {0};
            all[count++] = (karat_span){
                .id = from(span->id),
                .parent = span->parent.is_some ? from(span->parent.val) : nothing,
                .name = from(span->name),
                .error = is_error ? from(span->status.val.error) : nothing,
                .start = span->start,
                .end = span->end.is_some ? span->end.val : 0,
                .is_error = is_error,
                .attributes = pairs(span->attributes.ptr, span->attributes.len),
                .attribute_count = span->attributes.len,
            };
        }
    }
}

#if defined(KARAT_HTTP) || defined(KARAT_KV) || defined(KARAT_JUDGE)
static karat_refusal refused(karat_eval_types_failure_t failure) {
    return (karat_refusal){true, (karat_code)failure.code, from(failure.message)};
}
#endif

#ifdef KARAT_HTTP
karat_response karat_http_send(const char *method, karat_text url, const karat_pair *headers, size_t header_count,
                               karat_text body) {
    static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    uint8_t number = 0;
    while (number < 6 && strcmp(METHODS[number], method) != 0) number++;
    if (number == 6) return (karat_response){.refusal = {true, KARAT_UNSUPPORTED, karat_string("no such method")}};
    karat_eval_http_header_t *sent = malloc(header_count * sizeof *sent + 1);
    for (size_t i = 0; i < header_count; i++) {
        plugin_string_t value = lent(headers[i].value);
        sent[i] = (karat_eval_http_header_t){lent(headers[i].name), {value.ptr, value.len}};
    }
    karat_eval_http_request_t request = {
        .method = number,
        .url = lent(url),
        .headers = {sent, header_count},
        .body = {(uint8_t *)body.data, body.size},
    };
    karat_eval_http_response_t response;
    karat_eval_http_failure_t failure;
    if (!karat_eval_http_send(&request, &response, &failure)) return (karat_response){.refusal = refused(failure)};
    karat_pair *received = malloc(response.headers.len * sizeof *received + 1);
    for (size_t i = 0; i < response.headers.len; i++) {
        const karat_eval_http_header_t *header = &response.headers.ptr[i];
        received[i] = (karat_pair){from(header->name), {(const char *)header->value.ptr, header->value.len}};
    }
    return (karat_response){
        .status = response.status,
        .body = {(const char *)response.body.ptr, response.body.len},
        .headers = received,
        .header_count = response.headers.len,
        .truncated = response.truncated,
    };
}
#endif

#ifdef KARAT_KV
karat_bucket karat_kv_open(const char *name) {
    plugin_string_t text = lent(karat_string(name));
    karat_eval_kv_own_bucket_t bucket;
    karat_eval_kv_failure_t failure;
    if (!karat_eval_kv_open(&text, &bucket, &failure)) return (karat_bucket){.refusal = refused(failure)};
    return (karat_bucket){.handle = bucket.__handle};
}

static karat_eval_kv_borrow_bucket_t borrowed(karat_bucket bucket) {
    return karat_eval_kv_borrow_bucket((karat_eval_kv_own_bucket_t){bucket.handle});
}

karat_kept karat_kv_get(karat_bucket bucket, karat_text key) {
    plugin_string_t name = lent(key);
    plugin_option_list_u8_t value;
    karat_eval_kv_failure_t failure;
    if (!karat_eval_kv_method_bucket_get(borrowed(bucket), &name, &value, &failure)) {
        return (karat_kept){.refusal = refused(failure)};
    }
    karat_kept kept = {0};
    if (value.is_some) kept.value = (karat_text){value.val.len ? (const char *)value.val.ptr : "", value.val.len};
    return kept;
}

karat_kept karat_kv_set(karat_bucket bucket, karat_text key, karat_text value) {
    plugin_string_t name = lent(key);
    plugin_list_u8_t bytes = {(uint8_t *)value.data, value.size};
    karat_eval_kv_failure_t failure;
    bool is_set = karat_eval_kv_method_bucket_set(borrowed(bucket), &name, &bytes, &failure);
    return is_set ? (karat_kept){.is_set = true} : (karat_kept){.refusal = refused(failure)};
}

karat_kept karat_kv_delete(karat_bucket bucket, karat_text key) {
    plugin_string_t name = lent(key);
    karat_eval_kv_failure_t failure;
    bool is_gone = karat_eval_kv_method_bucket_delete(borrowed(bucket), &name, &failure);
    return is_gone ? (karat_kept){0} : (karat_kept){.refusal = refused(failure)};
}

karat_kept karat_kv_compare_and_set(karat_bucket bucket, karat_text key, karat_text old, karat_text value) {
    plugin_string_t name = lent(key);
    plugin_list_u8_t before = {(uint8_t *)old.data, old.size}, bytes = {(uint8_t *)value.data, value.size};
    bool is_set;
    karat_eval_kv_failure_t failure;
    if (!karat_eval_kv_method_bucket_compare_and_set(borrowed(bucket), &name, old.data ? &before : NULL, &bytes, &is_set,
                                                     &failure)) {
        return (karat_kept){.refusal = refused(failure)};
    }
    return (karat_kept){.is_set = is_set};
}
#endif

#ifdef KARAT_JUDGE
static karat_eval_judge_request_t request_of(karat_question question) {
    karat_eval_judge_message_t *messages = calloc(2, sizeof *messages);
    size_t count = 0;
    if (question.system.data) {
        messages[count++] = (karat_eval_judge_message_t){.speaker = KARAT_EVAL_JUDGE_SPEAKER_SYSTEM, .content = lent(question.system)};
    }
    messages[count++] = (karat_eval_judge_message_t){.speaker = KARAT_EVAL_JUDGE_SPEAKER_USER, .content = lent(question.prompt)};
    karat_eval_judge_request_t request = {
        .role = lent(karat_string(question.role ? question.role : "default")),
        .messages = {messages, count},
        .format = {.tag = KARAT_EVAL_JUDGE_FORMAT_TEXT},
        .sample = question.sample,
    };
    if (question.schema.data) {
        request.format.tag = KARAT_EVAL_JUDGE_FORMAT_SCHEMA;
        request.format.val.schema = lent(question.schema);
    }
    return request;
}

static karat_reply reply_of(karat_eval_judge_reply_t reply) {
    return (karat_reply){
        .text = from(reply.text), .input_tokens = reply.usage.input_tokens, .output_tokens = reply.usage.output_tokens};
}

karat_reply karat_judge_ask(karat_question question) {
    karat_eval_judge_request_t request = request_of(question);
    karat_eval_judge_reply_t reply;
    karat_eval_judge_failure_t failure;
    if (!karat_eval_judge_complete(&request, &reply, &failure)) return (karat_reply){.refusal = refused(failure)};
    return reply_of(reply);
}

void karat_judge_ask_many(const karat_question *questions, size_t count, karat_reply *replies) {
    karat_eval_judge_request_t *requests = malloc(count * sizeof *requests + 1);
    for (size_t i = 0; i < count; i++) requests[i] = request_of(questions[i]);
    karat_eval_judge_list_request_t list = {requests, count};
    karat_eval_judge_list_result_reply_failure_t answers;
    karat_eval_judge_complete_many(&list, &answers);
    for (size_t i = 0; i < count && i < answers.len; i++) {
        bool failed = answers.ptr[i].is_err;
        replies[i] = failed ? (karat_reply){.refusal = refused(answers.ptr[i].val.err)} : reply_of(answers.ptr[i].val.ok);
    }
}
#endif
