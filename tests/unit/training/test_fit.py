"""A whole training, and its resumption."""


def test_training_leaves_its_files(trained):
    _, folder = trained
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.ckpt",
        "last.ckpt",
        "metrics.csv",
        "model.safetensors",
        "model.yaml",
    ]
