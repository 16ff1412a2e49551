"""The configuration: TOML and back, overrides, and errors that name the nearest key."""

from dataclasses import replace

import pytest
from reportsup.schemas import ConfigError, InputError
from reportsup.segmentation.training.config import TrainingConfig, config_difference, load_config, write_config
from reportsup.segmentation.training.schedule import learning_rate, stage_of


def test_toml_round_trip(tmp_path):
    config = TrainingConfig(
        patch_size=(32, 32, 16), network="UNet", network_args={"channels": [4, 8], "act": "relu"}, organs=("liver",)
    )
    write_config(config, tmp_path / "c.toml")
    assert load_config(tmp_path / "c.toml") == config


def test_overrides_win_over_the_file_and_keywords_over_both(tmp_path):
    (tmp_path / "c.toml").write_text("[train]\nbatch_size = 3\nseed = 4\n[extract]\nworkers = 9\n")
    config = load_config(
        tmp_path / "c.toml", ["seed=5", "network_args.init_filters=8", "schedule=cosine"], seed=6, use_reports=None
    )
    assert (config.batch_size, config.seed, config.schedule) == (3, 6, "cosine")
    assert config.network_args == {"init_filters": 8}
    assert config.use_reports


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("bach_size=3", "nearest: 'batch_size'"),
        ("batch_size=0", "batch_size = 0"),
        ("batch_size=many", "batch_size = 'many'"),
        ("schedule=step", "schedule"),
        ("patch_size=[32,32]", "patch_size"),
        ("batch_size", "key=value"),
    ],
)
def test_what_cannot_be_meant_is_refused(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=[override])


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        load_config(tmp_path / "missing.toml")
    (tmp_path / "loose.toml").write_text("batch_size = 3\n")
    with pytest.raises(ConfigError, match="outside a table"):
        load_config(tmp_path / "loose.toml")
    (tmp_path / "broken.toml").write_text("[train\n")
    with pytest.raises(ConfigError, match="vs TOML"):
        load_config(tmp_path / "broken.toml")


def test_difference_leaves_out_what_does_not_touch_the_weights():
    config = TrainingConfig()
    assert config_difference(config, replace(config, workers=3, log_every=7)) == []
    assert config_difference(config, replace(config, seed=1)) == ["seed: 0 -> 1"]


def test_each_stage_warms_up_and_decays():
    config = TrainingConfig(mask_steps=100, report_steps=50, warmup_steps=10, learning_rate=1e-2)
    rates = [learning_rate(step, config) for step in range(150)]
    assert rates[9] == max(rates) == pytest.approx(1e-2)
    assert rates[99] < 2e-4
    assert rates[109] == pytest.approx(config.report_learning_rate)
    assert min(rates) > 0
    assert stage_of(99, config) == (1, 99, 100)
    assert stage_of(100, config) == (2, 0, 50)
