"""The sequence-to-sequence model of the translation notebook, restated: encoder and decoder of three LSTM layers each, with
residual connections and dropout; the encoder's states at <EOS> begin the decoder's layers.
"""

import torch
from torch import nn

UNK, BOS, EOS, PAD = 0, 1, 2, 3


class Encoder(nn.Module):
    """The draws of a new one, in order: embedding, lstm1, lstm2, lstm3, fc (never used, but drawn), fc_skip."""

    def __init__(self, vocabulary, embed_size, hidden_size, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embed_size)
        self.lstm1 = nn.LSTM(embed_size, hidden_size, batch_first=True)
        self.lstm2 = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.lstm3 = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, hidden_size)
        self.fc_skip = nn.Linear(embed_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        """x [batch, steps] runs over padding too. The states at <EOS> alone go on, so that steps after it get no gradient:
        indexing with a mask passes each row's gradient back to its own position, in row-major order of the mask."""
        ends = x == EOS
        x = self.embedding(x)
        skip = self.fc_skip(x)
        first = self.dropout(self.lstm1(x)[0] + skip)
        second = self.dropout(self.lstm2(first)[0] + first)
        third = self.dropout(self.lstm3(second)[0] + second)
        return first[ends], second[ends], third[ends]


class Decoder(nn.Module):
    def __init__(self, vocabulary, embed_size, hidden_size, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embed_size)
        self.lstm1 = nn.LSTM(embed_size, hidden_size, batch_first=True)
        self.lstm2 = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.lstm3 = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocabulary)
        self.fc_skip = nn.Linear(embed_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, states):
        """The third state is handed in and not used: the notebook's third layer begins at zero."""
        first, second, _ = states
        x = self.embedding(x)
        skip = self.fc_skip(x)
        hidden, first = self.lstm1(x, first)
        hidden = self.dropout(hidden + skip)
        skip = hidden
        hidden, second = self.lstm2(hidden, second)
        hidden = self.dropout(hidden + skip)
        skip = hidden
        hidden, third = self.lstm3(hidden)
        hidden = self.dropout(hidden + skip)
        return self.fc(hidden), (first, second, third)


class Seq2Seq(nn.Module):
    def __init__(self, source_vocabulary, target_vocabulary, embed_size, hidden_size, dropout):
        super().__init__()
        self.encoder = Encoder(source_vocabulary, embed_size, hidden_size, dropout)
        self.decoder = Decoder(target_vocabulary, embed_size, hidden_size, dropout)

    def forward(self, source, target):
        hidden = torch.stack(self.encoder(source), dim=0).unsqueeze(1)
        return self.decoder(target, zip(hidden, torch.zeros_like(hidden)))[0]


def loss_of(model, source, target_in, target_out):
    logits = model(source, target_in)
    return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target_out.ravel(), ignore_index=PAD)
