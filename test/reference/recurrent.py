"""Recurrent layers and what goes with them, as fixtures/recurrent.json: ops in float32 and float64 on the same numbers, dropout
masks, and fifty training steps of a small sequence-to-sequence model.

    python3 test/reference/recurrent.py [--out FOLDER]

What the masks show (PyTorch 1.13, CPU). nn.LSTM(batch_first=True) returns [batch, steps, hidden] that lies in memory as
[steps, batch, hidden], and a sum takes its first operand's order, so `hs + skip` lies so too in every layer, of encoder and
decoder. F.dropout draws its mask nevertheless in the order of the shape, [batch, steps, hidden], in every one of these places
(it fills an ordinary contiguous tensor; bernoulli_ alone would follow the memory): value by value, one float64 uniform each. It
multiplies by the mask divided by 1 - p. One forward pass draws the encoder's three masks, then the decoder's; neither nn.LSTM
nor evaluation draws anything.
"""

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence

import encode
from ops import Draw, both
from seq2seq import BOS, EOS, PAD, Seq2Seq, loss_of

DTYPES = (torch.float32, torch.float64)
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def lstm_inputs(draw, rows, batch, inputs, hidden, initial):
    tensors = {
        "input": draw.normal(rows, inputs), "weight_ih": draw.normal(4 * hidden, inputs, scale=0.6),
        "weight_hh": draw.normal(4 * hidden, hidden, scale=0.6), "bias_ih": draw.normal(4 * hidden, scale=0.5), "bias_hh": draw.normal(4 * hidden, scale=0.5),
    }
    return {**tensors, "h": draw.normal(batch, hidden, scale=0.5), "c": draw.normal(batch, hidden)} if initial else tensors


def lstm_run(dtype, batch_sizes, tensors, upstream):
    """nn.LSTM over a PackedSequence: batch_sizes all alike are an ordinary time-major batch. Sums of outputs times `upstream`."""
    leaves = {name: tensors[name].to(dtype, copy=True).requires_grad_() for name in tensors if name not in PARAMETERS}
    layer = torch.nn.LSTM(tensors["input"].shape[1], tensors["weight_hh"].shape[1]).to(dtype)
    parameters = {name: getattr(layer, f"{name}_l0") for name in PARAMETERS}
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
    initial = (leaves["h"].unsqueeze(0), leaves["c"].unsqueeze(0)) if "h" in leaves else None
    packed, (h, c) = layer(PackedSequence(leaves["input"], torch.tensor(batch_sizes)), initial)
    outputs = {"output": packed.data, "h": h.squeeze(0), "c": c.squeeze(0)}
    sum((outputs[name] * upstream[name].to(dtype)).sum() for name in outputs).backward()
    return outputs, {name: {**leaves, **parameters}[name].grad for name in tensors}


def encoded(tensors):
    return {name: encode.tensor(value) for name, value in tensors.items()}


def lstm_cases():
    for batch_sizes, inputs, hidden, initial in (
        ([1], 1, 1, False), ([1, 1, 1], 3, 2, True), ([3] * 5, 4, 6, True), ([2] * 4, 7, 9, False), ([5] * 3, 8, 20, True),
        ([4, 4, 3, 1, 1], 5, 6, True), ([3, 2, 2], 2, 4, False),
    ):
        attributes = {"batch_sizes": batch_sizes, "hidden": hidden, "initial": initial}
        draw = Draw(f"lstm {attributes}")
        rows, batch = sum(batch_sizes), batch_sizes[0]
        tensors = lstm_inputs(draw, rows, batch, inputs, hidden, initial)
        upstream = {"output": draw.normal(rows, hidden), "h": draw.normal(batch, hidden), "c": draw.normal(batch, hidden)}
        for dtype in DTYPES:
            outputs, gradients = lstm_run(dtype, batch_sizes, tensors, upstream)
            yield {"attributes": attributes, "dtype": str(dtype).removeprefix("torch."), "inputs": encoded(tensors),
                   "upstream": encoded(upstream), "outputs": encoded(outputs), "gradients": encoded(gradients)}


def embedding_cases():
    for rows, columns, indices in ((5, 3, [4, 0, 4, 4, 2, 0]), (7, 10, [6]), (3, 1, [0, 1, 2, 1])):
        yield from both("embedding", {"indices": indices, "size": [rows, columns]}, lambda d: {"table": d.normal(rows, columns)},
                        lambda table: F.embedding(torch.tensor(indices), table))


def cross_entropy_cases():
    targets = ([3, 0, 3, 2, 4, 3, 1], [1, 1, 0, 2, 4, 0, 3], [3, 3, 3, 0, 3, 3, 3])
    for target in targets:
        for ignore in (3, -100):
            for smoothing in (0.0, 0.1, 1.0):
                for reduction in ("mean", "sum"):
                    attributes = {"target": target, "ignore_index": ignore, "label_smoothing": smoothing, "reduction": reduction}
                    yield from both("cross_entropy", attributes, lambda d: {"logits": d.normal(7, 5, scale=3.0)},
                                    lambda logits: F.cross_entropy(logits, torch.tensor(target), ignore_index=ignore,
                                                                   label_smoothing=smoothing, reduction=reduction))


def attend(query, keys, lengths):
    """Luong's dot attention, time-major [steps, batch, hidden]: context and weights side by side."""
    scores = torch.einsum("qbh,kbh->qbk", query, keys)
    beyond = torch.arange(keys.shape[0])[None, None, :] >= torch.tensor(lengths)[None, :, None]
    weights = torch.softmax(scores.masked_fill(beyond, float("-inf")), dim=-1)
    return torch.cat([torch.einsum("qbk,kbh->qbh", weights, keys), weights], dim=-1).flatten(0, 1)


