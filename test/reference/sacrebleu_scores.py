"""BLEU, chrF and chrF++ of sacreBLEU, and the words its tokenizers find.

    PYTHONPATH=FOLDER /usr/bin/python3 test/reference/sacrebleu_scores.py [--tatoeba jpn-eng.zip] [--out FOLDER]

FOLDER has sacreBLEU (`pip install --target FOLDER sacrebleu==2.6.0 regex==2026.9.29`). The references are 200 sentence
pairs of tatoeba.org (CC-BY 2.0 FR; the third column of fixtures/tatoeba_sample.tsv names each pair's authors), in the
columns of manythings.org's files; --tatoeba draws them again. The hypotheses are these sentences, damaged by Python's
random numbers, which are the same everywhere.
"""

import argparse
import io
import json
import platform
import random
import zipfile
from pathlib import Path

import regex
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

PAIRS = 200
LONGEST = 60
BLEU_OPTIONS = [
    {},
    {"lowercase": True},
    {"tokenize": "intl"},
    {"tokenize": "char"},
    {"tokenize": "none", "lowercase": True},
    {"smooth_method": "none"},
    {"smooth_method": "floor"},
    {"smooth_method": "floor", "smooth_value": 0.125},
    {"smooth_method": "add-k"},
    {"smooth_method": "add-k", "smooth_value": 0.375},
    {"effective_order": True},
    {"effective_order": True, "smooth_method": "floor"},
    {"effective_order": True, "smooth_method": "add-k"},
    {"effective_order": True, "smooth_method": "none"},
    {"max_ngram_order": 2},
    {"max_ngram_order": 6},
]
CHRF_OPTIONS = [
    {},
    {"word_order": 2},
    {"word_order": 1, "lowercase": True},
    {"whitespace": True},
    {"eps_smoothing": True},
    {"eps_smoothing": True, "word_order": 2, "beta": 1},
    {"char_order": 3, "beta": 3},
]
# Small corpora: (hypotheses, lists of references).
EDGES = {
    "empty hypothesis": ([""], [["The cat sat on the mat."]]),
    "empty reference": (["The cat sat on the mat."], [[""]]),
    "both empty": ([""], [[""]]),
    "one hypothesis of three is empty": (["A cat.", "", "On the mat, it sat."], [["A cat.", "It sat.", "On the mat it sat."]]),
    "white space alone": ([" \t\u3000"], [["word"]]),
    "no overlap": (["alpha beta gamma delta"], [["one two three four five"]]),
    "one word, right": (["Yes"], [["Yes"]]),
    "one word, wrong": (["Yes"], [["No"]]),
    "one of two words": (["Yes indeed"], [["Yes sir"]]),
    "three words, right": (["It is so"], [["It is so"]]),
    "no bigram": (["a b a b"], [["b x a"]]),
    "repeated words": (["the the the the the the the"], [["the cat is on the mat"]]),
    "punctuation": (["(Hello), \"world\"... -- it's 'so'!?"], [["Hello, 'world' - its \"so\" (too)!"]]),
    "numbers": (["In 1999, 3.14 or 1,000.50 - 7-8, .5 and 5."], [["In 1999 3.14 or 1.000,50 7-8 .5 and 5 ."]]),
    "entities": (["&quot;A &amp; B&quot; &lt;skipped> 1 &gt; 0 <skipped>-\nend"], [["\"A & B\" < 1 > 0 end"]]),
    "case": (["The İstanbul ΣΟΦΟΣ STRASSE"], [["the istanbul σοφος straße"]]),
    "beyond the BMP": (["𝒜𝒷 😀 word𠮷 ok"], [["𝒜𝒷 😀 word 𠮷 ok."]]),
    "two references": (["the cat sat on the mat today"], [["a cat was on the mat"], ["the cat sat there today, I think so"]]),
    "two references, neither like it": (["abc def"], [["uvw"], ["uvwxyz uvw"]]),
    "two references, lengths as near": (["one two three"], [["one two three four"], ["one two"]]),
    "three references, some missing": (
        ["the dog ran", "a bird flew away", "it was"], [["the dog ran off", None, "it is"], ["a dog ran", "the bird flew away", None], [None, None, "it was"]]),
}
ALPHABET = list("ab7,.-&;'\"!?()[]{}/\\@#$%^*_+=~`<> \t\u00a0\u3000\u2028\ufeff\x1c\x85") + [
    "1.5", "-\n", "\n", "&quot;", "&amp;", "&lt;", "&gt;", "<skipped>", "\u00ab", "\u3001", "\u3002", "\u2014", "\u20ac", "\u00d7", "\u00b2", "\u2167",
    "\u0663", "\u732b", "\u30fc", "\ud55c", "\U0001f600", "\U00020bb7", "\U0001d49c", "\u00c9", "\u03a3", "\u0130", "e\u0301", "\u200d",
]


