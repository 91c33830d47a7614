"""Training curves: whatever columns there are, grouped by what they measure."""

import pytest

from jetgen.errors import InputError
from jetgen.reports.figures.training_curves import training_curves, training_panels


def test_training_and_validation_share_a_panel(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(
        "epoch,beta,train_total,validation_total,train_kl,jets_per_second,train_empty\n"
        "1,0.1,5,6,1,900,\n2,0.2,4,,2,950,\n"
    )
    figure = training_curves(training_panels(path))
    panels = {axes.get_ylabel(): axes for axes in figure.axes if axes.get_visible()}
    assert set(panels) == {"total", "kl", "beta", "speed [jets / s]"}
    assert [line.get_label() for line in panels["total"].get_lines()] == ["train", "validation"]
    assert panels["total"].get_lines()[0].get_xydata().tolist() == [[1, 5], [2, 4]]


def test_stages_do_not_run_into_each_other(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(
        "stage,epoch,train_total,validation_total,train_nll,seconds\nautoencoder,1,5,6,,1\n"
        "autoencoder,2,4,5,,2\nprior,1,9,8,9,3\nprior,2,8,7,8,4\n"
    )
    panels = {axes.get_ylabel(): axes for axes in training_curves(training_panels(path)).axes}
    assert panels["total"].get_lines()[0].get_xydata().tolist() == [[1, 5], [2, 4]]
    assert panels["total (prior)"].get_lines()[0].get_xydata().tolist() == [[1, 9], [2, 8]]
    assert panels["total (prior)"].get_lines()[1].get_xydata().tolist() == [[1, 8], [2, 7]]
    assert panels["nll"].get_lines()[0].get_xydata().tolist() == [[1, 9], [2, 8]]
    labels = [line.get_label() for line in panels["time [s]"].get_lines()]
    assert labels == ["autoencoder", "prior"]


def test_rounding_errors_appear_constant_and_epochs_are_whole(tmp_path):
    path = tmp_path / "metrics.csv"
    rows = "".join(f"{epoch},{1 - epoch * 1e-6}\n" for epoch in range(1, 16))
    path.write_text(f"epoch,validation_particle_share\n{rows}")
    (axes,) = training_curves(training_panels(path)).axes
    low, high = axes.get_ylim()
    assert low < 0.995 and high > 1.005
    assert all(tick == round(tick) for tick in axes.get_xticks())


@pytest.mark.parametrize("text", ["", "epoch,a\n", "a,b\n1,2\n", "epoch,a\n1,x\n"])
def test_a_foreign_file_is_refused(tmp_path, text):
    path = tmp_path / "metrics.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"metrics\.csv: expected"):
        training_curves(training_panels(path))


def test_a_column_with_gaps_is_one_line(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,train_total,monitor_w1m\n1,5,0.3\n2,4,\n3,3,0.2\n")
    panels = {axes.get_ylabel(): axes for axes in training_curves(training_panels(path)).axes}
    assert panels["monitor w1m"].get_lines()[0].get_xydata().tolist() == [[1, 0.3], [3, 0.2]]
