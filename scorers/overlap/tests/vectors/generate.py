#!/usr/bin/env python3
"""Records what other implementations make of pairs of texts. README.md says which, and how to run this."""

import collections
import json
import pathlib
import random
import re
import string
import sys

import nltk
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

HERE = pathlib.Path(__file__).parent

EDGES = [
    ("", ""), ("", "one"), ("one", ""), ("one", "one"), ("one", "two"), ("One", "one"), (" ", "\t\n"), ("a", "the"),
    ("the the the the", "the cat sat on the mat"), ("the cat sat on the mat", "the cat sat on the mat"),
    ("the cat sat on the mat.", "The cat sat on the mat"), ("the cat sat", "the cat sat on the mat"),
    ("the cat sat on the mat and purred", "the cat sat"), ("cat the on sat mat", "the cat sat on the mat"),
    ("It's 3.14, not 3,14!", "It is 3.14 and not 3,14"), ("1,234.5 and .5 and 5.", "1234.5 and 0.5 and 5"),
    ("2020-21 well-known a..5 5..a 5...5", "2020 - 21 well known a 5 5 a 5 5"), ("(hi) \"there\"", "hi there"),
    ("&quot;R&amp;D&quot; &amp;lt;b&gt;", "\"R&D\" <b>"), ("trans-\nlation<skipped> done", "translation done"),
    ("line one\nline two\r\nline three", "line one line two line three"), ("a-", "a"), ("...", "..."), ("!?", "?!"),
    ("naïve café Zürich", "naive cafe Zurich"), ("naïve café Zürich", "nai\u0308ve cafe\u0301 Zu\u0308rich"),
    ("ÜBER ÄPFEL", "über äpfel"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("İstanbul", "istanbul"), ("K 1", "k 1"), ("straße", "STRASSE"),
    ("北京是中国的首都。", "中国的首都是北京。"), ("我喜欢 猫", "我 喜欢 猫"), ("東京タワー", "東京タワーは高い"), ("안녕하세요 세계", "안녕 세계"),
    ("Привет, мир!", "Привет мир"), ("مرحبا بالعالم", "مرحبا يا عالم"), ("नमस्ते दुनिया", "नमस्ते"),
    ("I ❤️ 🍕!", "I love 🍕"), ("👩‍👩‍👧‍👦 family", "👩‍👩‍👧 family"), ("🎉🎉🎉", "🎉🎉"), ("𝒳 𝒴 \U0001f600", "𝒳 \U0001f600 𝒴"),
    ("one\u00a0two\u2003three", "one two three"), ("one\x1ctwo\x1fthree\x85four", "one two three four"), ("zero\u200bwidth", "zero width"),
    ("“Smart” ‘quotes’ — and … dots", "\"Smart\" 'quotes' - and ... dots"), ("the–end of “the” a’s an", "end of s"),
    ("a an the", "the an a"), ("A cat, an owl & the dog", "cat owl dog"), ("snake_case_word", "snake case word"),
    ("100% of $5 is #1 @home", "100 % of $ 5 is # 1 @ home"), ("x" * 300, "x" * 299 + "y"), ("ab " * 60, "ab " * 50),
    ("running runner runs ran", "run run run run"), ("relational conditionally digitizer", "relate condition digitize"),
    ("flies dies skies lying news", "fly die sky lie new"), ("a b c d e f g", "a b c x e f g"), ("x a b", "a b"), ("a b a b a b", "b a b a"),
    ("{\"a\": [1, 2]}", "{\"a\":[1,2]}"), ("SELECT * FROM t;", "select * from t"), ("f(x)=x^2", "f(x) = x**2"), ("~tilde~ `tick`", "tilde tick"),
    ("5-5-5--5", "5 - 5 - 5 - - 5"), (",a.,b,.5,,5", ", a . , b"), ("''", "'"), ("don't dont", "dont don't"),
]


def cuts(seed):
    """Texts of a data set, cut short, beside what could have been expected in their place."""
    rows = [json.loads(line) for line in open(sys.argv[1])]
    chance = random.Random(seed)
    for row in chance.sample(rows, 175):
        words = row["chatgpt_response"].split(" ")
        start, length = chance.randrange(max(1, len(words) - 20)), chance.choice([3, 12, 25, 35])
        expected = words[start : start + length]
        changed = list(expected)
        match chance.randrange(5):
            case 0:  # Another part of the same text.
                changed = words[start + length // 2 : start + length // 2 + length]
            case 1:  # Words are missing or doubled.
                changed = [word for word in expected for _ in range(chance.choice([0, 1, 1, 1, 2]))]
            case 2:  # Words of another text.
                other = chance.choice(rows)["chatgpt_response"].split(" ")
                changed = [chance.choice(other) if chance.random() < 0.3 else word for word in expected]
            case 3:  # Another order, and other endings.
                middle = chance.randrange(len(changed) + 1)
                changed = [word + chance.choice(["", "", "s", "ing", "."]) for word in changed[middle:] + changed[:middle]]
            case 4:  # The question.
                changed = row["user_query"].split(" ")[:length]
        yield " ".join(changed)[:300], " ".join(expected)[:300]


def noise(seed):
    """Signs, digits and white space in any order, which is where words are cut."""
    chance = random.Random(seed)
    for _ in range(70):
        letters = chance.choice(["ab1 .,-", "a1.,", "aB1 .,-'\"&;<>()/_\n\u00a0é\u2019", "the an 1.5-", string.printable])
        one = "".join(chance.choice(letters) for _ in range(chance.randrange(40)))
        swapped = [chance.choice(letters) if chance.random() < 0.2 else letter for letter in one]
        yield one, "".join(swapped)


class NoWordNet:
    def synsets(self, _word):
        return []


# https://worksheets.codalab.org/rest/bundles/0x6b567e1cf2e041ec80d7098f031c5c9e/contents/blob/ (evaluate-v2.0.py)
def squad_tokens(text):
    text = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
    return re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text).split()


def squad_f1(outputs, expected):
    expected, outputs = squad_tokens(expected), squad_tokens(outputs)
    same = sum((collections.Counter(expected) & collections.Counter(outputs)).values())
    if not expected or not outputs:
        return [float(expected == outputs)] * 3
    if same == 0:
        return [0.0] * 3
    precision, recall = same / len(outputs), same / len(expected)
    return [2 * precision * recall / (precision + recall), precision, recall]


CUT = Tokenizer13a()
PLAIN = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rouge3", "rougeL"])
STEMMED = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def recorded(outputs, expected):
    def bleu(**options):
        return BLEU(effective_order=True, **options).sentence_score(outputs, [expected]).score / 100

    def chrf(lower=False, **options):
        texts = (outputs.lower(), expected.lower()) if lower else (outputs, expected)
        return sacrebleu.sentence_chrf(texts[0], [texts[1]], **options).score / 100

    def rouge(scores):
        return [scores.fmeasure, scores.precision, scores.recall]

    def words(text):
        return CUT(text.rstrip()).split()

    plain, stemmed = PLAIN.score(expected, outputs), STEMMED.score(expected, outputs)
    return {
        "outputs": outputs,
        "expected": expected,
        "bleu": sacrebleu.sentence_bleu(outputs, [expected]).score / 100,
        "bleu_2": bleu(max_ngram_order=2),
        "bleu_folded": bleu(lowercase=True),
        "bleu_floor": bleu(smooth_method="floor"),
        "bleu_add_one": bleu(smooth_method="add-k"),
        "bleu_none": bleu(smooth_method="none"),
        "chrf": chrf(),
        "chrf_words": chrf(word_order=2),
        "chrf_folded": chrf(lower=True),
        "rouge_1": rouge(plain["rouge1"]),
        "rouge_2": rouge(plain["rouge2"]),
        "rouge_3": rouge(plain["rouge3"]),
        "rouge_l": rouge(plain["rougeL"]),
        "rouge_1_stem": rouge(stemmed["rouge1"]),
        "rouge_2_stem": rouge(stemmed["rouge2"]),
        "rouge_l_stem": rouge(stemmed["rougeL"]),
        "meteor": meteor_score([words(expected)], words(outputs), wordnet=NoWordNet()),
        "token_f1": squad_f1(outputs, expected),
    }


def corpora(pairs):
    """All pairs together, and stretches of every length: short ones lack the longest n-grams."""
    chance = random.Random(4)
    stretches = [(0, len(pairs)), (0, 1), (3, 4), (4, 5), (0, 10), (0, len(EDGES)), (len(EDGES), len(EDGES) + 175)]
    for length in [1, 2, 3, 5, 8, 20, 60] * 5:
        start = chance.randrange(len(pairs) - length)
        stretches.append((start, start + length))
    for start, end in stretches:
        outputs, expected = (list(texts) for texts in zip(*pairs[start:end]))
        folded = [text.lower() for text in outputs], [[text.lower() for text in expected]]

        def bleu(**options):
            return sacrebleu.corpus_bleu(outputs, [expected], **options).score / 100

        yield {
            "from": start,
            "to": end,
            "bleu": bleu(),
            "bleu_2": BLEU(max_ngram_order=2).corpus_score(outputs, [expected]).score / 100,
            "bleu_folded": bleu(lowercase=True),
            "bleu_floor": bleu(smooth_method="floor"),
            "bleu_add_one": bleu(smooth_method="add-k"),
            "bleu_none": bleu(smooth_method="none"),
            "chrf": sacrebleu.corpus_chrf(outputs, [expected]).score / 100,
            "chrf_words": sacrebleu.corpus_chrf(outputs, [expected], word_order=2).score / 100,
            "chrf_folded": sacrebleu.corpus_chrf(*folded).score / 100,
        }


def rounded(value):
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 8) if isinstance(value, float) else value


