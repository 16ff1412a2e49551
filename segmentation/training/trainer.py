"""The training loop: two stages, checkpoints that survive a kill, and a stop that names the cases when it diverges.

A resumed run is the straight run: crops follow from (seed, stage, step), the learning rate and torch's seed from the
step, and everything else is in the checkpoint. On a CPU the weights are equal bit by bit.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, gather_object
from torch import Tensor, nn

from ...schemas.atomic import write_text
from ...schemas.errors import ConfigError, TrainingError
from ..losses import ReportSupervisionLoss
from ..precision import device_precision
from ..preprocessing.plan import Plan
from .accumulation import backward
from .checkpoint import load_checkpoint, save_checkpoint
from .config import TrainingConfig
from .crops import TrainingCase
from .dataset import Batch, CropDataset, batches, crop_rules, make_samplers, seen_at_scale, sort_cases
from .devices import CheckpointClock, crop_workers, memory_format, suited
from .diagnostics import describe, diagnose
from .ema import averaged
from .initial_run import load_initial_run
from .model_card import write_model_card
from .networks import build_network, check_patch
from .outside_weights import load_outside_weights
from .progress import draw_progress
from .pseudo_mask_pictures import crops_to_show, draw_pseudo_masks
from .run_folder import RunFolder, open_run, training
from .schedule import learning_rate, stage_of
from .sizes import fitting_passes
from .validation import fixed_subset, summarise, validate_case, validation_cases

logger = logging.getLogger(__name__)

Record = dict[str, Any]
RANKS_WAIT = timedelta(hours=2)
DIVERGED = 20.0  # mean loss since the last log, times the lowest such mean so far


@dataclass(frozen=True)
class TrainingData:
    """The cases of a run: of the splits `train` and `validation`."""

    plan: Plan
    train: Mapping[str, TrainingCase]
    validation: Mapping[str, TrainingCase]


def train(
    path: Path,
    config: TrainingConfig,
    data: TrainingData,
    *,
    network: nn.Module | None = None,
    stop_after: int | None = None,
    report: Callable[[Record], None] = lambda record: None,
) -> RunFolder:
    """Train into a run folder, or go on where it stopped.

    Args:
        path: the run folder; made if it is not there.
        network: a module that returns one or several heads; None = built from the configuration.
        stop_after: leave after this many steps of the run, with a checkpoint (for stages run apart).
        report: called with every record of `metrics.jsonl`, on the main process.

    Raises:
        ConfigError: a batch size that the devices cannot share, a patch that the network cannot take.
        TrainingError: divergence, with the cases of the step; a run folder of other settings, or one that another
            process trains into.
        DataError: no case to train on.
    """
    with training(path):
        trainer = Trainer(path, config, data, network, report)
        trainer.run(config.total_steps if stop_after is None else min(stop_after, config.total_steps))
    return trainer.folder


class Trainer:
    """One run: network, averaged network, optimiser and where they stand."""

    def __init__(
        self,
        path: Path,
        config: TrainingConfig,
        data: TrainingData,
        network: nn.Module | None = None,
        report: Callable[[Record], None] = lambda record: None,
    ) -> None:
        self.config, self.data, self.report = config, data, report
        self.rules = crop_rules(config, data.plan)
        self.pools = sort_cases(data.train, data.plan, self.rules, config.use_reports)
        self.rules = seen_at_scale(self.rules, self.pools.smallest_scale)
        self.samplers = make_samplers(self.pools, config)
        self.accelerator = _accelerator(config, path)
        if config.batch_size % self.accelerator.num_processes:
            raise ConfigError(
                f"batch_size: {config.batch_size} vs a multiple of the {self.accelerator.num_processes} processes. "
                "They could not share a batch. Change batch_size or the number of processes."
            )
        torch.manual_seed(config.seed)
        built = network or build_network(config.network, len(data.plan.channels), config.network_args)
        check_patch(built, config.network, data.plan.patch_size)
        self._initial = self._load_initial(path, built)
        self._taken = self._take_outside_weights(path, built)
        self._validation = fixed_subset(data.validation, config.validation_cases)
        self.passes = self._passes(built)
        built = suited(built, config, self.accelerator.device)
        self._checkpoints = CheckpointClock(config.checkpoint_minutes, self.accelerator)
        if self.accelerator.is_main_process:
            open_run(path, config, data.plan, data.train, data.validation)
        self.accelerator.wait_for_everyone()
        self.folder = RunFolder(path)
        if self._taken and self.accelerator.is_main_process:
            write_text(self.folder.path / "initial_weights.txt", f"{config.initial_weights}: {self._taken}\n")
            logger.info("initial weights: %s", self._taken)
        self.loss = ReportSupervisionLoss(
            config.loss_preset,
            volume_weight=config.volume_weight,
            ball_weight=config.ball_weight,
            cross_entropy_weight=config.cross_entropy_weight,
            positive_weight=config.positive_weight,
            regions_unknown=config.unknown_margin_mm is None,
            over_ranks=self.accelerator.num_processes > 1,
        )
        _warn_of_batch_norm(built, self.accelerator.num_processes)
        optimizer = torch.optim.AdamW(built.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
        self.network, self.optimizer = self.accelerator.prepare(built, optimizer)
        self.average = averaged(self.accelerator.unwrap_model(self.network), config.ema_decay)
        self.step, self.best_score, self.best_step, self.lowest_loss = 0, -math.inf, 0, math.inf
        self._pending: list[tuple[tuple[str, ...], dict[str, Tensor]]] = []
        self._seen: list[Tensor] = []  # of `diagnose`, one for each pending step
        self._clock = time.perf_counter()
        self._start()

    def _take_outside_weights(self, path: Path, network: nn.Module) -> str:
        """What another program's checkpoint gave to the network; nothing for a run that is gone on with."""
        if self.config.initial_weights is None or RunFolder(path).last.exists():
            return ""
        return str(load_outside_weights(network, Path(self.config.initial_weights)))

    def _passes(self, network: nn.Module) -> int:
        """Passes of a batch's share through this device."""
        if self.config.accumulation is not None or self.accelerator.device.type != "cuda":
            return self.config.accumulation or 1
        memory_bytes = torch.cuda.get_device_properties(self.accelerator.device).total_memory
        crops = self.config.batch_size // self.accelerator.num_processes
        half = self.accelerator.mixed_precision != "no"
        return fitting_passes(network, self.data.plan.patch_size, crops, half, memory_bytes)

    def run(self, until: int) -> None:
        """Train up to a step of the run, checkpoint included."""
        while self.step < until:
            stage, at, length = stage_of(self.step, self.config)
            steps = range(at, min(length, at + until - self.step))
            for batch in self._batches(stage, steps):
                self._train_step(batch)
                self._keep_books(until)
        if self.config.tracker != "none":
            self.accelerator.end_training()

    def _batches(self, stage: int, steps: range) -> Iterator[Batch]:
        dataset = CropDataset(
            self.data.train,
            self.data.plan,
            self.rules,
            self.samplers[stage],
            steps,
            rank=self.accelerator.process_index,
            world_size=self.accelerator.num_processes,
            with_reports=self.config.use_reports and (stage > 1 or not len(self.pools.masks)),
        )
        cuda = self.accelerator.device.type == "cuda"
        for batch in batches(dataset, workers=crop_workers(self.config, self.accelerator), pin=cuda):
            yield batch.to(self.accelerator.device, memory_format(self.accelerator.device))

    def _train_step(self, batch: Batch) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        self.network.train()
        seed = _step_seed(self.config.seed, self.step, self.accelerator.process_index)
        logits, parts = backward(self.accelerator, self.network, self.loss, batch, seed, self.passes)
        norm = self.accelerator.clip_grad_norm_(self.network.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update_parameters(self.accelerator.unwrap_model(self.network))
        values = {name: value.detach() for name, value in parts.items()}
        if norm is not None:
            values["gradient_norm"] = torch.as_tensor(norm).detach()
        self._pending.append((batch.case_ids, values))
        self._seen.append(diagnose(logits, batch, len(self.data.plan.channels)))
        self.step += 1

    def _keep_books(self, until: int) -> None:
        config, last = self.config, self.step == until
        validate = self.step % config.validate_every == 0 or self.step == config.total_steps
        log = self.step % config.log_every == 0
        save = last or validate or (config.checkpoint_every is not None and self.step % config.checkpoint_every == 0)
        save = save or (log and self._checkpoints.is_due())
        if log or save:
            self._log_losses()
        if validate:
            self._validate()
        if save:
            self._save()
            self._checkpoints.reset()

    def _log_losses(self) -> None:
        """Look at the losses since the last time, all at once: one wait for the device instead of one per step."""
        if not self._pending:
            return
        names = list(self._pending[0][1])
        table = torch.stack([torch.stack([values[n].float() for n in names]) for _, values in self._pending])
        table = self.accelerator.reduce(table, reduction="mean").cpu()  # (steps, names)
        self._stop_if_diverged(names, table)
        means = dict(zip(names, table.double().mean(dim=0).tolist(), strict=True))
        self.lowest_loss = min(self.lowest_loss, means["loss"])
        now = time.perf_counter()
        seconds = (now - self._clock) / len(self._pending)
        seen = self.accelerator.reduce(torch.stack(self._seen).sum(0), reduction="sum")
        told = describe(seen, [channel.organ for channel in self.data.plan.channels])
        self._clock, self._pending, self._seen = now, [], []
        stage = stage_of(self.step - 1, self.config)[0]
        rate = learning_rate(self.step - 1, self.config)
        self._record(
            {"kind": "train", "stage": stage, "rate": rate, **means, **told, "seconds_per_step": round(seconds, 4)}
        )

    def _stop_if_diverged(self, names: list[str], table: Tensor) -> None:
        watched = table[:, names.index("loss")].clone()
        if "gradient_norm" in names and self.config.precision != "fp16" and self.accelerator.scaler is None:
            watched = watched + 0 * table[:, names.index("gradient_norm")]  # inf or NaN in either makes it NaN
        broken = (~torch.isfinite(watched)).nonzero().flatten().tolist()
        # One bad crop may cost as much; divergence lasts.
        if not broken and float(watched.mean()) <= DIVERGED * max(self.lowest_loss, 0.1):
            return
        place = broken[0] if broken else int(watched.argmax())
        case_ids = sorted(set(gather_object(list(self._pending[place][0]))))
        loss = float(table[place, names.index("loss")])
        step = self.step - len(self._pending) + place + 1
        raise TrainingError(
            f"training diverged at step {step}: loss {loss:.4g} vs a finite value near {self.lowest_loss:.4g}, on "
            f"cases {', '.join(case_ids)}. The weights are useless from here on; the run folder keeps those of its "
            "last checkpoint. Check these cases (`reportsup check`), or lower learning_rate in a new run folder."
        )

    def _validate(self) -> None:
        if not self.data.validation:
            return
        started, network = time.perf_counter(), self.average.module
        mine = validation_cases(self._validation, self.accelerator.process_index, self.accelerator.num_processes)
        results = [
            result
            for case in mine
            for result in validate_case(
                network,
                case,
                self.data.plan,
                overlap=self.config.validation_overlap,
                device=self.accelerator.device,
                precision=self.config.precision,
            )
        ]
        self._draw_pseudo_masks()
        summary = summarise(gather_object(results))
        stage = stage_of(self.step - 1, self.config)[0]
        cost = {"validated_cases": len(self._validation), "validation_seconds": round(time.perf_counter() - started, 1)}
        self._record({"kind": "validation", "stage": stage, **summary, **cost})
        if summary.get("score", -math.inf) > self.best_score:
            self.best_score, self.best_step = summary["score"], self.step
            self._save_average()
        self._clock = time.perf_counter()

    def _draw_pseudo_masks(self) -> None:
        """Where the averaged network puts the reported lesions of some crops, once reports are trained on."""
        stage = stage_of(self.step - 1, self.config)[0]
        if stage == 1 or not len(self.pools.reports) or not self.accelerator.is_main_process:
            return
        data, sampler = self.data, self.samplers[2]
        crops = crops_to_show(data.train, data.plan, self.rules, sampler)
        network, options = self.average.module, self.loss.options.ball
        draw_pseudo_masks(self.folder, network, crops, data.plan, options, self.accelerator.device)

    def _save_average(self) -> None:
        if self.accelerator.is_main_process:
            state = {"step": self.step, "score": self.best_score, "network": self.average.module.state_dict()}
            save_checkpoint(self.folder.best, state)

    def _save(self) -> None:
        if not self.accelerator.is_main_process:
            return
        scaler = self.accelerator.scaler
        save_checkpoint(
            self.folder.last,
            {
                "step": self.step,
                "network": self.accelerator.unwrap_model(self.network).state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": {} if scaler is None else scaler.state_dict(),
                "best_score": self.best_score,
                "best_step": self.best_step,
                "lowest_loss": self.lowest_loss,
            },
        )
        draw_progress(self.folder)
        write_model_card(self.folder, self.config, self.data.plan, self.pools)

    def _start(self) -> None:
        """Go on from the last checkpoint, else from another run's weights, else from nothing."""
        if self.folder.last.exists():
            self._resume()
        elif self._initial is not None:
            self.accelerator.unwrap_model(self.network).load_state_dict(self._initial["network"])
            self.average.load_state_dict(self._initial["average"])
        self._initial = None
        if self.accelerator.is_main_process:
            self.folder.drop_records_after(self.step)
        self.accelerator.wait_for_everyone()

    def _load_initial(self, path: Path, built: nn.Module) -> dict[str, Any] | None:
        """The other run's weights, before a folder is made; a run that is gone on with has its own."""
        if self.config.initial_run is None or RunFolder(path).last.exists():
            return None
        return load_initial_run(Path(self.config.initial_run), self.config, self.data.plan, built)

    def _resume(self) -> None:
        state = load_checkpoint(self.folder.last, self.accelerator.device)
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.accelerator.scaler is not None and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.step, self.lowest_loss = int(state["step"]), float(state["lowest_loss"])
        self.best_score, self.best_step = float(state["best_score"]), int(state["best_step"])

    def _record(self, record: Record) -> None:
        if not self.accelerator.is_main_process:
            return
        record = {"step": self.step, **record}
        self.folder.append(record)
        self.report(record)
        if self.config.tracker != "none":
            numbers = {key: value for key, value in record.items() if isinstance(value, int | float)}
            self.accelerator.log(numbers, step=self.step)


def _accelerator(config: TrainingConfig, path: Path) -> Accelerator:
    cuda = torch.cuda.is_available()
    precision = device_precision(config.precision)
    tracker = None if config.tracker == "none" else config.tracker
    try:
        # Ranks wait for each other at validation, whose cases differ in size: longer than the ten minutes of NCCL.
        patience = InitProcessGroupKwargs(timeout=RANKS_WAIT)
        accelerator = Accelerator(
            mixed_precision=precision, log_with=tracker, project_dir=str(path), cpu=not cuda, kwargs_handlers=[patience]
        )
        if tracker:
            accelerator.init_trackers("reportsup")
    except (ValueError, ImportError) as error:
        raise ConfigError(
            f"precision {config.precision}, tracker {config.tracker}: {error} vs what this machine has. "
            "Nothing was started. Install the tracker, or use --set precision=auto --set tracker=none."
        ) from error
    return accelerator


def _warn_of_batch_norm(network: nn.Module, ranks: int) -> None:
    if ranks > 1 and any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        logger.warning(
            "network: batch norm vs instance or group norm on %d ranks. Each rank normalises by its own crops, so that "
            "the run is not the one that a single rank would make. Choose another norm in network_args.",
            ranks,
        )


def _step_seed(seed: int, step: int, rank: int) -> int:
    """Seed of what the network itself draws (dropout) in one step."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])