def attention_cases():
    for queries, steps, hidden, lengths in ((3, 4, 5, [4, 2]), (1, 1, 1, [1]), (2, 6, 9, [1, 6, 3])):
        batch = len(lengths)
        yield from both("attend", {"lengths": lengths, "size": [queries, steps, hidden]},
                        lambda d: {"query": d.normal(queries * batch, hidden), "keys": d.normal(steps * batch, hidden)},
                        lambda query, keys: attend(query.view(queries, batch, hidden), keys.view(steps, batch, hidden), lengths))


def concatenation_cases():
    for rows, left, right in ((3, 2, 5), (1, 1, 1), (6, 7, 4)):
        yield from both("concat", {"size": [rows, left, right]}, lambda d: {"a": d.normal(rows, left), "b": d.normal(rows, right)},
                        lambda a, b: torch.cat((a, b), dim=1))


# The model: vocabularies, sizes and training of the fixture.
SIZES = {"source_vocabulary": 13, "target_vocabulary": 12, "embed_size": 5, "hidden_size": 6}
SEED, LEARNING_RATE, STEPS = 42, 5e-3, 50
LENGTHS = [([5, 2, 7, 3], [4, 6, 1, 3]), ([1, 4, 4, 6], [2, 2, 5, 7]), ([3, 3, 3, 3], [4, 1, 2, 4])]


def pad(sequences):
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids in sequences], batch_first=True, padding_value=PAD)


def make_batch(index, source_lengths, target_lengths):
    """Padded ids [batch, steps]: the source ends with <EOS>, the decoder reads <BOS> and on, and is to give what follows."""
    generator = torch.Generator().manual_seed(index)
    words = lambda count, vocabulary: torch.randint(4, vocabulary, (count,), generator=generator).tolist()
    sources = [words(count, SIZES["source_vocabulary"]) + [EOS] for count in source_lengths]
    targets = [[BOS] + words(count, SIZES["target_vocabulary"]) + [EOS] for count in target_lengths]
    return pad(sources), pad([ids[:-1] for ids in targets]), pad([ids[1:] for ids in targets])


def new_model(dropout, dtype):
    """Drawn in float32 whatever the dtype; the global stream goes on with the masks."""
    torch.manual_seed(SEED)
    return Seq2Seq(**SIZES, dropout=dropout).to(dtype)


def train(batches, dropout, dtype):
    """Losses before each of the steps; the gradients of the first; parameters after the last."""
    model = new_model(dropout, dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    losses, first = [], None
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model, *batches[step % len(batches)])
        loss.backward()
        if step == 0:
            first = {name: encode.tensor(p.grad) for name, p in model.named_parameters() if p.grad is not None}
        optimizer.step()
        losses.append(loss.item())
    case = {"dropout": dropout, "dtype": str(dtype).removeprefix("torch."), "losses": losses}
    if dtype == torch.float64:
        case["gradients"] = first
        case["trained"] = {"decoder.fc.bias": encode.tensor(model.decoder.fc.bias), "encoder.embedding.weight": encode.tensor(model.encoder.embedding.weight)}
    return case


def masks(batch):
    """The masks of one forward pass, each as text of 0 and 1 in the order [batch, steps, hidden], in which it is drawn."""
    model = new_model(0.2, torch.float32)
    found, states = [], []

    def remember(module, inputs):
        states.append(torch.get_rng_state())

    def look(module, inputs, output):
        x = inputs[0]
        kept = (output != 0).reshape(-1)
        torch.set_rng_state(states.pop(0))
        drawn = torch.empty(x.shape).bernoulli_(0.8).reshape(-1)
        assert torch.equal(drawn.bool(), kept), "drawn in another order than that of the shape"
        assert torch.equal(output, x * (output != 0) * torch.tensor(1.0).div(0.8)), "scaled by something else than 1 / (1 - p)"
        found.append({"shape": list(x.shape), "strides": list(x.stride()), "kept": "".join(str(int(k)) for k in kept)})

    for half in (model.encoder, model.decoder):
        half.dropout.register_forward_pre_hook(remember)
        half.dropout.register_forward_hook(look)
    model(*batch[:2])
    return found


def model_section():
    batches = [make_batch(index, *lengths) for index, lengths in enumerate(LENGTHS)]
    evaluated = new_model(0.2, torch.float64).eval()
    names = ("source", "target_in", "target_out")
    return {
        "sizes": SIZES, "seed": SEED, "learning_rate": LEARNING_RATE, "ids": {"unk": 0, "bos": BOS, "eos": EOS, "pad": PAD},
        "batches": [dict(zip(names, (part.tolist() for part in batch))) for batch in batches],
        "parameters": {name: encode.tensor(p) for name, p in new_model(0.0, torch.float32).named_parameters()},
        "masks": masks(batches[0]),
        "evaluated": {"losses": [loss_of(evaluated, *batch).item() for batch in batches], "logits": encode.tensor(evaluated(*batches[0][:2]))},
    }


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    groups = (embedding_cases, cross_entropy_cases, attention_cases, concatenation_cases)
    batches = [make_batch(index, *lengths) for index, lengths in enumerate(LENGTHS)]
    encode.write_fixture("recurrent", {
        "about": encode.about("recurrent.py"), "lstm": list(lstm_cases()), "cases": [case for group in groups for case in group()],
        "model": model_section(), "training": [train(batches, dropout, dtype) for dropout in (0.0, 0.2) for dtype in DTYPES],
    }, out)


if __name__ == "__main__":
    main()