def stems():
    """Words with all suffixes that the algorithm knows, real ones and made-up ones."""
    chance = random.Random(3)
    texts = " ".join(json.loads(line)["chatgpt_response"] for line in open(sys.argv[1])).lower()
    real = collections.Counter(re.findall(r"[a-zé]{3,}", texts))
    suffixes = re.findall(r"\w+", "ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness "
        "fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible "
        "ant ement ment ent ion sion tion ou ism ate iti ous ive ize sses ies ied eed ed ing y e ll ss s ated bled ized")
    made = ["".join(chance.choice("abeilotyszw") for _ in range(chance.randrange(1, 5))) + chance.choice(suffixes) for _ in range(900)]
    irregular = PorterStemmer().pool
    return sorted({*chance.sample(sorted(real), 1800), *made, *irregular, "sätze", "ñandúes", "yyyyy", "feed", "agreed"})


def main():
    pairs = [*EDGES, *cuts(1), *noise(2)]
    lines = [json.dumps({key: rounded(value) for key, value in recorded(*pair).items()}, ensure_ascii=False) for pair in pairs]
    (HERE / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    lines = [json.dumps({key: rounded(value) for key, value in corpus.items()}) for corpus in corpora(pairs)]
    (HERE / "corpora.jsonl").write_text("\n".join(lines) + "\n")
    stem = PorterStemmer().stem
    (HERE / "stems.txt").write_text("".join(f"{word} {stem(word)}\n" for word in stems()))


main()