def draw_sample(archive, path):
    with zipfile.ZipFile(archive) as unpacked:
        lines = io.TextIOWrapper(unpacked.open("jpn.txt"), encoding="utf-8", newline="\n").read().split("\n")
    by_english = {line.split("\t")[0]: line for line in lines if line}
    short = [line for english, line in sorted(by_english.items()) if 8 <= len(english) <= LONGEST]
    path.write_text("\n".join(sorted(random.Random(4).sample(short, PAIRS))) + "\n", encoding="utf-8")


def damage(draw, units, others):
    """Units (words or characters) with some left out, swapped, doubled or replaced; every fifth time none."""
    units = list(units)
    for _ in range(draw.choice([0, 1, 1, 2, 4])):
        if not units:
            break
        at = draw.randrange(len(units))
        kind = draw.choice(["drop", "swap", "double", "replace", "case"])
        if kind == "drop":
            del units[at]
        elif kind == "swap" and at > 0:
            units[at - 1], units[at] = units[at], units[at - 1]
        elif kind == "double":
            units.insert(at, units[at])
        elif kind == "replace":
            units[at] = draw.choice(others)
        else:
            units[at] = units[at].swapcase()
    return units


def corpora(sample):
    draw = random.Random(5)
    pairs = [line.split("\t") for line in sample.read_text(encoding="utf-8").split("\n") if line]
    english, japanese = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    words = sorted({word for sentence in english for word in sentence.split()})
    characters = sorted(set("".join(japanese)))
    made = {name: {"hypotheses": hypotheses, "references": references} for name, (hypotheses, references) in EDGES.items()}
    made["english"] = {
        "hypotheses": [" ".join(damage(draw, sentence.split(), words)) for sentence in english],
        "references": [english, [" ".join(damage(draw, sentence.split(), words)) for sentence in english]],
    }
    made["english, one reference"] = {"hypotheses": made["english"]["hypotheses"], "references": [english]}
    made["japanese"] = {"hypotheses": ["".join(damage(draw, sentence, characters)) for sentence in japanese], "references": [japanese]}
    return made


def bleu(corpus, options):
    metric = BLEU(**options)
    score = metric.corpus_score(corpus["hypotheses"], corpus["references"])
    return {
        "options": options, "score": score.score, "counts": score.counts, "totals": score.totals, "precisions": score.precisions,
        "bp": score.bp, "sys_len": score.sys_len, "ref_len": score.ref_len, "signature": str(metric.get_signature()),
    }


def chrf(corpus, options):
    metric = CHRF(**options)
    statistics = metric._extract_corpus_statistics(corpus["hypotheses"], corpus["references"])
    sums = [sum(column) for column in zip(*statistics)]
    score = metric.corpus_score(corpus["hypotheses"], corpus["references"])
    return {
        "options": options, "name": score.name, "score": score.score, "hypothesis": sums[0::3], "reference": sums[1::3], "match": sums[2::3],
        "signature": str(metric.get_signature()),
    }


def sentences(corpus):
    """Every sentence as a corpus of its own."""
    sentence_bleu, plus = BLEU(effective_order=True), CHRF(word_order=2)
    for hypothesis, *references in zip(corpus["hypotheses"], *corpus["references"]):
        alone = [hypothesis], [[reference] for reference in references]
        yield [sentence_bleu.corpus_score(*alone).score, plus.corpus_score(*alone).score]


def tokenized():
    draw = random.Random(6)
    for _ in range(250):
        line = "".join(draw.choice(ALPHABET) for _ in range(draw.randint(1, 14)))
        yield {"line": line, **{name: BLEU(tokenize=name)._preprocess_segment(line).split() for name in ("13a", "intl", "char", "none")}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tatoeba", type=Path, help="manythings.org's jpn-eng.zip, to draw the sample again")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    arguments = parser.parse_args()
    sample = arguments.out / "tatoeba_sample.tsv"
    if arguments.tatoeba:
        draw_sample(arguments.tatoeba, sample)
    made = corpora(sample)
    content = {
        "about": {
            "program": "test/reference/sacrebleu_scores.py", "python": platform.python_version(), "sacrebleu": sacrebleu.__version__,
            "regex": regex.__version__, "sentences": "tatoeba.org, CC-BY 2.0 FR; authors in tatoeba_sample.tsv",
        },
        "corpora": [
            {"name": name, **corpus, "bleu": [bleu(corpus, options) for options in BLEU_OPTIONS], "chrf": [chrf(corpus, options) for options in CHRF_OPTIONS]}
            for name, corpus in made.items() if name != "english, one reference"
        ],
        "one_reference": {"bleu": bleu(made["english, one reference"], {}), "chrf": chrf(made["english, one reference"], {})},
        "sentences": list(sentences(made["english"])),
        "tokenized": list(tokenized()),
    }
    path = arguments.out / "sacrebleu.json"
    parts = []
    for key, value in content.items():
        body = "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in value) + "\n]" if isinstance(value, list) else json.dumps(value)
        parts.append(f"{json.dumps(key)}: {body}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
