"""What SentencePiece's own library makes of texts with a model, as JSON on standard output.

    python3 test/reference/tokenizer_peer.py MODEL --lines FILE [--count N]     # real sentences
    python3 test/reference/tokenizer_peer.py MODEL --fuzz N [--seed S] [--words FILE]
"""
import argparse
import json
import sys

import sentencepiece

from tokenizer_texts import as_bytes, as_json, fuzzed


def n_best_of(processor, text, count):
    if not isinstance(text, bytes) and text.isprintable():
        best = processor.nbest_encode(text, nbest_size=count, out_type='immutable_proto').nbests
        return [[[piece.id for piece in each.pieces], each.score] for each in best]
    return [[ids, None] for ids in processor.nbest_encode(as_bytes(text), nbest_size=count, out_type=int)]


def results(processor, texts, n_best=0, n_best_every=1):
    """For each text: [text, ids, pieces, the text decoded from the ids, the one from the pieces, n-best as [ids, score or null]]."""
    rows = []
    for i, text in enumerate(texts):
        data = as_bytes(text)
        ids = processor.encode(data, out_type=int)
        # Not as protos: their spans are counted in characters, which crashes on text that breaks off inside one.
        pieces = [piece.decode() if isinstance(piece, bytes) else piece for piece in processor.encode(data, out_type=str)]
        row = [as_json(text), ids, pieces, processor.decode(ids), processor.decode(pieces)]
        if n_best > 0 and i % n_best_every == 0:
            row.append(n_best_of(processor, text, n_best))
        rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('model')
    parser.add_argument('--lines')
    parser.add_argument('--count', type=int, default=10_000)
    parser.add_argument('--fuzz', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--words')
    parser.add_argument('--n-best', type=int, default=0)
    parser.add_argument('--n-best-every', type=int, default=20)
    arguments = parser.parse_args()
    processor = sentencepiece.SentencePieceProcessor(model_file=arguments.model)
    if arguments.lines:
        with open(arguments.lines, encoding='utf-8', newline='\n') as file:
            lines = file.read().rstrip('\n').split('\n')
        step = max(1, len(lines) // arguments.count)
        texts = lines[::step][:arguments.count]
    else:
        words = ['the', 'hello', 'world', 'は', 'です', '日本']
        if arguments.words:
            with open(arguments.words, encoding='utf-8') as file:
                words = [line[:20] for line in file.read().split('\n')[:5000]]
        texts = fuzzed(arguments.fuzz, arguments.seed, words)
    json.dump(results(processor, texts, arguments.n_best, arguments.n_best_every), sys.stdout)


if __name__ == '__main__':
    main()
