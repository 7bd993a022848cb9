"""What each honest worker sends: SGD, BatchSGD, SAGA, SVRG and SARAH.

g_i(w) is the gradient on the drawn batch plus weight_decay w, everywhere. A method is asked for the server steps of a
step one after another; whoever asks aggregates and updates the model before asking for the next.
"""

import copy
import random
from dataclasses import dataclass
from typing import Optional

import torch
from torch.utils.data import DataLoader, RandomSampler, Subset


@dataclass
class Sent:
    """One server step: each worker's tensors, batch loss and samples; the last two None where nothing is drawn."""

    messages: list
    losses: Optional[list] = None
    samples: Optional[list] = None
    restart: bool = False


class Worker:
    """A contiguous shard, from which batches are drawn with replacement."""

    def __init__(self, dataset, shard, config):
        self.shard = shard
        self.subset = Subset(dataset, shard)
        sampler = RandomSampler(self.subset, replacement=True, num_samples=config.draws * config.batch)
        self.batches = iter(DataLoader(self.subset, batch_size=config.batch, sampler=sampler))
        self.in_order = DataLoader(self.subset, batch_size=config.batch, shuffle=False)


def shards(size, honest):
    """Worker i has the samples from floor(i size / honest) up to the next worker's first."""
    pieces = [i * size // honest for i in range(honest + 1)]
    return [range(pieces[i], pieces[i + 1]) for i in range(honest)]


def restart_steps(snapshot_interval, steps):
    """The first step of every inner loop of SARAH: 0, then R later, R drawn from 1..snapshot_interval-1 each time.

    The notebook restarted when the step was a multiple of the last R, which is R steps later only by accident.
    """
    found = [0]
    while found[-1] < steps:
        found.append(found[-1] + random.randint(1, snapshot_interval - 1))
    return found[:-1]


class Method:
    """What every method has: the model, the workers and a gradient."""

    def __init__(self, model, task, workers, config, lap):
        self.model, self.task, self.workers, self.config, self.lap = model, task, workers, config, lap

    def gradient(self, model, x, y):
        """Loss on a batch, and its gradient plus weight_decay w, a tensor a parameter."""
        loss = self.task.loss(model(x), y)
        model.zero_grad()
        loss.backward()
        decay = self.config.weight_decay
        return loss.item(), [p.grad.clone().add_(p.detach(), alpha=decay) for p in model.parameters()]

    def full_gradient(self, worker):
        """The gradient over the worker's whole shard plus weight_decay w.

        Batches count by their size. The notebook's SARAH averaged the batches' means, so that a shorter last batch
        counted too much.
        """
        total = [torch.zeros_like(p) for p in self.model.parameters()]
        for x, y, _ in worker.in_order:
            _, batch = self.gradient(self.model, x, y)
            for sum_of, g in zip(total, batch):
                sum_of.add_(g, alpha=len(y) / len(worker.shard))
        return total

    def each_worker(self, message):
        """message(node, x, y, positions) -> (loss, tensors) for every worker's next batch."""
        sent = Sent([], [], [])
        for node, worker in enumerate(self.workers):
            x, y, positions = next(worker.batches)
            self.lap("data")
            loss, tensors = message(node, x, y, positions.tolist())
            self.lap("gradients")
            sent.losses.append(loss)
            sent.messages.append(tensors)
            sent.samples.append(positions.tolist())
        return sent


class SGD(Method):
    """Sends g_i(w). BatchSGD is the same with a larger batch and step; CentralSGD is one worker with every sample.

    The notebook's CentralSGD took weight_decay w off the parameters after the step, unscaled by gamma; here it is
    part of the gradient, as for the workers.
    """

    def server_steps(self, step):
        yield self.each_worker(lambda node, x, y, _: self.gradient(self.model, x, y))


class SAGA(Method):
    """Sends the mean over the batch of g_i(w) - table_i, plus the node's average; then stores.

    Defazio et al., "SAGA", 2014. Per step and worker:
      1. new_i = g_i(w) for every sample of the batch, one sample a time;
      2. message = mean of (new_i - table_i) + average, all as they stood before the step;
      3. average += (new_i - table_i)/J and table_i = new_i, once for each sample, however often the batch has it.
    The server steps once all workers have sent; the notebook stepped after each worker. The notebook draws one sample
    a step, --batch 1. Its table starts at the gradients at the first parameters (--saga-initial gradient), without
    weight decay, which its later entries have; here they all have it. --saga-initial zero starts at 0.
    """

    def __init__(self, *given):
        super().__init__(*given)
        self.zero = [torch.zeros_like(p) for p in self.model.parameters()]
        self.averages = [[z.clone() for z in self.zero] for _ in self.workers]
        self.table = {}
        if self.config.saga_initial == "gradient":
            self.fill_table()

    def fill_table(self):
        for average, worker in zip(self.averages, self.workers):
            for x, y, positions in DataLoader(worker.subset, batch_size=1):
                _, g = self.gradient(self.model, x, y)
                self.table[positions.item()] = g
                for mean, tensor in zip(average, g):
                    mean.add_(tensor, alpha=1 / len(worker.shard))

    def message(self, node, x, y, positions):
        pairs = [self.gradient(self.model, x[i:i + 1], y[i:i + 1]) for i in range(len(positions))]
        apart = [[new - old for new, old in zip(g, self.table.get(position, self.zero))]
                 for (_, g), position in zip(pairs, positions)]
        average = self.averages[node]
        sent = [sum(tensors) / len(positions) + mean for tensors, mean in zip(zip(*apart), average)]
        stored = {position: (g, d) for position, (_, g), d in zip(positions, pairs, apart)}
        for position, (g, difference) in stored.items():
            self.table[position] = g
            for mean, tensor in zip(average, difference):
                mean.add_(tensor, alpha=1 / len(self.workers[node].shard))
        return sum(loss for loss, _ in pairs) / len(pairs), sent

    def server_steps(self, step):
        yield self.each_worker(self.message)


class SVRG(Method):
    """Sends g_i(w) - g_i(snapshot) + full(snapshot).

    Johnson and Zhang, "Accelerating Stochastic Gradient Descent using Predictive Variance Reduction", 2013. At steps
    0, snapshot_interval, 2 snapshot_interval, ... counted over all rounds, first snapshot = w and each worker's
    full(snapshot) is taken over its shard; no step of its own is taken for it.
    """

    def __init__(self, *given):
        super().__init__(*given)
        self.snapshot, self.full = copy.deepcopy(self.model), None

    def message(self, node, x, y, _):
        loss, here = self.gradient(self.model, x, y)
        _, there = self.gradient(self.snapshot, x, y)
        return loss, [g - old + full for g, old, full in zip(here, there, self.full[node])]

    def server_steps(self, step):
        if step % self.config.snapshot_interval == 0:
            self.full = [self.full_gradient(worker) for worker in self.workers]
            self.snapshot.load_state_dict(self.model.state_dict())
        yield self.each_worker(self.message)


class SARAH(Method):
    """Sends v, where v += g_i(w) - g_i(w before the last update).

    Nguyen et al., "SARAH", 2017. At a restart, first: v = the worker's full gradient at w, v is sent and the server
    takes a step of its own with it. Then, at every step: a batch is drawn, v += g_i(w) - g_i(previous w), v is sent.
    CentralSARAH is one worker with every sample.
    """

    def __init__(self, *given):
        super().__init__(*given)
        self.previous, self.v = copy.deepcopy(self.model), None
        self.restarts = restart_steps(self.config.snapshot_interval, self.config.draws)

    def message(self, node, x, y, _):
        loss, here = self.gradient(self.model, x, y)
        _, before = self.gradient(self.previous, x, y)
        for v, g, old in zip(self.v[node], here, before):
            v.add_(g).sub_(old)
        return loss, self.v[node]

    def server_steps(self, step):
        if step in self.restarts:
            self.v = [self.full_gradient(worker) for worker in self.workers]
            self.previous.load_state_dict(self.model.state_dict())
            yield Sent(self.v, restart=True)
        sent = self.each_worker(self.message)
        self.previous.load_state_dict(self.model.state_dict())
        yield sent


METHODS = {"CentralSGD": SGD, "CentralSARAH": SARAH, "SGD": SGD, "BatchSGD": SGD, "SAGA": SAGA, "SVRG": SVRG,
           "SARAH": SARAH}
CENTRAL = ("CentralSGD", "CentralSARAH")
