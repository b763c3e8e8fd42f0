#include "karat.h"

#include <ctype.h>

static size_t words_in(karat_text text) {
    size_t words = 0;
    bool within = false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_space = isspace((unsigned char)text.data[i]);
        words += !is_space && !within;
        within = !is_space;
    }
    return words;
}

static karat_outcome score(const karat_row *row, karat_text parameters) {
    double max_words = 50;
    karat_json_number(karat_json_get(parameters, "max_words"), &max_words);
    size_t words = words_in(karat_json_string(row->outputs));
    if (words == 0) return karat_abstain(karat_string("nothing was answered"));
    karat_text why = karat_format("%zu words, %.0f allowed", words, max_words);
    return karat_because(karat_boolean(words <= max_words), why);
}

KARAT_SCORERS({
    .name = "{{scorer}}",
    .summary = "whether the answer has no more words than allowed",
    .parameters = "{\"type\": \"object\", \"properties\": {\"max_words\": {\"type\": \"integer\", \"default\": 50}},"
                  " \"additionalProperties\": false}",
    .value = KARAT_BOOLEAN,
    .better = KARAT_HIGHER,
    .score = score,
})
