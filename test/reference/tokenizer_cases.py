"""Small SentencePiece models and what its own programs make of texts with them, as fixtures/tokenizer.json.

    /usr/bin/python3 test/reference/tokenizer_cases.py [--out FOLDER]      # Debian: sentencepiece, python3-sentencepiece 0.1.97, python3-mpmath

Models are recorded by the SHA-256 of the .model file, and in base64 without their compiled normalisation map (a quarter
of a megabyte each), whose SHA-256 is recorded by its name.
"""
import argparse
import base64
import hashlib
import json
import os
import random
import re
import struct
import subprocess
import tempfile

import mpmath
import sentencepiece

from tokenizer_model import charsmap_of, fields
from tokenizer_peer import results
from tokenizer_texts import fuzzed

WORDS = ['the', 'there', 'these', 'other', 'walk', 'walking', 'walked', 'talk', 'talking', 'noise', 'noisy', 'network', 'networks', 'learn', 'learning', 'learned', 'gradient',
         'gradients', 'through', 'thought', 'a', 'an', 'and', '10', '2024', '3.14', "don't", 'naïve', 'café', 'ＡＢＣ', 'Ⅳ', 'x86']
JAPANESE = ['私は', '彼は', '彼女は', '学校', '学生', '大学', '大学生', 'へ', 'に', '行きます', '行きました', '行った', 'です', 'でした', '。', '、', '東京', '東京タワー', 'コンピューター', 'ｶﾞｲﾄﾞ', '！', '１２３']
CASES = {
    'default': {'vocabSize': 180},
    'symbols': {'vocabSize': 480, 'byteFallback': True, 'userDefinedSymbols': ['<user>', '学生', 'ing'], 'controlSymbols': ['<sep>', '<mask>'], 'padId': 3, 'splitDigits': True,
                'normalizationRuleName': 'identity', 'numThreads': 3},
    'folded': {'vocabSize': 150, 'normalizationRuleName': 'nfkc_cf', 'splitByUnicodeScript': False, 'splitByNumber': False, 'splitByWhitespace': False, 'characterCoverage': 0.98,
               'numThreads': 1, 'numSubIterations': 1, 'shrinkingFactor': 0.9, 'maxSentencepieceLength': 5, 'unkId': 2, 'bosId': -1, 'eosId': 0, 'eosPiece': '<end>'},
    'spaces': {'vocabSize': 5000, 'hardVocabLimit': False, 'addDummyPrefix': False, 'removeExtraWhitespaces': False, 'normalizationRuleName': 'nfkc', 'maxSentenceLength': 60, 'unkSurface': '?'},
}
RULES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf']


def corpus():
    source = random.Random(11)
    lines = []
    for i in range(400):
        words = WORDS if i % 2 == 0 else JAPANESE
        chosen = [source.choice(words) for _ in range(source.randint(1, 9))]
        lines.append((' ' if i % 2 == 0 else '').join(chosen) + source.choice(['', ' ', '.', '  ', '\r']))
    return lines + ['', ' ', 'a \u2585 b', '<s> talking </s> walking', '\u3000', '\u0001\u0002', 'one two three', 'rare: éàü']


def flag(option, value):
    name = re.sub('[A-Z]', lambda letter: '_' + letter.group().lower(), option)
    text = ','.join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
    return f'--{name}={text}'


def train(folder, lines, options):
    with open(os.path.join(folder, 'corpus.txt'), 'w', newline='\n') as file:
        file.write(''.join(line + '\n' for line in lines))
    flags = [flag(option, value) for option, value in options.items()]
    subprocess.run(['spm_train', '--input=corpus.txt', '--model_prefix=model', '--minloglevel=2', *flags], cwd=folder, check=True)
    with open(os.path.join(folder, 'model.model'), 'rb') as model, open(os.path.join(folder, 'model.vocab'), encoding='utf-8', newline='\n') as vocabulary:
        return model.read(), vocabulary.read()


def varint(value):
    data = b''
    while value >= 128:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def without_charsmap(model):
    """The model with a normalizer_spec that has no field 2. Nothing else is changed: fields keep their bytes and order."""
    charsmap = charsmap_of(model)
    field = b'\x12' + varint(len(charsmap)) + charsmap
    start = model.index(field)
    normalizer = next(value for number, value in fields(model) if number == 3)
    head = b'\x1a' + varint(len(normalizer))
    at = model.rindex(head, 0, start)
    shorter = normalizer.replace(field, b'')
    return model[:at] + b'\x1a' + varint(len(shorter)) + shorter + model[at + len(head) + len(normalizer):]


def tied_model():
    """A model written by hand: scores whose sums tie, a piece that is not used, no normalisation."""
    scores = [('<unk>', 0, 2), ('\u2581', -1, 1), ('a', -1, 1), ('b', -1, 1), ('c', -3, 1), ('ab', -2, 1), ('ba', -2, 1), ('abc', -5, 1), ('bc', -4, 1), ('\u2581a', -2, 1), ('aa', -1.5, 5),
              ('cc', -6, 1), ('\u2581ab', -3, 1), ('<x>', 0, 4)]
    model = b''
    for piece, score, kind in scores:
        data = piece.encode()
        message = b'\x0a' + varint(len(data)) + data + b'\x15' + struct.pack('<f', score) + b'\x18' + varint(kind)
        model += b'\x0a' + varint(len(message)) + message
    return model


def tied_texts():
    source = random.Random(8)
    return [''.join(source.choice(['a', 'b', 'c', 'ab', 'bc', 'd', ' ', '<x>']) for _ in range(source.randint(1, 10))) for _ in range(80)]


def six_digits():
    source = random.Random(5)
    values = [0.0, -0.0, 1.0, -1.5, 3.015625, 3.046875, -8.109375, 100000.0, 999999.5, 1e6, 1e-5, 1.5e-7, 123456.5, 0.0001, 0.00012345678]
    values += [struct.unpack('<f', struct.pack('<f', source.uniform(-20, 0)))[0] for _ in range(200)]
    values += [source.randrange(-4096, 0) / 64 + source.randrange(0, 640) for _ in range(60)]
    return [[value, '%g' % value] for value in values]


def digammas():
    mpmath.mp.dps = 40
    values = [0.5, 0.75, 1.0, 2.5, 6.999, 7.0, 7.5, 100.25, 12345.678, 3e6]
    return [[value, float(mpmath.digamma(value))] for value in values]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', default=os.path.join(os.path.dirname(__file__), 'fixtures'))
    arguments = parser.parse_args()
    lines = corpus()
    tied = tied_model()
    ties = results(sentencepiece.SentencePieceProcessor(model_proto=tied), tied_texts(), n_best=12)
    fixture = {'corpus': lines, 'ties': {'model': base64.b64encode(tied).decode(), 'results': ties}, 'charsmaps': {}, 'models': {}, 'sixDigits': six_digits(), 'digammas': digammas()}
    with tempfile.TemporaryDirectory() as folder:
        for rule in RULES:
            model, _ = train(folder, lines, {'vocabSize': 180, 'normalizationRuleName': rule, 'hardVocabLimit': False})
            fixture['charsmaps'][rule] = hashlib.sha256(charsmap_of(model)).hexdigest()
        for seed, (name, options) in enumerate(CASES.items()):
            model, vocabulary = train(folder, lines, options)
            processor = sentencepiece.SentencePieceProcessor(model_proto=model)
            bare = without_charsmap(model) if options.get('normalizationRuleName') != 'identity' else model
            fixture['models'][name] = {
                'options': options, 'sha256': hashlib.sha256(model).hexdigest(), 'bare': base64.b64encode(bare).decode(), 'vocabulary': vocabulary,
                'ids': [processor.unk_id(), processor.bos_id(), processor.eos_id(), processor.pad_id()],
                'results': results(processor, lines[:24] + fuzzed(64, 100 + seed, WORDS + JAPANESE), n_best=6, n_best_every=3),
            }
    with open(os.path.join(arguments.out, 'tokenizer.json'), 'w') as file:
        json.dump(fixture, file, separators=(',', ':'))


if __name__ == '__main__':
    main()
